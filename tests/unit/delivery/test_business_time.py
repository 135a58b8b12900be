"""Moving the clock: kept first, then in effect, then everything that is due, one move after the other."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from dip.delivery.business_time import BusinessTime, take_up
from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, NotPermitted, StoreUnavailable
from dip.ground.log import make_log
from dip.ground.settings import Settings
from tests.support.waiting import settled

HOUR = timedelta(hours=1)


class StillClock(Clock):
    """A clock that moves by its offset alone."""

    def wall(self) -> datetime:
        return datetime(2026, 3, 21, 19, 5, tzinfo=UTC)


class Memory:
    """Facts in memory; full: nothing can be written."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.full = False
        self.facts: dict[str, str] = {}
        self.offsets: list[timedelta] = []

    def fact(self, key: str) -> str | None:
        return self.facts.get(key)

    async def save_facts(self, facts: Mapping[str, str]) -> None:
        await settled()
        if self.full:
            raise StoreUnavailable
        self.offsets.append(self.clock.offset)
        self.facts.update(facts)


class Bench:
    """Business time with duties that note when they were done."""

    def __init__(self, environment: str = "DEV") -> None:
        self.clock = StillClock()
        self.facts = Memory(self.clock)
        self.done: list[tuple[str, timedelta]] = []
        settings = Settings(environment=environment)  # type: ignore[arg-type]
        self.time = BusinessTime(
            settings=settings,
            clock=self.clock,
            facts=self.facts,
            duties=[lambda: self.note("first"), lambda: self.note("second")],
            log=make_log(),
        )

    async def note(self, name: str) -> None:
        await settled()
        self.done.append((name, self.clock.offset))


async def test_the_offset_is_kept_before_it_takes_effect() -> None:
    bench = Bench()
    await bench.time.advance(HOUR)
    await bench.time.advance(HOUR)
    assert bench.facts.offsets == [timedelta(0), HOUR]
    restarted = StillClock()
    take_up(restarted, bench.facts)
    assert restarted.offset == 2 * HOUR
    ahead = StillClock(timedelta(days=1))
    take_up(ahead, bench.facts)
    assert ahead.offset == timedelta(days=1)


async def test_a_clock_that_can_not_be_kept_does_not_move() -> None:
    bench = Bench()
    bench.facts.full = True
    with pytest.raises(StoreUnavailable):
        await bench.time.advance(HOUR)
    assert (bench.clock.offset, bench.done) == (timedelta(0), [])


async def test_what_is_due_is_done_in_order_and_moves_wait_for_each_other() -> None:
    bench = Bench()
    times = await asyncio.gather(*(bench.time.advance(HOUR) for _ in range(3)))
    assert [one.offset for one in times] == [HOUR, 2 * HOUR, 3 * HOUR]
    assert bench.done == [(name, count * HOUR) for count in (1, 2, 3) for name in ("first", "second")]


@pytest.mark.parametrize("by", [timedelta(0), -HOUR, timedelta(days=3_000_000)])
async def test_it_moves_forward_and_not_beyond_the_years_that_can_be_written(by: timedelta) -> None:
    bench = Bench()
    with pytest.raises(BadRequest):
        await bench.time.advance(by)
    assert (bench.clock.offset, bench.facts.facts) == (timedelta(0), {})


async def test_production_has_the_wall_clock() -> None:
    bench = Bench("PRD")
    assert not bench.time.movable
    with pytest.raises(NotPermitted):
        await bench.time.advance(HOUR)
    assert bench.clock.offset == timedelta(0)
