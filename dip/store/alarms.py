"""Alarms, from when they were noticed until they were over, in SQLite (5.11.4)."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from dip.ground.clock import microseconds, moment
from dip.store.page_records import Parties, in_scope
from dip.store.queries import queries
from dip.store.reader import Reader
from dip.store.writer import Writer


class AlarmKind(StrEnum):
    """What an alarm is about."""

    ENDPOINT_PAUSED = "endpoint_paused"
    """An endpoint fails so often that it is only probed."""
    DEAD_LETTERS = "dead_letters"
    """A recipient has dead letters of a channel."""
    BALANCE = "balance"
    """Deliveries do not agree with the journal."""
    LATENCY = "latency"
    """Messages wait for an endpoint that is in service."""
    QUEUE_AGE = "queue_age"
    """Messages wait so long that somebody should ask their recipient."""
    CERTIFICATE_EXPIRES = "certificate_expires"
    """Certificates of a participant, or the DIP's, expire soon, and nothing follows them."""
    CERTIFICATE_EXPIRED = "certificate_expired"
    """Certificates have expired, and nothing followed them."""
    CENTRAL_FEED = "central_feed"
    """The central feed of companies gives no answer that can be used."""
    APPOINTMENT_UPDATE = "appointment_update"
    """What messages say about appointments could not be applied to the MPAN table."""


class Alarm(msgspec.Struct, kw_only=True, rename="camel"):
    """Something that somebody should look at. subject: what it is about, such as a recipient and channel.

    id: None until it is stored; cleared_at: None while it goes on. Business time.
    """

    id: int | None = None
    kind: AlarmKind
    subject: str
    raised_at: datetime
    updated_at: datetime
    cleared_at: datetime | None = None
    detail: str


class SqliteAlarms:
    """AlarmStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection, reader: Reader) -> None:
        self._writer = writer
        self._reading = reading
        self._reader = reader

    def open(self) -> Sequence[Alarm]:
        """The alarms that are not over."""
        return [_alarm(row) for row in self._reading.execute(queries()["alarms_open"])]

    async def listed(
        self, *, before: int | None, is_open: bool | None, limit: int, parties: Parties = None
    ) -> Sequence[Alarm]:
        """Alarms, newest first, below a number. is_open: only those that go on, or only those that are over.

        parties: only those whose subject begins with the DIP id of one of them.
        """
        given = {"before": before, "is_open": is_open, "limit": limit, "parties": in_scope(parties)}
        return [_alarm(row) for row in await self._reader.all("alarms", given)]

    async def save(self, alarms: Iterable[Alarm]) -> Sequence[int]:
        """Write alarms, new or changed, in this order; returns their numbers. Raises StoreUnavailable."""
        kept = [msgspec.structs.replace(alarm) for alarm in alarms]

        def job(connection: sqlite3.Connection) -> list[int]:
            return [_write(connection, alarm) for alarm in kept]

        return await self._writer.ask(job, what="alarms")


def _write(connection: sqlite3.Connection, alarm: Alarm) -> int:
    cleared = None if alarm.cleared_at is None else microseconds(alarm.cleared_at)
    updated = microseconds(alarm.updated_at)
    if alarm.id is not None:
        connection.execute(queries()["save_alarm"], (alarm.id, updated, cleared, alarm.detail))
        return alarm.id
    row = (alarm.kind, alarm.subject, microseconds(alarm.raised_at), updated, cleared, alarm.detail)
    return connection.execute(queries()["add_alarm"], row).lastrowid or 0


def _alarm(row: tuple[int, str, str, int, int, int | None, str]) -> Alarm:
    number, kind, subject, raised_at, updated_at, cleared_at, detail = row
    return Alarm(
        id=number,
        kind=AlarmKind(kind),
        subject=subject,
        raised_at=moment(raised_at),
        updated_at=moment(updated_at),
        cleared_at=None if cleared_at is None else moment(cleared_at),
        detail=detail,
    )
