"""Sweeping what has outlived its archive time, in small steps that never hold up traffic (5.5.7)."""

import sqlite3

import msgspec

from dip.messages.identifiers import InterfaceId
from dip.store.queries import queries
from dip.store.writer import Writer

_OF_A_MESSAGE = ("forget_journal", "forget_deliveries", "forget_status_messages", "forget_messages")


class SqliteSweep:
    """SweepStore over SQLite: each step is one job of the writer."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def interfaces(self) -> list[InterfaceId]:
        """The channels of which the store has messages, those that are no longer served included."""
        return [InterfaceId(row[0]) for row in self._reading.execute(queries()["interfaces_kept"])]

    async def sweep_messages(self, interface: InterfaceId, now: int, limit: int) -> int:
        """Forget at most so many messages of a channel whose time is over; returns how many.

        A message for which something still waits stays.
        """

        def job(connection: sqlite3.Connection) -> int:
            ids = [row[0] for row in connection.execute(queries()["outlived"], (interface, now, limit))]
            if ids:
                listed = msgspec.json.encode(ids).decode()
                for query in _OF_A_MESSAGE:
                    connection.execute(queries()[query], (listed,))
            return len(ids)

        return await self._writer.ask(job)

    async def sweep_exchanges(self, before: int, limit: int) -> int:
        """Forget at most so many calls made before a moment; returns how many."""

        def job(connection: sqlite3.Connection) -> int:
            return connection.execute(queries()["forget_exchanges"], (before, limit)).rowcount

        return await self._writer.ask(job)
