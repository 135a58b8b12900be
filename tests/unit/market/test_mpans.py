"""Made-up MPANs: valid, each one once, in order, at any number of them."""

from itertools import cycle, islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.market.mpans import Numbering
from tests.unit.market.reading import is_valid

NUMBERING = Numbering()
DRAWN = (0.5, 0.999, 0.0, 0.25)


@given(st.integers(min_value=10**11, max_value=10**12 - 1))
def test_a_check_digit_follows_the_rule_of_the_industry(core: int) -> None:
    assert is_valid(f"{core}{NUMBERING.check_digit(core)}")


def test_published_mpans_have_these_check_digits() -> None:
    assert [NUMBERING.check_digit(core) for core in (200005653597, 101044824553, 204598502032)] == [1, 5, 9]


@pytest.mark.parametrize("count", [0, 1, 7, 5000])
def test_mpans_ascend_and_none_comes_twice(count: int) -> None:
    made = list(NUMBERING.mpans(81, count, cycle(DRAWN).__next__))
    assert len(made) == count
    assert all(earlier < later for earlier, later in pairwise(made))
    assert all(str(mpan).startswith("81") and is_valid(str(mpan)) for mpan in made)


@pytest.mark.parametrize("drawn", [0.0, 1 - 2**-53])
def test_the_edges_of_chance_keep_them_apart_and_within_the_distributors_digits(drawn: float) -> None:
    made = list(NUMBERING.mpans(94, 999, lambda: drawn))
    assert all(earlier < later for earlier, later in pairwise(made))
    assert {str(mpan)[:2] for mpan in made} == {"94"}


def test_a_whole_countrys_are_made_one_by_one() -> None:
    first = list(islice(NUMBERING.mpans(81, 32_000_000, cycle(DRAWN).__next__), 1000))
    assert len(set(first)) == 1000
