"""The questions of the benchmark of the MPAN table, and what is made of the answers."""

from array import array
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dip.benchmark.mpans import questions
from dip.benchmark.mpans.asking import Times, times_of
from dip.benchmark.mpans.costs import Costs, Memory
from dip.benchmark.mpans.page_cache import forget, share_held
from dip.benchmark.mpans.run import rows_of, targets_of
from dip.benchmark.mpans.updating import rate_of
from dip.market.making import appointments
from dip.market.plan import Plan
from dip.messages.identifiers import RoleCode

PLAN = Plan(mpans=60, years=2)
TIMES = Times(1, 2.0, 1.0, 2.0, 3.0, 4.0)


def costs(mpans: int, *, grown_mb: float, cached: Times = TIMES, held: float | None = 0.0) -> Costs:
    return Costs(
        mpans=mpans,
        rows=6 * mpans,
        import_s=mpans / 20_000,
        disk_bytes=200.0,
        idle=Memory(100.0, 80.0),
        asked=Memory(100.0 + 2 * grown_mb, 80.0 + grown_mb),
        cached=cached,
        disk=TIMES,
        cold=TIMES,
        cold_start_s=1.5,
        held_before_cold=held,
    )


@pytest.mark.requirement("FS-48")
def test_a_question_has_the_answer_that_the_markets_appointments_give() -> None:
    rows = {f"{mpan:013}": held for mpan, held in appointments(PLAN)}
    drawn = questions.drawn(PLAN, 60)
    assert sorted(one.mpan for one in drawn) == sorted(rows)
    for one in drawn:
        second = one.at // 1_000_000
        right = [
            dip_id
            for role, dip_id, starts, ends in rows[one.mpan]
            if role in {"SUP", "SDS"} and starts <= second < (ends or 1 << 62)
        ]
        assert one.holders == tuple(sorted(right))
    assert any(len(one.holders) == 2 for one in drawn)


def test_questions_are_drawn_once_each_the_same_ones_each_time_and_come_back_from_a_file(tmp_path: Path) -> None:
    drawn = questions.drawn(PLAN, 25)
    assert len({one.mpan for one in drawn}) == 25
    assert drawn == questions.drawn(PLAN, 25)
    questions.write(drawn, tmp_path / "questions")
    assert [one for piece in questions.read(tmp_path / "questions") for one in piece] == drawn


def test_who_holds_a_role_on_a_day_is_found_for_every_mpan_that_has_somebody() -> None:
    day = datetime(2026, 3, 20, 12, tzinfo=UTC)
    found = questions.holders_on(PLAN, 60, day, RoleCode("SUP"))
    assert len(found) > 50
    assert all(supplier.startswith("23") for _, supplier in found)


def test_percentiles_are_microseconds() -> None:
    found = times_of(array("I", [*range(1_000, 101_000, 1_000)]))
    assert (found.p50, found.p99, found.max, found.mean) == (51.0, 99.0, 100.0, 50.5)
    assert str(found) == "51.0 / 90.0 / 99.0 / 100.0"


def test_memory_counts_at_the_largest_size_and_times_at_the_slowest() -> None:
    slow = Times(1, 2.0, 1.0, 2.0, 150.0, 400.0)
    found = [costs(1_000_000, grown_mb=90.0, cached=slow), costs(4_000_000, grown_mb=100.0)]
    targets = {target.name: target for target in targets_of(found)}
    assert (targets["memory"].found, targets["memory"].met) == (25.0, True)
    assert (targets["look-up from cache, p99"].found, targets["look-up from cache, p99"].met) == (150.0, False)
    assert targets["import"].met
    assert rows_of(found)["memory, bytes an MPAN"] == [90.0, 25.0]


@pytest.mark.parametrize(("held", "shown"), [(0.0, 1.5), (0.6, None), (None, None)])
def test_a_cold_figure_is_given_only_where_the_file_was_cold(held: float | None, shown: float | None) -> None:
    rows = rows_of([costs(10, grown_mb=1.0, held=held)])
    assert rows["  from a cold page cache"] == [shown]
    assert (rows["  the same, from a cold page cache"] == [None]) is (shown is None)


def test_the_rate_of_updates_ends_with_the_messages_that_were_sent_beside_them() -> None:
    steps = [(11.0, 1_000), (12.0, 2_000), (13.0, 9_000)]
    assert rate_of(steps, 10.0, 12.5) == 1_000.0
    assert rate_of(steps, 10.0, 99.0) == 3_000.0
    assert rate_of(steps, 10.0, 10.5) == 1_000.0


def test_the_part_of_a_file_that_the_system_holds_is_told_or_unknown(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(1 << 20))
    assert share_held(file) in (None, 1.0)
    forget(file)
    after = share_held(file)
    assert after is None or 0.0 <= after <= 1.0
