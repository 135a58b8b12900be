"""Sweeping what has outlived its archive time, in small steps that never hold up traffic (5.5.7)."""

import sqlite3
from typing import NamedTuple

import msgspec

from dip.store.counters import Counters
from dip.store.keys import forget_keys
from dip.store.queries import queries
from dip.store.writer import Writer

_OF_A_MESSAGE = (
    "forget_journal",
    "forget_deliveries",
    "forget_status_messages",
    "forget_updates",
    "forget_archive",
    "forget_messages",
)


_MICROSECONDS = 1_000_000


class ArchiveEnd(NamedTuple):
    """A message's place in the order in which archive times end. until: microseconds; message: its number."""

    until: int = 0
    message: int = 0


class SweepStep(msgspec.Struct, frozen=True):
    """What one step did. last: how far it looked; None where nothing more has outlived its time."""

    forgotten: int
    last: ArchiveEnd | None


class SqliteSweep:
    """SweepStore over SQLite: each step is one job of the writer."""

    def __init__(self, writer: Writer, counters: Counters) -> None:
        self._writer = writer
        self._counters = counters

    async def sweep_messages(self, now: int, after: ArchiveEnd, limit: int) -> SweepStep:
        """Look at so many messages whose time is over, behind a place in their order, and forget those that may go.

        A message for which something still waits stays.
        """

        def job(connection: sqlite3.Connection) -> SweepStep:
            found = connection.execute(queries()["outlived"], (now, *after, limit)).fetchall()
            ids = [message for _, message, waits in found if not waits]
            if ids:
                forget_keys(connection, ids)
                listed = msgspec.json.encode(ids).decode()
                for query in _OF_A_MESSAGE:
                    connection.execute(queries()[query], (listed,))
                self._counters.keep(connection)
            return SweepStep(len(ids), ArchiveEnd(*found[-1][:2]) if len(found) == limit else None)

        return await self._writer.ask(job, weight=limit, what="forget")

    async def sweep_exchanges(self, before: int, limit: int) -> int:
        """Forget at most so many calls made before a moment; returns how many."""

        def job(connection: sqlite3.Connection) -> int:
            count = connection.execute(queries()["forget_exchanges"], (before, limit)).rowcount
            if count:
                self._counters.keep(connection)
            return count

        return await self._writer.ask(job, what="forget")

    async def sweep_requeues(self, before: int, limit: int) -> int:
        """Forget at most so many requeues that ended before a moment; returns how many."""
        return await self._forget("forget_requeues", before, limit)

    async def sweep_alarms(self, before: int, limit: int, *, most: int) -> int:
        """Forget at most so many alarms that were over before a moment, or are over and beyond the last `most`.

        Returns how many.
        """
        return await self._writer.ask(
            lambda connection: connection.execute(queries()["forget_alarms"], (before, limit, most)).rowcount,
            what="forget",
        )

    async def sweep_throughput(self, span: int, before: int, limit: int) -> int:
        """Forget at most so many figures of buckets of so many seconds, from before a moment; returns how many."""
        until = before // _MICROSECONDS
        return await self._writer.ask(
            lambda connection: connection.execute(queries()["forget_throughput"], (span, until, limit)).rowcount,
            what="forget",
        )

    async def _forget(self, query: str, before: int, limit: int) -> int:
        return await self._writer.ask(
            lambda connection: connection.execute(queries()[query], (before, limit)).rowcount, what="forget"
        )
