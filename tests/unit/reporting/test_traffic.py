"""What passes just now: the last hour by minute, read again only where it can have changed."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dip.ground.clock import Clock, microseconds
from dip.reporting.traffic import MINUTES, RecentTraffic, Spread, spread
from dip.store.queries import sql_text
from dip.store.throughput import Latencies, Passage, Side, SqliteThroughput, Tallies, Throughput, ThroughputFilter

START = datetime(2026, 3, 21, 19, 5, 30, tzinfo=UTC)


class StillClock(Clock):
    """A clock whose wall time stands."""

    def wall(self) -> datetime:
        return START


class Counted(SqliteThroughput):
    """A store that remembers from when on it was asked by minute."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[int] = []
        self._path = path

    async def passed(self, wanted: ThroughputFilter) -> Sequence[Throughput]:
        if wanted.span == 60 and wanted.side is Side.SENDER:
            self.asked.append((wanted.until - wanted.since) // 60)
        return await super().passed(wanted)

    def passing(self, at: datetime, side: Side, outcome: Passage, took_ms: int | None = None, many: int = 1) -> None:
        """Have something pass."""
        tallies = Tallies()
        for _ in range(many):
            tallies.count(
                microseconds(at), "IF-031", side, "2300000001", outcome, None if took_ms is None else took_ms * 1000
            )
        with sqlite3.connect(self._path) as connection:
            tallies.write(connection)
        connection.close()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Counted]:
    path = tmp_path / "dip.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(sql_text("schema.sql"))
    connection.close()
    made = Counted(path)
    yield made
    await made.close()


@pytest.mark.requirement("FS-51", "FS-52")
async def test_an_hour_is_told_by_minute_with_its_latency(store: Counted) -> None:
    store.passing(START, Side.SENDER, Passage.TAKEN, 10, many=3)
    store.passing(START - timedelta(minutes=59), Side.SENDER, Passage.TAKEN, 20)
    store.passing(START - timedelta(minutes=60), Side.SENDER, Passage.TAKEN, 20)
    store.passing(START - timedelta(minutes=1), Side.RECIPIENT, Passage.DELIVERED, 4000)
    store.passing(START - timedelta(hours=3), Side.RECIPIENT, Passage.REJECTED, many=2)
    store.passing(START - timedelta(hours=20), Side.RECIPIENT, Passage.DEAD)
    traffic = await RecentTraffic(store=store, clock=StillClock()).now()
    assert len(traffic.minutes) == MINUTES
    assert [one.taken for one in traffic.minutes] == [1, *[0] * 58, 3]
    assert [one.delivered for one in traffic.minutes][-2:] == [1, 0]
    assert traffic.minutes[-1].at == START.replace(second=0)
    assert (traffic.to_queue.timed, traffic.to_queue.most_ms) == (4, 20.0)
    assert (traffic.end_to_end.p50_ms, traffic.end_to_end.soon) == (4000.0, 0.0)
    assert (traffic.today.taken, traffic.today.rejected, traffic.today.dead) == (5, 2, 0)


async def test_only_the_last_two_minutes_are_read_again(store: Counted) -> None:
    clock = StillClock()
    recent = RecentTraffic(store=store, clock=clock)
    await recent.now()
    store.passing(START - timedelta(minutes=1), Side.SENDER, Passage.TAKEN, 10)
    assert [one.taken for one in (await recent.now()).minutes][-2:] == [1, 0]
    clock.advance(timedelta(minutes=5))
    assert [one.taken for one in (await recent.now()).minutes][-7:] == [1, *[0] * 6][-7:]
    clock.advance(timedelta(days=14))
    assert {one.taken for one in (await recent.now()).minutes} == {0}
    assert store.asked == [MINUTES, 2, 7, MINUTES]


def test_times_of_several_minutes_are_taken_together() -> None:
    assert spread([]) == Spread()
    first, second = Latencies(), Latencies()
    first.add(2_000_000)
    second.add(1000)
    second.add(40_000_000)
    whole = spread([first, Latencies(), second])
    assert (whole.timed, whole.most_ms, whole.soon) == (3, 40_000.0, 2 / 3)
