"""Messages are kept as long as their channel says, and then forgotten with all that hangs on them (5.5.7)."""

import asyncio
import sqlite3
from datetime import timedelta

import pytest

from dip.archive.retention import Retention
from dip.client import Listener
from dip.ground.clock import Clock
from dip.ground.log import make_log
from tests.conftest import Serve
from tests.support.platform import Platform, sample
from tests.support.queues import lanes_waiting
from tests.support.waiting import until

_TABLES = ("message", "archive", "delivery", "journal_entry", "status_message", "exchange", "message_key_gathered")


async def counts(platform: Platform) -> dict[str, int]:
    """Rows of each table that holds something of a message."""
    return await platform.dip.store.writer.ask(
        lambda connection: {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in _TABLES
        }
    )


def retention(platform: Platform, clock: Clock) -> Retention:
    """The platform's retention on another clock."""
    return Retention(
        store=platform.dip.store.sweep,
        registry=platform.dip.registry,
        clock=clock,
        settings=platform.dip.settings,
        log=make_log(),
    )


@pytest.mark.requirement("FS-27")
async def test_a_message_is_forgotten_when_its_channels_archive_time_is_over_and_not_before(serve: Serve) -> None:
    async with serve() as platform:
        registration = await platform.listener("2200000001")
        supplier = await platform.client("2300000001")
        await supplier.send("IF-031", [sample("if-031")])
        await registration.next(5)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        kept = platform.dip.registry.value.channels[next(iter(platform.dip.registry.value.channels))].archive_for
        assert await retention(platform, Clock(kept - timedelta(days=1))).sweep() == 0
        assert (await counts(platform))["message"] == 1
        assert await retention(platform, Clock(kept + timedelta(days=1))).sweep() == 1
        assert set((await counts(platform)).values()) == {0}


@pytest.mark.requirement("FS-16", "FS-27")
async def test_a_message_that_still_waits_outlives_its_archive_time(serve: Serve) -> None:
    async with serve() as platform:
        supplier = await platform.client("2300000001")
        await supplier.send("IF-031", [sample("if-031")])
        assert await retention(platform, Clock(timedelta(days=3650))).sweep() == 0
        assert (await counts(platform))["message"] == 1


@pytest.mark.requirement("FS-16", "FS-27")
async def test_what_still_waits_does_not_keep_what_came_after_it(serve: Serve) -> None:
    async with serve(retention_step=2) as platform:
        supplier = await platform.client("2300000001")
        await supplier.send("IF-031", [sample("if-031") for _ in range(5)])
        registration = await platform.listener("2200000001")
        await supplier.send("IF-031", [sample("if-031") for _ in range(5)])
        await _take(registration, 10)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        await platform.dip.store.writer.ask(_waits_again)
        assert await retention(platform, Clock(timedelta(days=3650))).sweep() == 7
        assert (await counts(platform))["message"] == 3


def _waits_again(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE delivery SET state = 'waiting' WHERE id IN (1, 2, 4)")


@pytest.mark.requirement("FS-27")
async def test_numbers_go_on_where_they_were_when_everything_was_forgotten(serve: Serve) -> None:
    async with serve() as platform:
        await _exchange(platform, 3)
        before = await _numbers(platform)
        assert await platform.dip.duties.retention.sweep() == 0
        platform.dip.clock.advance(timedelta(days=3650))
        assert await platform.dip.duties.retention.sweep() == 3
        assert set((await counts(platform)).values()) == {0}
    async with serve() as platform:
        platform.dip.clock.advance(timedelta(days=3650))
        await _exchange(platform, 1)
        after = await _numbers(platform)
        assert all(now > then for now, then in zip(after, before, strict=True)), (before, after)


@pytest.mark.requirement("FS-27")
async def test_the_file_does_not_grow_when_as_much_is_forgotten_as_comes(serve: Serve) -> None:
    async with serve() as platform:
        sizes = []
        for _ in range(4):
            await _exchange(platform, 400)
            platform.dip.clock.advance(timedelta(days=3650))
            assert await platform.dip.duties.retention.sweep() == 400
            await platform.dip.duties.activity.sweep()
            sizes.append(await platform.dip.store.writer.ask(_pages))
        # A round takes some two hundred pages; what the activity log still has in hand is a few.
        assert sizes[3] <= sizes[1] * 1.1, sizes


@pytest.mark.requirement("FS-27")
async def test_requeues_are_forgotten_with_what_they_were_about(serve: Serve) -> None:
    async with serve() as platform:
        registration = await _exchange(platform, 2)
        client = await platform.client("2200000001")
        await client.requeue("IF-031", datetimeFrom="2020-01-01T00:00:00+00:00")
        await _take(registration, 2)
        await until(lambda: not platform.dip.store.requeues.running())
        assert len(platform.dip.store.requeues.newest(None, 10)) == 1
        platform.dip.clock.advance(timedelta(days=3650))
        await platform.dip.duties.retention.sweep()
        assert platform.dip.store.requeues.newest(None, 10) == []


@pytest.mark.requirement("FS-27")
async def test_messages_go_through_while_much_is_forgotten(serve: Serve) -> None:
    async with serve(retention_step=1) as platform:
        registration = await _exchange(platform, 400)
        platform.dip.clock.advance(timedelta(days=3650))
        sweeping = asyncio.create_task(platform.dip.duties.retention.sweep(rests=True))
        supplier = await platform.client("2300000001")
        await supplier.send("IF-031", [sample("if-031")])
        await registration.next(5)
        assert not sweeping.done()
        assert await sweeping == 400
        assert (await counts(platform))["message"] == 1


async def _exchange(platform: Platform, count: int) -> Listener:
    """So many messages, sent and delivered."""
    registration = await platform.listener("2200000001")
    supplier = await platform.client("2300000001")
    await supplier.send("IF-031", [sample("if-031") for _ in range(count)])
    await _take(registration, count)
    await until(lambda: not lanes_waiting(platform.dip.store.messages))
    return registration


async def _take(registration: Listener, count: int) -> None:
    for _ in range(count):
        await registration.next(20)


async def _numbers(platform: Platform) -> list[int]:
    """The highest number of each kind."""
    return await platform.dip.store.writer.ask(
        lambda connection: [
            connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("message", "exchange", "delivery")
        ]
    )


def _pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_count").fetchone()[0])
