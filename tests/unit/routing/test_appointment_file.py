"""Appointments as CSV (contract, Administration API: mpans)."""

from datetime import UTC, datetime

import pytest

from dip.ground.assets import asset
from dip.ground.clock import microseconds
from dip.messages.identifiers import DipId, RoleCode
from dip.messages.timestamps import moment_of
from dip.routing.appointment_file import RowFault, read_rows

HEAD = "mpan,role,dip_id,effective_from,effective_to"
ROW = "2000056535971,SUP,2300000001,2026-01-01,"
ROLES = {DipId("2300000001"): (RoleCode("SUP"),)}


def read(*rows: str, head: str = HEAD) -> list[object]:
    return list(read_rows([head + "\n", *(row + "\n" for row in rows)], ROLES.get))


def test_a_row_is_an_appointment() -> None:
    (found,) = read("2000056535971,SUP,2300000001,2026-01-01,2026-07-01")
    assert isinstance(found, tuple)
    mpan, appointment = found
    assert mpan == "2000056535971"
    assert (appointment.role, appointment.dip_id) == ("SUP", "2300000001")
    assert appointment.effective_from == microseconds(datetime(2026, 1, 1, tzinfo=UTC))
    assert appointment.effective_to == microseconds(datetime(2026, 6, 30, 23, tzinfo=UTC))


def test_any_thirteen_digits_are_an_mpan() -> None:
    (found,) = read(ROW.replace("2000056535971", "0000000000000"))
    assert isinstance(found, tuple)


@pytest.mark.parametrize(
    ("row", "part"),
    [
        (ROW.replace("2000056535971", "200005653597"), "mpan"),
        (ROW.replace("2000056535971", "20000565359７1"), "mpan"),
        (ROW.replace("2300000001", "2399999999"), "dip_id"),
        (ROW.replace("SUP", "REGS"), "role"),
        (ROW.replace("2026-01-01", "2026-13-01"), "effective_from"),
        (ROW.replace("2026-01-01", ""), "effective_from"),
        (ROW.replace("2026-01-01", "2026-01-01T00:00:00"), "effective_from"),
        (ROW + "tomorrow", "effective_to"),
        (ROW + "2026-01-01", "after effective_from"),
        (ROW + "2025-01-01", "after effective_from"),
        (ROW + ",", "5 cells"),
        ("2000056535971", "5 cells"),
    ],
)
def test_a_bad_row_says_what_is_wrong_and_its_line(row: str, part: str) -> None:
    good, bad, after = read(ROW, row, ROW)
    assert isinstance(good, tuple)
    assert isinstance(after, tuple)
    assert isinstance(bad, RowFault)
    assert bad.line == 3
    assert part in bad.reason


@pytest.mark.parametrize("head", ["", "mpan;role", "role,mpan,dip_id,effective_from,effective_to"])
def test_without_its_head_nothing_is_read(head: str) -> None:
    (fault,) = read(ROW, head=head)
    assert isinstance(fault, RowFault)
    assert fault.line == 1


def test_empty_lines_and_blanks_do_no_harm() -> None:
    found = read("", ROW.replace(",", " , "), "")
    assert len(found) == 1
    assert isinstance(found[0], tuple)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01", "2026-01-01T00:00:00+00:00"),
        ("2026-07-01", "2026-06-30T23:00:00+00:00"),
        ("2026-07-01T00:00:00+00:00", "2026-07-01T00:00:00+00:00"),
        ("2026-07-01T00:00:00+01:00", "2026-06-30T23:00:00+00:00"),
    ],
)
def test_a_date_begins_at_local_midnight_and_a_time_where_it_says(text: str, expected: str) -> None:
    assert moment_of(text) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["", "2026-02-30", "20260101", "01/01/2026", "2026-07-01T00:00:00Z", "now"])
def test_anything_else_is_no_moment(text: str) -> None:
    assert moment_of(text) is None


@pytest.mark.requirement("FS-35")
def test_the_seeds_have_twenty_mpans_with_check_digits_and_changes_of_hands() -> None:
    weights = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
    with (asset("data/seed") / "mpans.csv").open(encoding="utf-8") as lines:
        rows = list(read_rows(lines, lambda _: [RoleCode(row) for row in ALL_ROLES]))
    appointments = [row for row in rows if isinstance(row, tuple)]
    assert len(appointments) == len(rows)
    mpans = {mpan for mpan, _ in appointments}
    assert len(mpans) >= 20
    for mpan in mpans:
        total = sum(int(digit) * weight for digit, weight in zip(mpan[:12], weights, strict=True))
        assert total % 11 % 10 == int(mpan[12]), mpan
    assert len([1 for _, one in appointments if one.effective_to is not None]) >= 5


ALL_ROLES = ("SUP", "REGS", "LDSO", "MSS", "MSA", "UMSO", "SDS", "ADS", "UMSDS", "MDR")
