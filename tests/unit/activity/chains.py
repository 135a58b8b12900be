"""Chains of records over a store in a directory."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from dip.activity.keeping import ActivityKeeping
from dip.activity.packing import pack
from dip.activity.verification import Break, Broken, Chain, ChainVerifier
from dip.ground.clock import Clock, microseconds
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.store.activity import NewRecord
from dip.store.audit import AuditStore
from dip.store.sqlite import SqliteStore

START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)


class StillClock(Clock):
    """A clock whose wall time stands."""

    def wall(self) -> datetime:
        return START


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[SqliteStore]:
    """The store of a directory."""
    store = SqliteStore(directory, group_limit=100, log=make_log())
    try:
        yield store
    finally:
        await store.close()


def keeping(store: SqliteStore, clock: Clock, **settings: int) -> ActivityKeeping:
    """The duty over a store."""
    return ActivityKeeping(
        settings=msgspec.convert(settings, Settings),
        clock=clock,
        store=store.activity,
        reader=store.activity_reader,
        log=make_log(),
    )


async def add(store: SqliteStore, clock: Clock, count: int, what: str = "record") -> None:
    """Add so many records now."""
    at = microseconds(clock.now())
    texts = [b'{"what":"%s %d"}' % (what.encode(), number) for number in range(count)]
    await store.activity.append([NewRecord(at, text, pack(text)) for text in texts])


def laid_out(directory: Path) -> None:
    """A chain with a file that was removed, files at hand, and a table."""

    directory.mkdir()

    async def made() -> None:
        clock = StillClock()
        async with opened(directory) as store:
            duty = keeping(store, clock, activity_file_records=4, retention_step=3)
            for months in range(6):
                await add(store, clock, 5, f"month {months}")
                clock.advance(timedelta(days=31))
            await duty.sweep()
            clock.advance(timedelta(days=31 * 10))
            await duty.sweep()
            await add(store, clock, 5, "late")

    asyncio.run(made())


def verified(directory: Path) -> Chain | Break:
    """What the verification of a directory finds."""
    with closing(AuditStore(directory)) as store:
        try:
            return ChainVerifier(store.activity).verify()
        except Broken as exc:
            return exc.found


def changed(directory: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    """Change the database as somebody would who takes the triggers away."""
    with contextlib.closing(sqlite3.connect(directory / "dip.sqlite")) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        change(connection)
        connection.commit()
