"""How an endpoint has been doing: waits, pauses, halving, setting aside."""

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.delivery.endpoint import EndpointKey, Pace, endpoint_of
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId

SETTINGS = Settings()


def pace(seed: int = 1, size: int = 100) -> Pace:
    endpoint = endpoint_of(EndpointKey(DipId("2200000001"), "https://a.example/", for_status=False), (), SETTINGS)
    chosen = msgspec.structs.replace(endpoint, max_count=size)
    return Pace(SETTINGS, chosen, random.Random(seed))  # noqa: S311 - jitter, not a secret


@given(seed=st.integers(), failures=st.integers(1, 200))
def test_a_wait_doubles_up_to_fifteen_minutes_and_strays_by_a_fifth_at_most(seed: int, failures: int) -> None:
    made = pace(seed)
    for _ in range(failures):
        made.failed(1, server_error=False)
    plain = min(2.0 ** min(failures - 1, 30), 900.0)
    assert 0.8 * plain <= made.wait_s() <= 1.2 * plain


@given(seed=st.integers(), asked=st.floats(0, 1e9))
def test_a_recipient_can_ask_for_a_longer_wait_but_for_no_more_than_the_longest(seed: int, asked: float) -> None:
    made = pace(seed)
    made.failed(1, server_error=False)
    assert min(asked, 900.0) <= made.wait_s(asked) <= max(1.2, min(asked, 900.0))


def test_waits_of_several_endpoints_differ() -> None:
    assert len({pace(seed).backoff_s(3) for seed in range(20)}) > 10


@given(steps=st.lists(st.booleans(), max_size=60))
def test_an_endpoint_is_paused_exactly_after_five_failures_in_a_row(steps: list[bool]) -> None:
    made = pace()
    in_a_row = 0
    for good in steps:
        if good:
            made.succeeded()
        else:
            made.failed(1, server_error=False)
        in_a_row = 0 if good else in_a_row + 1
        assert made.failures == in_a_row
        assert made.paused == (in_a_row >= 5)


def test_a_batch_is_halved_from_the_third_500_on_down_to_one_which_is_set_aside() -> None:
    made = pace(size=10)
    sizes = []
    aside = False
    while not aside:
        sizes.append(made.size)
        aside = made.failed(made.size, server_error=True)
    assert sizes == [10, 10, 10, 5, 2, 1]


def test_other_failures_never_halve_nor_set_aside() -> None:
    made = pace(size=10)
    assert not any(made.failed(10, server_error=False) for _ in range(50))
    assert made.size == 10


def test_another_failure_between_starts_the_count_of_500s_anew() -> None:
    made = pace(size=10)
    for server_error in (True, True, False, True, True):
        made.failed(10, server_error=server_error)
    assert made.size == 10


def test_where_every_message_fails_only_so_many_are_set_aside_until_one_arrives() -> None:
    made = pace(size=1)
    asides = sum(made.failed(1, server_error=True) for _ in range(40))
    assert asides == SETTINGS.set_aside_in_a_row
    made.succeeded()
    assert sum(made.failed(1, server_error=True) for _ in range(40)) == SETTINGS.set_aside_in_a_row


@given(
    full=st.integers(1, 1000),
    calls=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80),
)
def test_the_size_of_a_batch_stays_between_one_and_what_the_endpoint_takes(
    full: int, calls: list[tuple[bool, bool]]
) -> None:
    made = pace(size=full)
    for good, server_error in calls:
        if good:
            made.succeeded()
        else:
            made.failed(made.size, server_error=server_error)
        assert 1 <= made.size <= full


def test_after_success_the_batch_grows_back_to_its_full_size() -> None:
    made = pace(size=100)
    for _ in range(10):
        made.failed(made.size, server_error=True)
    assert made.size == 1
    grown = []
    for _ in range(8):
        made.succeeded()
        grown.append(made.size)
    assert grown == [2, 4, 8, 16, 32, 64, 100, 100]


@pytest.mark.parametrize("attempts", [0, 1, 41, 10_000])
def test_any_number_of_attempts_has_a_wait(attempts: int) -> None:
    assert 0 < pace().backoff_s(attempts) <= 900 * 1.2
