"""Times and durations as pages write them."""

from datetime import datetime, timedelta, timezone

import pytest

from dip.http.portal import wording


@pytest.mark.parametrize(
    ("length", "written"),
    [
        (timedelta(microseconds=430), "0.4 ms"),
        (timedelta(milliseconds=38), "38 ms"),
        (timedelta(seconds=1.24), "1.2 s"),
        (timedelta(minutes=3, seconds=5), "3 min 5 s"),
        (timedelta(hours=2), "2 h"),
        (timedelta(days=14, hours=2, minutes=9), "14 d 2 h"),
    ],
)
def test_a_duration_is_written_in_the_unit_that_fits(length: timedelta, written: str) -> None:
    assert wording.duration(length) == written


def test_times_are_written_in_utc() -> None:
    summer = datetime(2026, 7, 1, 0, 30, 5, 123_456, tzinfo=timezone(timedelta(hours=1)))
    assert wording.date_and_time(summer) == "2026-06-30 23:30:05"
    assert wording.time_of_day(summer) == "23:30:05.123"
    assert wording.date(summer) == "2026-06-30"
