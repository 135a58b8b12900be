"""A page of a registration service as rows of the MPAN table (5.5.14, FS-35)."""

from dip.appointments.history import OPEN
from dip.appointments.packing import Holders, Packable
from dip.messages.registration_page import RegistrationPage
from dip.registration.reading import RolesOf
from dip.registration.rows import ReadRows, RowFault, RowReader

_MPAN_DIGITS = 13
_KEPT = 100_000
"""Dates and holders that a reader remembers; a service has some thousands of either."""


class PageReader:
    """Reads pages to rows by MPAN; the roles of participants are those of the time when it was made.

    What it has judged once, a holder or a date, it knows again; everything else is judged as the rows of a file are.
    """

    def __init__(self, holders: Holders, roles_of: RolesOf) -> None:
        self._reader = RowReader(holders, roles_of)
        self._numbers: dict[tuple[str, str], int] = {}
        self._dates: dict[str | None, int] = {None: OPEN}

    def read(self, page: RegistrationPage, first: int) -> ReadRows:
        """The rows of a page, and what is wrong with others. first: the number of its first row, for the faults."""
        rows: dict[int, list[Packable]] = {}
        faults: list[RowFault] = []
        numbers, dates = self._numbers, self._dates
        following = first
        for stated in page.mpans:
            mine: list[Packable] = []
            for place, one in enumerate(stated.appointments, following):
                try:
                    starts, ends = dates[one.effective_from], dates[one.effective_to]
                    row = numbers[one.role, one.dip_id], starts, ends
                    is_good = ends > starts
                except KeyError:
                    is_good = False
                if is_good:
                    mine.append(row)
                    continue
                judged = self._reader.row(
                    place, stated.mpan, one.role, one.dip_id, one.effective_from, one.effective_to or ""
                )
                if isinstance(judged, RowFault):
                    faults.append(judged)
                    continue
                row = judged[1]
                mine.append(row)
                if len(numbers) < _KEPT and len(dates) < _KEPT:
                    numbers[one.role, one.dip_id], dates[one.effective_from], dates[one.effective_to] = row
            following += len(stated.appointments)
            if mine and len(stated.mpan) == _MPAN_DIGITS:
                rows[int(stated.mpan)] = mine
        return ReadRows(rows, faults, 0, following - first)
