"""Which maintenance users were written to about, in SQLite (5.13.5)."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import InterfaceId
from dip.store.queries import queries
from dip.store.writer import Writer


class MaintenanceTold(msgspec.Struct, frozen=True, kw_only=True):
    """The maintenance of a channel as users were last told of it. begun: that it began was told as well."""

    channel: InterfaceId
    starts: datetime
    ends: datetime | None
    reason: str
    begun: bool


class SqliteMaintenanceTold:
    """What was told of the maintenance of channels; a window that is over is forgotten."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def all(self) -> Sequence[MaintenanceTold]:
        """Every window that users were told of and not yet told that it is over."""
        return [
            MaintenanceTold(
                channel=InterfaceId(channel),
                starts=moment(starts),
                ends=None if ends is None else moment(ends),
                reason=reason,
                begun=bool(begun),
            )
            for channel, starts, ends, reason, begun in self._reading.execute(queries()["maintenance_told"])
        ]

    async def save(self, told: Iterable[MaintenanceTold], over: Iterable[InterfaceId]) -> None:
        """Commit what users are told of now. Raises StoreUnavailable."""
        rows = [
            (
                one.channel,
                microseconds(one.starts),
                None if one.ends is None else microseconds(one.ends),
                one.reason,
                int(one.begun),
            )
            for one in told
        ]
        gone = [(channel,) for channel in over]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(queries()["forget_maintenance_told"], gone)
            connection.executemany(queries()["save_maintenance_told"], rows)

        await self._writer.ask(job, what="maintenance")
