"""Appointments as CSV: mpan,role,dip_id,effective_from,effective_to; `to` is exclusive, empty means open."""

import re
from datetime import UTC, datetime
from typing import Final

import msgspec

from dip.appointments.history import OPEN, YEAR_1
from dip.appointments.packing import Holders, Packable
from dip.messages.identifiers import DipId, RoleCode
from dip.messages.timestamps import moment_of
from dip.registration.reading import RolesOf
from dip.store.holders import TooManyHolders

COLUMNS: Final = ("mpan", "role", "dip_id", "effective_from", "effective_to")
LONGEST_LINE: Final = 4096
"""Bytes of a line, without its end; a longer one is rejected."""
_MPAN_DIGITS: Final = 13
_DIP_ID: Final = re.compile("[0-9]{10}", re.ASCII)
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2})?", re.ASCII)
_LAST: Final = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
"""Seconds since 1970: the last moment that can be written."""
_ROLE: Final = re.compile("[A-Z0-9]{1,5}", re.ASCII)
_UNREADABLE: Final = "\ufffd"
"""Stands where a byte was no UTF-8."""
_KEPT: Final = 100_000
"""Dates and holders that a reader remembers; a file has some thousands of either."""


class RowFault(msgspec.Struct, frozen=True):
    """A row that was rejected, and why. line: 1 is the head, where there is one. mpan: as it stands there.

    reason: quotes nothing of the row but what has the form of a DIP id or of a role.
    """

    line: int
    mpan: str
    reason: str


class ReadRows(msgspec.Struct):
    """Some lines of a file. lines: how many were read, empty ones included; rows: how many of them were rows."""

    rows: dict[int, list[Packable]]
    faults: list[RowFault]
    lines: int
    count: int


class RowReader:
    """Reads lines to rows by MPAN; the roles of participants are those of the time when it was made.

    A plain date begins at local midnight, when appointments change hands.
    """

    def __init__(self, holders: Holders, roles_of: RolesOf) -> None:
        self._holders = holders
        self._roles_of = roles_of
        self._numbers: dict[tuple[str, str], int] = {}
        self._dates: dict[str, int] = {}

    def read(self, lines: list[str], first: int = 1) -> ReadRows:
        """Read lines without their ends; first: the number of the first of them, 1 where it may be the head."""
        rows: dict[int, list[Packable]] = {}
        faults: list[RowFault] = []
        numbers, dates = self._numbers, self._dates
        count = 0
        for place, line in enumerate(lines, first):
            cells = line.split(",")
            try:
                mpan, role, dip_id, starts, ends = cells
                row = (numbers[role, dip_id], dates[starts], dates[ends] if ends else OPEN)
                number = int(mpan)
                if len(mpan) != _MPAN_DIGITS or not mpan.isascii() or not mpan.isdigit() or row[2] <= row[1]:
                    raise ValueError
            except (KeyError, ValueError):
                if not line.strip() or (place == 1 and _is_head(cells)):
                    continue
                count += 1
                read = self._read(place, line, cells)
                if isinstance(read, RowFault):
                    faults.append(read)
                    continue
                number, row = read
            else:
                count += 1
            mine = rows.get(number)
            if mine is None:
                rows[number] = [row]
            else:
                mine.append(row)
        return ReadRows(rows, faults, len(lines), count)

    def row(
        self, place: int, mpan: str, role: str, dip_id: str, starts_text: str, ends_text: str
    ) -> tuple[int, Packable] | RowFault:
        """One row, or what is wrong with it. place: its number, for the fault."""
        if not (len(mpan) == _MPAN_DIGITS and mpan.isascii() and mpan.isdigit()):
            return RowFault(place, mpan[:_MPAN_DIGITS], "mpan: expected 13 digits")
        roles = self._roles_of(DipId(dip_id))
        if roles is None:
            return RowFault(place, mpan, f"dip_id: {_shown(dip_id, _DIP_ID)} is no participant")
        if role not in roles:
            shown = _shown(role, _ROLE)
            return RowFault(place, mpan, f"role: {dip_id} does not hold {shown}, only {', '.join(roles)}")
        starts = self._date(starts_text)
        if starts is None:
            return RowFault(place, mpan, "effective_from: expected YYYY-MM-DD or 25 characters with an offset")
        ends = self._date(ends_text) if ends_text else OPEN
        if ends is None:
            return RowFault(place, mpan, "effective_to: expected empty, YYYY-MM-DD or 25 characters with an offset")
        if ends <= starts:
            return RowFault(place, mpan, "effective_to: expected a time after effective_from")
        try:
            number = self._holders.number(RoleCode(role), DipId(dip_id))
        except TooManyHolders as refused:
            return RowFault(place, mpan, refused.message)
        if len(self._numbers) < _KEPT:
            self._numbers[role, dip_id] = number
        return int(mpan), (number, starts, ends)

    def _read(self, place: int, line: str, cells: list[str]) -> tuple[int, Packable] | RowFault:
        bare = [cell.strip().strip('"').strip() for cell in cells]
        if len(line) > LONGEST_LINE // 4 and len(line.encode()) > LONGEST_LINE:
            return RowFault(place, bare[0][:_MPAN_DIGITS], f"expected at most {LONGEST_LINE} bytes")
        if _UNREADABLE in line:
            return RowFault(place, bare[0][:_MPAN_DIGITS], "expected UTF-8")
        if len(bare) != len(COLUMNS):
            return RowFault(place, bare[0][:_MPAN_DIGITS], f"expected {len(COLUMNS)} cells, found {len(bare)}")
        return self.row(place, *bare)

    def _date(self, text: str) -> int | None:
        known = self._dates.get(text)
        if known is None:
            moment = moment_of(text) if _DATE.fullmatch(text) else None
            if moment is None:
                return None
            known = int(moment.timestamp())
            if not YEAR_1 <= known <= _LAST:
                return None
            if len(self._dates) < _KEPT:
                self._dates[text] = known
        return known


def _shown(text: str, form: re.Pattern[str]) -> str:
    return repr(text) if form.fullmatch(text) else "what stands there"


def _is_head(cells: list[str]) -> bool:
    return tuple(cell.strip().strip('"\ufeff').strip().lower() for cell in cells) == COLUMNS
