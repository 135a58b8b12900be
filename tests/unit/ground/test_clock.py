"""Three clocks, and the store's form of a moment."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.ground.clock import Clock, microseconds, moment
from dip.ground.errors import DipError, StoreUnavailable

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(MOMENTS)
def test_a_moment_survives_the_store_to_the_microsecond(at: datetime) -> None:
    assert moment(microseconds(at)) == at


@given(MOMENTS, MOMENTS)
def test_the_stores_form_sorts_like_the_moments(first: datetime, second: datetime) -> None:
    assert (microseconds(first) < microseconds(second)) == (first < second)


def test_business_time_is_the_wall_clock_and_the_offset() -> None:
    clock = Clock(timedelta(days=14))
    before = clock.wall()
    now = clock.now()
    assert timedelta(days=14) <= now - before < timedelta(days=14, seconds=5)
    assert now.tzinfo is UTC


def test_the_monotonic_clock_goes_forward() -> None:
    clock = Clock()
    assert clock.monotonic() <= clock.monotonic()


def test_an_error_without_words_says_what_its_class_says() -> None:
    assert StoreUnavailable().message.startswith("The store can't write")
    assert StoreUnavailable("other words").message == "other words"
    with pytest.raises(DipError):
        raise StoreUnavailable
