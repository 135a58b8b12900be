"""A rate for each participant: a second's worth in hand, the rest refused with the time when it is taken."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.messages.identifiers import DipId
from dip.participants.rates import Rate, RateExceeded

ANNA, BERT = DipId("2300000001"), DipId("2300000002")


@dataclass
class At:
    """A clock that a test moves."""

    now: float = 100.0


def refused_for(rate: Rate, participant: DipId = ANNA, count: int = 1) -> int:
    """Seconds that a participant has to wait; 0 where it is taken."""
    try:
        rate.take(participant, count)
    except RateExceeded as exc:
        return exc.after_s
    return 0


def test_without_a_limit_everything_is_taken() -> None:
    rate = Rate(0, what="requests", now_s=lambda: 0.0)
    assert [refused_for(rate, count=10**6) for _ in range(3)] == [0, 0, 0]


def test_a_seconds_worth_is_in_hand_and_comes_back_with_time() -> None:
    at = At()
    rate = Rate(3, what="requests", now_s=lambda: at.now)
    assert [refused_for(rate) for _ in range(4)] == [0, 0, 0, 1]
    assert refused_for(rate, BERT) == 0
    at.now += 0.4
    assert [refused_for(rate), refused_for(rate)] == [0, 1]
    at.now += 60
    assert [refused_for(rate) for _ in range(4)] == [0, 0, 0, 1]


def test_less_than_one_a_second_takes_one_and_says_when_the_next() -> None:
    at = At()
    rate = Rate(0.1, what="requests", now_s=lambda: at.now)
    assert [refused_for(rate), refused_for(rate)] == [0, 10]
    at.now += 10
    assert refused_for(rate) == 0


def test_more_than_a_seconds_worth_at_once_is_taken_and_owed() -> None:
    at = At()
    rate = Rate(10, what="messages", now_s=lambda: at.now)
    assert refused_for(rate, count=100) == 0
    assert refused_for(rate) == 10
    at.now += 9
    assert refused_for(rate) == 1
    at.now += 1
    assert refused_for(rate) == 0


def test_a_refusal_names_limit_and_wait() -> None:
    rate = Rate(1, what="messages", now_s=lambda: 0.0)
    rate.take(ANNA)
    with pytest.raises(RateExceeded, match=r"At most 1 messages a second .* in 1 s"):
        rate.take(ANNA)


@given(
    a_second=st.floats(0.2, 50),
    asked=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 120)), min_size=1, max_size=60),
)
def test_whoever_waits_as_long_as_it_is_told_is_taken_and_no_more_than_the_rate_is_taken(
    a_second: float, asked: list[tuple[float, int]]
) -> None:
    at = At()
    rate = Rate(a_second, what="messages", now_s=lambda: at.now)
    begun, taken, largest = at.now, 0, 0
    for pause, count in asked:
        at.now += pause
        after_s = refused_for(rate, count=count)
        if after_s:
            at.now += after_s
            assert refused_for(rate, count=count) == 0
        taken += count
        largest = max(largest, count)
    assert taken <= max(1.0, a_second) + (at.now - begun) * a_second + largest + 1e-6
