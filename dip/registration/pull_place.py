"""How far a pull is: what is committed with its rows, so that it goes on there (FS-35)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Self

import msgspec

from dip.registration.rows import RowFault
from dip.store.appointments import Run

OVERTAKEN: Final = "a message that came later says otherwise"
"""Why a row was rejected that a service read before a message changed the same role of the MPAN."""
NOBODY: Final = -1
"""In the place of an MPAN, before all of them."""
_REASONS: Final = 100
"""Most reasons that are counted one by one."""


class PullPlace(msgspec.Struct, frozen=True, omit_defaults=True):
    """cursor: of the page that comes next. last: the MPAN before it; none is kept when all pages are there.

    seconds: that the pull has taken so far.

    reasons: how many rows were rejected for each; where they are many, those further are counted by their first word.
    """

    cursor: str | None = None
    last: int = NOBODY
    mpans: int = 0
    seconds: float = 0.0
    reasons: Mapping[str, int] = {}

    @classmethod
    def of(cls, run: Run) -> Self:
        """Where a run of a pull is; at its beginning, where nothing is written."""
        try:
            return msgspec.json.decode(run.place or "{}", type=cls)
        except msgspec.DecodeError:
            return cls()

    def written(self) -> str:
        """The form in which a run keeps it."""
        return msgspec.json.encode(self).decode()


def counted(reasons: Mapping[str, int], faults: Iterable[RowFault]) -> Mapping[str, int]:
    """The reasons with those of further rows."""
    found = Counter(reasons)
    for fault in faults:
        is_counted = fault.reason in found or len(found) < _REASONS
        found[fault.reason if is_counted else f"{fault.reason.partition(':')[0]}: for other reasons"] += 1
    return dict(found)
