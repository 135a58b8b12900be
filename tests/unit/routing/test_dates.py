"""For which time the look-up asks (5.5.14)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.appointments.history import OPEN
from dip.ground.clock import microseconds
from dip.messages.identifiers import DipId, RoleCode
from dip.routing.dates import Span, at, periods_of, span, spans_of
from dip.routing.look_up import Holding

CHANGE = datetime(2024, 9, 30, 23, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def held(start: datetime | None, end: datetime | None) -> Holding:
    return Holding(
        RoleCode("SUP"),
        DipId("2300000001"),
        microseconds(start) if start else 0,
        microseconds(end) if end else OPEN * 1_000_000,
    )


OLD, NEW = held(None, CHANGE), held(CHANGE, None)


@pytest.mark.parametrize(
    ("moment", "covers", "old", "new"),
    [
        (CHANGE - TICK, "instant", True, False),
        (CHANGE, "instant", False, True),
        (CHANGE, "day", True, True),
        (CHANGE - timedelta(hours=22), "day", True, True),
        (CHANGE + timedelta(hours=1), "day", False, True),
        (CHANGE - timedelta(days=1), "day", True, False),
        (CHANGE, "boundary", True, True),
        (CHANGE - TICK, "boundary", True, False),
        (CHANGE + TICK, "boundary", False, True),
    ],
)
@pytest.mark.requirement("FS-35")
def test_what_a_date_covers(moment: datetime, covers: str, old: bool, new: bool) -> None:
    asked = span(moment, covers)
    assert (OLD.meets([asked]), NEW.meets([asked])) == (old, new)


def test_a_day_is_the_utc_day_whatever_the_offset_it_is_written_with() -> None:
    local = datetime.fromisoformat("2024-10-01T00:30:00+01:00")
    assert span(local, "day") == span(datetime(2024, 9, 30, tzinfo=UTC), "day")


def test_an_open_appointment_holds_for_ever_from_its_start() -> None:
    assert NEW.meets([at(datetime(2300, 1, 1, tzinfo=UTC))])
    assert not NEW.meets([at(CHANGE - TICK)])


@given(st.integers(0, 100), st.integers(1, 100), st.integers(0, 200), st.integers(0, 50))
def test_a_span_meets_whoever_holds_at_any_of_its_microseconds(start: int, long: int, first: int, more: int) -> None:
    appointment = Holding(RoleCode("SUP"), DipId("2300000001"), start, start + long)
    asked = Span(first, first + more)
    meets = any(start <= tick < start + long for tick in range(first, first + more + 1))
    assert appointment.meets([asked]) == meets


def test_spans_are_the_union_without_repeats_or_what_is_no_time() -> None:
    day, other = "2024-10-01T00:00:00+00:00", "2024-10-02T00:00:00+00:00"
    spans = spans_of([day, other, day, "soon", None, 7], "day")
    assert [one.first for one in spans] == [
        microseconds(datetime(2024, 10, 1, tzinfo=UTC)),
        microseconds(datetime(2024, 10, 2, tzinfo=UTC)),
    ]


@pytest.mark.requirement("FS-35")
def test_a_period_holds_every_day_from_its_first_to_its_last() -> None:
    first, last = "2024-09-01T00:00:00+00:00", "2024-09-30T00:00:00+00:00"
    (whole,) = periods_of([(first, last)], "day")
    assert whole == Span(
        microseconds(datetime(2024, 9, 1, tzinfo=UTC)), microseconds(datetime(2024, 10, 1, tzinfo=UTC)) - 1
    )
    assert periods_of([(last, first)], "day") == (whole,)


def test_a_period_with_one_end_is_that_day_and_one_without_any_is_none() -> None:
    day = "2024-09-01T00:00:00+00:00"
    assert periods_of([(day, None), (None, day), (None, None), (5, "soon")], "day") == spans_of([day], "day")
