"""A search for alarms, as the query of the page or of the administration API states it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from dip.ground.errors import BadRequest
from dip.http.portal.searches import read_search
from dip.store.alarms import AlarmKind

STATES: Final = {"open": True, "cleared": False, "": None}


class AlarmSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for; empty is no condition. recipient: the DIP id that the subject begins with."""

    state: str = ""
    kind: AlarmKind | None = None
    recipient: str = ""
    before: int | None = None
    limit: int

    @property
    def is_open(self) -> bool | None:
        """Whether they are to go on; None: both."""
        return STATES[self.state]

    def conditions(self) -> dict[str, str]:
        """The conditions that are given, by their name in a query."""
        given = {"state": self.state, "kind": self.kind.value if self.kind else "", "recipient": self.recipient}
        return {name: value for name, value in given.items() if value}


def read_alarm_search(query: Mapping[str, str], *, limit: int) -> AlarmSearch:
    """Read a query. Raises BadRequest for a value that can't be one."""
    paging = read_search({name: query.get(name, "") for name in ("next", "limit")}, limit=limit)
    state, kind = query.get("state", ""), query.get("kind", "")
    if state not in STATES:
        raise BadRequest("state is open or cleared; without it both are listed.")
    if kind and kind not in {one.value for one in AlarmKind}:
        raise BadRequest(f"kind is one of {', '.join(AlarmKind)}.")
    return AlarmSearch(
        state=state,
        kind=AlarmKind(kind) if kind else None,
        recipient=query.get("recipient", "").strip(),
        before=paging.before,
        limit=paging.limit,
    )
