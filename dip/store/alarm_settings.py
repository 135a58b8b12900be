"""Rules that raise alarms, and what each user wants to be told of alarms, in SQLite (5.11.4)."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from dip.ground.clock import microseconds, moment
from dip.ground.errors import Conflict, NotFound
from dip.store.alarms import AlarmKind
from dip.store.queries import queries
from dip.store.writer import Writer


class RuleKind(StrEnum):
    """What a rule looks at, by the kind of the alarms that it raises; its threshold is a number of what stands here."""

    LATENCY = "latency"
    """Seconds that a message may wait for an endpoint in service."""
    QUEUE_AGE = "queue_age"
    """Seconds that a message may wait in any queue."""
    DEAD_LETTERS = "dead_letters"
    """Dead letters of a recipient and channel; the alarm begins at so many."""
    THROUGHPUT = "throughput"
    """Messages that are to come in within a period; the alarm is raised below it."""
    ENDPOINT_PAUSED = "endpoint_paused"
    """Seconds that an endpoint may fail and only be probed."""
    CERTIFICATE_EXPIRES = "certificate_expires"
    """Days before the end of a participant's certificates."""


class Way(StrEnum):
    """How a user is told."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    PAGE = "page"
    """By the number in the head of each page."""


class AlarmRule(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A threshold beside those of the settings. recipient: a DIP id, channel: an interface id; empty: each.

    threshold: in the unit of the kind. period_s: of a throughput alone. id: 0 until it is stored. Wall time.
    """

    id: int = 0
    name: str
    kind: RuleKind
    threshold: float
    period_s: float | None = None
    recipient: str = ""
    channel: str = ""
    in_force: bool = True
    changed_at: datetime
    author: str


class AlarmSubscription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a user wants to be told of. target: a mail address or the URL of a webhook; empty for the page.

    kinds, channels: empty for all. about: the DIP id of one participant; empty for all that the user may see.
    """

    id: int = 0
    user: str
    way: Way
    target: str = ""
    kinds: tuple[AlarmKind, ...] = ()
    channels: tuple[str, ...] = ()
    about: str = ""
    made_at: datetime


class SqliteAlarmSettings:
    """Rules and subscriptions over SQLite; few of either, so that all of them are read at once."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def rules(self) -> Sequence[AlarmRule]:
        """Every rule, by name."""
        return [_rule(row) for row in self._reading.execute(queries()["alarm_rules"])]

    async def save_rule(self, rule: AlarmRule) -> int:
        """Add a rule (its id is 0) or change it; returns its number. Raises Conflict where the name is taken."""
        row = (
            rule.name,
            rule.kind,
            rule.threshold,
            rule.period_s,
            rule.recipient,
            rule.channel,
            rule.in_force,
            microseconds(rule.changed_at),
            rule.author,
        )

        def job(connection: sqlite3.Connection) -> int:
            try:
                if rule.id == 0:
                    return connection.execute(queries()["add_alarm_rule"], row).lastrowid or 0
                connection.execute(queries()["save_alarm_rule"], (rule.id, *row))
            except sqlite3.IntegrityError:
                raise Conflict("Another rule has this name.") from None
            return rule.id

        return await self._writer.ask(job, what="alarm rule")

    async def remove_rule(self, number: int) -> None:
        """Take a rule away."""
        await self._change("remove_alarm_rule", number)

    def subscriptions(self) -> Sequence[AlarmSubscription]:
        """Every subscription, the oldest first."""
        return [_subscription(row) for row in self._reading.execute(queries()["alarm_subscriptions"])]

    async def add_subscription(self, one: AlarmSubscription) -> int:
        """Add a subscription; returns its number. Raises NotFound where the user has gone."""
        row = (
            one.user,
            one.way,
            one.target,
            msgspec.json.encode(one.kinds).decode(),
            msgspec.json.encode(one.channels).decode(),
            one.about,
            microseconds(one.made_at),
        )

        def job(connection: sqlite3.Connection) -> int:
            made = connection.execute(queries()["add_alarm_subscription"], row)
            if made.rowcount != 1:
                raise NotFound("There is no such user any more.")
            return made.lastrowid or 0

        return await self._writer.ask(job, what="alarm subscription")

    async def remove_subscription(self, number: int) -> None:
        """Take a subscription away."""
        await self._change("remove_alarm_subscription", number)

    async def _change(self, query: str, number: int) -> None:
        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()[query], (number,))

        await self._writer.ask(job, what="alarm setting")


def _rule(row: Any) -> AlarmRule:
    return AlarmRule(
        id=row[0],
        name=row[1],
        kind=RuleKind(row[2]),
        threshold=row[3],
        period_s=row[4],
        recipient=row[5],
        channel=row[6],
        in_force=bool(row[7]),
        changed_at=moment(row[8]),
        author=row[9],
    )


def _subscription(row: Any) -> AlarmSubscription:
    return AlarmSubscription(
        id=row[0],
        user=row[1],
        way=Way(row[2]),
        target=row[3],
        kinds=msgspec.json.decode(row[4], type=tuple[AlarmKind, ...]),
        channels=msgspec.json.decode(row[5], type=tuple[str, ...]),
        about=row[6],
        made_at=moment(row[7]),
    )
