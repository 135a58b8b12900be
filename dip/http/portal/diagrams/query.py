"""What a diagram is asked for: a correlation id, an MPAN, a transaction id, a time window; all given have to fit."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from dip.ground.errors import BadRequest
from dip.http.portal.searches import Search, read_search
from dip.http.portal.wording import date_and_time

MARKS: Final = ("correlation", "mpan", "transaction")
TIMES: Final = ("from", "to")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A query that was read. search: by which marks; since: the first moment; until: the first one after."""

    search: Search
    since: datetime | None = None
    until: datetime | None = None

    @property
    def title(self) -> str:
        """What the diagram shows. It travels with files, so it does not name an MPAN."""
        search, words = self.search, []
        if search.transaction:
            words.append(f"Message {search.transaction}")
        elif search.correlation:
            words.append(f"Messages of correlation {search.correlation}")
        elif search.mpan:
            words.append("Messages of one MPAN")
        else:
            words.append("Messages")
        if self.since is not None:
            words.append(f"from {date_and_time(self.since)}")
        if self.until is not None:
            words.append(f"until {date_and_time(self.until)}")
        return " ".join(words)


def typed(query: Mapping[str, str]) -> dict[str, str]:
    """What was given, by name in a query: for a form, and for links to the same."""
    return {name: value for name in (*MARKS, *TIMES) if (value := query.get(name, "").strip())}


def read(query: Mapping[str, str], *, messages: int) -> Asked | None:
    """Read a query; None where it names nothing. messages: how many to find at most. Raises BadRequest."""
    given = typed(query)
    if not given:
        return None
    asked = Asked(
        search=read_search({name: given.get(name, "") for name in MARKS}, limit=messages),
        since=_moment(given, "from"),
        until=_moment(given, "to"),
    )
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise BadRequest("from is before to.")
    return asked


def _moment(given: Mapping[str, str], name: str) -> datetime | None:
    """A time of business time; without an offset it is UTC, which is what a form gives. Raises BadRequest."""
    text = given.get(name)
    if text is None:
        return None
    try:
        # A plus sign that was not escaped reaches us as a space, before the offset.
        found = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise BadRequest(f"{name} is a time such as 2026-03-21T19:05:00+00:00.") from exc
