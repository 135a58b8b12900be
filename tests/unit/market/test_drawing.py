"""Weighted draws and waits."""

from statistics import mean

import pytest

from dip.market.drawing import apportioned, chance_of_another, table, waits


def test_what_is_divided_adds_up_again() -> None:
    assert apportioned([1, 1, 1], 10) == [4, 3, 3]
    assert apportioned([22, 78], 0) == [0, 0]
    assert sum(apportioned([12.5, 0.1, 7], 1_000_003)) == 1_000_003


def test_each_key_stands_in_a_table_as_often_as_its_share_says() -> None:
    made = table({4: 75, 9: 25})
    assert made.count(4) == 3 * made.count(9)


def test_one_key_alone_is_never_followed_by_another() -> None:
    assert chance_of_another({4: 100}) == 0
    assert chance_of_another({4: 50, 9: 50}) == pytest.approx(0.5)


@pytest.mark.parametrize("a_year", [0.04, 0.2, 2])
def test_waits_make_so_many_events_a_year(a_year: float) -> None:
    made = waits(a_year, 28)
    assert min(made) >= 28
    assert 365.25 / mean(made) == pytest.approx(a_year, rel=0.02)


def test_without_a_rate_nothing_happens_in_any_market() -> None:
    assert min(waits(0, 28)) > 100 * 366
