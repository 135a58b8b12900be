"""When a channel is paused, by business time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dip.catalogue.pauses import Pauses
from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, NotFound
from dip.ground.log import make_log
from dip.messages.identifiers import InterfaceId
from dip.store.sqlite import SqliteStore

START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANNEL = InterfaceId("IF-031")


class StillClock(Clock):
    """A clock that moves by its offset alone."""

    def wall(self) -> datetime:
        return START


class Bench:
    """Pauses over an empty store, and the channels that went on."""

    def __init__(self, store: SqliteStore) -> None:
        self.clock = StillClock()
        self.resumed: list[str] = []
        self.pauses = Pauses(store=store.catalogue, clock=self.clock, resumed=self.resumed.append, log=make_log())

    async def pause(self, starts: datetime | None = None, ends: datetime | None = None) -> None:
        await self.pauses.begin(CHANNEL, starts=starts, ends=ends, author="admin", reason="New formats")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = SqliteStore(tmp_path, group_limit=10, log=make_log())
    yield Bench(store)
    await store.close()


@pytest.mark.requirement("FS-62")
async def test_a_pause_holds_from_its_start_to_just_before_its_end(bench: Bench) -> None:
    await bench.pause(START + HOUR, START + 2 * HOUR)
    held = [bench.pauses.of(CHANNEL, START + part * HOUR) is not None for part in (0.99, 1, 1.99, 2)]
    assert held == [False, True, True, False]
    assert not bench.pauses.holds(CHANNEL)
    bench.clock.offset = HOUR
    assert bench.pauses.holds(CHANNEL)
    assert not bench.pauses.holds("IF-032")


async def test_a_pause_without_an_end_holds_until_somebody_ends_it(bench: Bench) -> None:
    await bench.pause()
    bench.clock.offset = timedelta(days=400)
    assert bench.pauses.holds(CHANNEL)
    await bench.pauses.end(CHANNEL)
    assert not bench.pauses.holds(CHANNEL)
    assert bench.resumed == [CHANNEL]
    with pytest.raises(NotFound):
        await bench.pauses.end(CHANNEL)


async def test_a_pause_put_off_lets_the_channel_go_on(bench: Bench) -> None:
    await bench.pause()
    await bench.pause(START + HOUR, START + 2 * HOUR)
    assert bench.resumed == [CHANNEL]


async def test_what_is_over_is_not_published(bench: Bench) -> None:
    await bench.pause(ends=START + HOUR)
    assert [pause.channel for pause in bench.pauses.published()] == [CHANNEL]
    bench.clock.offset = HOUR
    assert bench.pauses.published() == []


@pytest.mark.parametrize(("starts", "ends"), [(None, START), (START + HOUR, START + HOUR), (None, START - HOUR)])
async def test_a_window_that_is_over_or_empty_is_refused(bench: Bench, starts: datetime | None, ends: datetime) -> None:
    with pytest.raises(BadRequest, match="until lies after from"):
        await bench.pause(starts, ends)
