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
    THROUGHPUT = "throughput"
    """Fewer messages came in than a rule expects."""


class Alarm(msgspec.Struct, kw_only=True, rename="camel"):
    """Something that somebody should look at. subject: what it is about, such as a recipient and channel.

    id: None until it is stored; cleared_at: None while it goes on. rule: the name of the rule that raised it, empty
    where the settings did. acknowledged_at, acknowledged_by, note: somebody looks after it. Business time.
    """

    id: int | None = None
    kind: AlarmKind
    subject: str
    raised_at: datetime
    updated_at: datetime
    cleared_at: datetime | None = None
    detail: str
    rule: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    note: str = ""


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
        self,
        *,
        before: int | None,
        is_open: bool | None,
        limit: int,
        parties: Parties = None,
        kind: AlarmKind | None = None,
        about: str | None = None,
    ) -> Sequence[Alarm]:
        """Alarms, newest first, below a number. is_open: only those that go on, or only those that are over.

        parties: only those whose subject begins with the DIP id of one of them; about: with this one.
        """
        given = {
            "before": before,
            "is_open": is_open,
            "limit": limit,
            "parties": in_scope(parties),
            "kind": kind,
            "about": about,
        }
        return [_alarm(row) for row in await self._reader.all("alarms", given)]

    async def save(self, alarms: Iterable[Alarm]) -> Sequence[int]:
        """Write alarms, new or changed, in this order; returns their numbers. Raises StoreUnavailable."""
        kept = [msgspec.structs.replace(alarm) for alarm in alarms]

        def job(connection: sqlite3.Connection) -> list[int]:
            return [_write(connection, alarm) for alarm in kept]

        return await self._writer.ask(job, what="alarms")


def _write(connection: sqlite3.Connection, alarm: Alarm) -> int:
    number = alarm.id
    if number is None:
        row = (
            alarm.kind,
            alarm.subject,
            microseconds(alarm.raised_at),
            microseconds(alarm.updated_at),
            _optional(alarm.cleared_at),
            alarm.detail,
            alarm.rule,
        )
        number = connection.execute(queries()["add_alarm"], row).lastrowid or 0
        if alarm.acknowledged_at is None:
            return number
    changed = (
        number,
        microseconds(alarm.updated_at),
        _optional(alarm.cleared_at),
        alarm.detail,
        _optional(alarm.acknowledged_at),
        alarm.acknowledged_by,
        alarm.note,
    )
    connection.execute(queries()["save_alarm"], changed)
    return number


def _optional(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)


def _alarm(row: tuple[int, str, str, int, int, int | None, str, str, int | None, str, str]) -> Alarm:
    number, kind, subject, raised_at, updated_at, cleared_at, detail, rule, acknowledged_at, by, note = row
    return Alarm(
        id=number,
        kind=AlarmKind(kind),
        subject=subject,
        raised_at=moment(raised_at),
        updated_at=moment(updated_at),
        cleared_at=None if cleared_at is None else moment(cleared_at),
        detail=detail,
        rule=rule,
        acknowledged_at=None if acknowledged_at is None else moment(acknowledged_at),
        acknowledged_by=by,
        note=note,
    )
