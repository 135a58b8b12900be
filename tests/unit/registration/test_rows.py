"""Rows of appointments: what is read, what is refused and why (5.5.14)."""

from datetime import datetime

import pytest

from dip.appointments.history import OPEN
from dip.messages.identifiers import DipId, RoleCode
from dip.registration.rows import LONGEST_LINE, ReadRows, RowFault, RowReader
from dip.store.holders import TooManyHolders

MPAN = "2000056535971"
HEAD = "mpan,role,dip_id,effective_from,effective_to"
SUPPLIER = DipId("2300000001")
ROLES = {SUPPLIER: (RoleCode("SUP"),), DipId("1200000001"): (RoleCode("MSS"), RoleCode("MSA"))}
GOOD = f"{MPAN},SUP,{SUPPLIER},2024-01-01,"
pytestmark = pytest.mark.requirement("FS-35")


class Numbers:
    """Numbers for holders, in order of appearance; as many as there is room for."""

    def __init__(self, room: int = 100) -> None:
        self.held: list[tuple[RoleCode, DipId]] = []
        self._room = room

    def number(self, role: RoleCode, dip_id: DipId) -> int:
        if (role, dip_id) not in self.held:
            if len(self.held) >= self._room:
                raise TooManyHolders
            self.held.append((role, dip_id))
        return self.held.index((role, dip_id)) + 1

    def named(self, number: int) -> tuple[RoleCode, DipId]:
        return self.held[number - 1]


def read(*lines: str, first: int = 1) -> ReadRows:
    return RowReader(Numbers(), ROLES.get).read(list(lines), first)


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def only_row(line: str) -> tuple[int, int]:
    """Start and end of the one row that a line has."""
    found = read(line)
    assert (found.faults, found.count) == ([], 1)
    ((_, starts, ends),) = found.rows[int(MPAN)]
    return starts, ends


def only_fault(line: str) -> RowFault:
    found = read(line)
    assert (found.rows, found.count, found.lines) == ({}, 1, 1)
    (fault,) = found.faults
    return fault


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2024-01-01", "2024-01-01T00:00:00+00:00"),
        ("2024-07-01", "2024-06-30T23:00:00+00:00"),
        ("2024-03-31", "2024-03-31T00:00:00+00:00"),
        ("2024-04-01", "2024-03-31T23:00:00+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00+00:00"),
        ("2024-07-01T00:00:00+01:00", "2024-06-30T23:00:00+00:00"),
        ("2024-07-01T12:30:15+00:00", "2024-07-01T12:30:15+00:00"),
    ],
)
def test_a_date_begins_at_local_midnight_and_a_time_when_it_says(written: str, moment: str) -> None:
    starts, ends = only_row(f"{MPAN},SUP,{SUPPLIER},{written},")
    assert (starts, ends) == (seconds(moment), OPEN)
    starts, ends = only_row(f"{MPAN},SUP,{SUPPLIER},2020-01-01,{written}")
    assert (starts, ends) == (seconds("2020-01-01T00:00:00+00:00"), seconds(moment))


@pytest.mark.parametrize(
    "line",
    [
        f"{MPAN}, SUP ,{SUPPLIER}, 2024-01-01 , ",
        f'"{MPAN}","SUP","{SUPPLIER}","2024-01-01",""',
        f' "{MPAN}" ,SUP,{SUPPLIER},2024-01-01,\r',
    ],
)
def test_spaces_and_quotes_around_cells_are_no_part_of_them(line: str) -> None:
    assert only_row(line) == only_row(GOOD)


@pytest.mark.parametrize("digits", ["0000000000000", "9999999999999", "2000056535970"])
def test_any_thirteen_digits_are_an_mpan_whatever_their_check_digit(digits: str) -> None:
    assert set(read(GOOD.replace(MPAN, digits)).rows) == {int(digits)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD[1:], "mpan: expected 13 digits"),
        ("1" + GOOD, "mpan: expected 13 digits"),
        (GOOD.replace(MPAN, "200005653597x"), "mpan: expected 13 digits"),
        (GOOD.replace(MPAN, "2000_56535971"), "mpan: expected 13 digits"),
        (GOOD.replace(MPAN, "+200056535971"), "mpan: expected 13 digits"),
        (GOOD.replace(MPAN, "٢٠٠٠٠٥٦٥٣٥٩٧١"), "mpan: expected 13 digits"),
        (f",SUP,{SUPPLIER},2024-01-01,", "mpan: expected 13 digits"),
        (GOOD.replace(SUPPLIER, "2399999999"), "dip_id: '2399999999' is no participant"),
        (GOOD.replace(SUPPLIER, "Zqx Quillmark"), "dip_id: what stands there is no participant"),
        (GOOD.replace("SUP", "MSS"), "role: 2300000001 does not hold 'MSS', only SUP"),
        (GOOD.replace("SUP", "the key is at"), "role: 2300000001 does not hold what stands there, only SUP"),
        (f"{MPAN},SUP,1200000001,2024-01-01,", "role: 1200000001 does not hold 'SUP', only MSS, MSA"),
        (GOOD.replace("2024-01-01", ""), "effective_from: expected"),
        (GOOD.replace("2024-01-01", "2023-02-29"), "effective_from: expected"),
        (GOOD.replace("2024-01-01", "01/01/2024"), "effective_from: expected"),
        (GOOD.replace("2024-01-01", "2024-W01-1"), "effective_from: expected"),
        (GOOD.replace("2024-01-01", "2024-01-01T00:00:00"), "effective_from: expected"),
        (GOOD.replace("2024-01-01", "2024-01-01T00:00:00Z"), "effective_from: expected"),
        (GOOD.replace("2024-01-01", "2024-01-01T00:00:00.00000"), "effective_from: expected"),
        (GOOD.replace("2024-01-01", "0001-01-01T00:00:00+14:00"), "effective_from: expected"),
        (GOOD + "tomorrow", "effective_to: expected empty, YYYY-MM-DD"),
        (GOOD + "9999-12-31T23:59:59-14:00", "effective_to: expected empty, YYYY-MM-DD"),
        (GOOD + "2024-01-01", "effective_to: expected a time after effective_from"),
        (GOOD + "2023-12-31", "effective_to: expected a time after effective_from"),
        (GOOD + ",", "expected 5 cells, found 6"),
        (MPAN, "expected 5 cells, found 1"),
        (GOOD.replace("SUP", "SU\ufffd"), "expected UTF-8"),
        (GOOD + " " * LONGEST_LINE, f"expected at most {LONGEST_LINE} bytes"),
        (GOOD + "\u3000" * (LONGEST_LINE // 3), f"expected at most {LONGEST_LINE} bytes"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(line: str, reason: str) -> None:
    fault = only_fault(line)
    assert fault.reason.startswith(reason)
    assert fault.line == 1
    assert len(fault.mpan) <= len(MPAN)


def test_a_refused_row_is_told_by_its_line_and_mpan_and_the_others_stand() -> None:
    found = read(HEAD, GOOD, "", f"{MPAN},SUP,nobody,2024-01-01,", GOOD.replace(MPAN, "1000000000001"))
    assert set(found.rows) == {int(MPAN), 1_000_000_000_001}
    assert [(fault.line, fault.mpan) for fault in found.faults] == [(4, MPAN)]
    assert (found.count, found.lines) == (3, 5)


@pytest.mark.parametrize(
    "head", [HEAD, "\ufeff" + HEAD, HEAD.upper(), HEAD.replace(",", " , "), '"' + HEAD.replace(",", '","') + '"']
)
def test_a_head_may_stand_in_the_first_line_and_nowhere_else(head: str) -> None:
    found = read(head, GOOD)
    assert (found.faults, found.count, found.lines) == ([], 1, 2)
    assert len(read(GOOD, head).faults) == 1
    assert len(read(head, first=10_001).faults) == 1


def test_rows_of_an_mpan_keep_their_order() -> None:
    ends = ("2027-01-01", "2025-01-01", "")
    found = read(*(f"{MPAN},SUP,{SUPPLIER},2024-01-01,{end}" for end in ends))
    assert [row[2] for row in found.rows[int(MPAN)]] == [
        seconds("2027-01-01T00:00:00+00:00"),
        seconds("2025-01-01T00:00:00+00:00"),
        OPEN,
    ]


def test_a_row_reads_alike_for_the_first_time_and_ever_after() -> None:
    reader = RowReader(Numbers(), ROLES.get)
    lines = [GOOD, f"{MPAN},MSA,1200000001,2024-07-01,2025-07-01T12:00:00+01:00"]
    first = reader.read(lines)
    assert reader.read(lines).rows == first.rows
    assert [number for number, _, _ in first.rows[int(MPAN)]] == [1, 2]


def test_a_holder_for_whom_there_is_no_number_left_is_a_refused_row() -> None:
    reader = RowReader(Numbers(room=1), ROLES.get)
    found = reader.read([GOOD, f"{MPAN},MSS,1200000001,2024-01-01,", GOOD])
    assert [fault.line for fault in found.faults] == [2]
    assert len(found.rows[int(MPAN)]) == 2


def test_the_last_moments_that_can_be_written_are_taken() -> None:
    starts, ends = only_row(f"{MPAN},SUP,{SUPPLIER},0001-01-01,9999-12-31T23:59:59+00:00")
    assert ends == seconds("9999-12-31T23:59:59+00:00")
    assert starts < ends
