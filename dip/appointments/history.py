"""The appointments of one MPAN in two times: when they hold, and when the DIP came to know of them (5.5.14)."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from dip.messages.identifiers import DipId, RoleCode

YEAR_1: Final = -62_135_596_800
"""The first moment that can be written, in seconds since 1970 UTC."""
LAST: Final = 253_402_300_799
"""The last moment that can be written, in seconds: the end of the year 9999."""
OPEN: Final = (1 << 40) - 1 + YEAR_1
"""The end of an appointment that has none, in seconds; later than every moment."""
STANDS: Final = (1 << 16) - 1
"""In the place of what replaced a row: nothing did."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """A participant holds a role from `starts` to `ends`, in seconds since 1970 UTC, the end exclusive.

    known, replaced: places in the history's `knowledge` of what brought the row and of what replaced it (or STANDS).
    """

    role: RoleCode
    dip_id: DipId
    starts: int
    ends: int
    known: int
    replaced: int = STANDS


def order(row: Row) -> tuple[int, RoleCode, DipId]:
    """The order in which rows stand."""
    return row.starts, row.role, row.dip_id


class Knowledge(msgspec.Struct, frozen=True, gc=False):
    """Something that the DIP came to know: at which microsecond, and from where.

    message: its number in the store, or None. run: the import's number, or None. ends_all: it ended every appointment.
    """

    at: int
    message: int | None = None
    run: int | None = None
    ends_all: bool = False


class History(msgspec.Struct, frozen=True, gc=False):
    """Everything that was ever known of one MPAN's appointments; `past` are the rows that were replaced."""

    knowledge: Sequence[Knowledge] = ()
    rows: Sequence[Row] = ()
    past: Sequence[Row] = ()

    def as_known(self, at: int, message: int | None = None) -> Iterator[Row]:
        """The rows as they were thought to be at a microsecond.

        message: as its routing knew them: of what came at the same microsecond, what was received before it.
        """
        known = [self._was_known(one, at, message) for one in self.knowledge]
        for row in self.rows:
            if known[row.known]:
                yield row
        for row in self.past:
            if known[row.known] and not known[row.replaced]:
                yield row

    @staticmethod
    def _was_known(one: Knowledge, at: int, message: int | None) -> bool:
        if one.at != at or message is None or one.message is None:
            return one.at <= at
        return one.message < message


NOTHING: Final = History()
