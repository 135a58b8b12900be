"""Requeues: what was sent to a recipient once stands in its queue again, in steps that survive a restart (5.5.11)."""

import sqlite3
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Final

import msgspec

from dip.ground.errors import DipError
from dip.messages.identifiers import DipId
from dip.store.counters import Counters
from dip.store.evidence import own_step
from dip.store.page_records import Parties, in_scope
from dip.store.queries import queries
from dip.store.records import STATUS_CHANNEL, Exchange, Status, stage_of
from dip.store.rows import exchange_row, insert_many
from dip.store.writer import Writer

_NO_NUMBER: Final = 2**63 - 1


class RequeueRunning(DipError):
    """A requeue of these messages is still running. Begin another one when it has ended."""

    code: ClassVar[str] = "requeue_running"


class RequeueState(StrEnum):
    """How a requeue stands (live API 2.2.1, RequeueStatus)."""

    PROCESSING = "Processing"
    COMPLETED = "Completed"
    FAILED = "Failed"
    PARTIAL_COMPLETION = "PartialCompletion"


class NewRequeue(msgspec.Struct, frozen=True, kw_only=True):
    """A requeue to begin. request: what is wanted, sealed. after, upto: the stretch of the lane, by sequence number."""

    name: str
    recipient: DipId
    channel: str
    at: int
    request: bytes
    after: int
    upto: int


class Requeue(msgspec.Struct, frozen=True):
    """A requeue and how far it is. position: the last sequence number that was dealt with."""

    id: int
    name: str
    recipient: DipId
    channel: str
    at: int
    request: bytes
    position: int
    upto: int
    total: int
    """0 while they are being counted."""
    processed: int
    status: RequeueState
    ended_at: int | None


class RequeueStep(msgspec.Struct, frozen=True, kw_only=True):
    """The next deliveries of a requeue, as addressed, in order. after, position: where it stood, and stands then.

    at: business time; processed: how many it dealt with, those included that need nothing.
    """

    run: Requeue
    deliveries: Sequence[int]
    after: int
    position: int
    processed: int
    at: int
    last: bool


class Requeued(msgspec.Struct, frozen=True):
    """What a step put into the queue: deliveries that wait again under their number, and new ones behind them."""

    revived: int = 0
    added: int = 0


class SqliteRequeues:
    """RequeueStore over SQLite: each step is one job of the writer."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection, counters: Counters) -> None:
        self._writer = writer
        self._reading = reading
        self._counters = counters

    async def begin(self, new: NewRequeue, exchange: Exchange) -> None:
        """Keep a requeue and the call that asked for it. Raises RequeueRunning, StoreUnavailable."""

        def job(connection: sqlite3.Connection) -> None:
            if connection.execute(queries()["requeue_under_way"], (new.recipient, new.channel)).fetchone():
                raise RequeueRunning
            self._counters.exchange += 1
            number = self._counters.exchange
            connection.execute(queries()["add_exchange"], exchange_row(number, exchange))
            connection.execute(
                queries()["add_requeue"],
                (
                    *(number, new.name, new.recipient, new.channel, new.at),
                    *(new.request, new.after, new.upto, 0, RequeueState.PROCESSING),
                ),
            )

        await self._writer.ask(job)

    async def count(self, run: Requeue, total: int) -> None:
        """Say how many deliveries a requeue covers."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["count_requeue"], (run.id, total))

        await self._writer.ask(job)

    async def step(self, step: RequeueStep) -> Requeued:
        """Put the next deliveries into the queue, with their journal and the progress. Raises StoreUnavailable.

        A step that was made already, or whose requeue has ended, does nothing.
        """
        return await self._writer.ask(
            lambda connection: _step(connection, self._counters, step),
            weight=len(step.deliveries) or 1,
            what="requeue",
        )

    async def end(self, run: Requeue, status: RequeueState, at: int) -> None:
        """End a requeue that can't go on."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["end_requeue"], (run.id, status, at))

        await self._writer.ask(job)

    def running(self) -> Sequence[Requeue]:
        """The requeues that are not at their end, in order."""
        return _requeues(self._reading.execute(queries()["requeues_running"]))

    def of(self, recipient: str, channel: str, name: str | None, limit: int) -> Sequence[Requeue]:
        """The last requeues of a recipient and channel, newest first; or the one of that name."""
        return _requeues(self._reading.execute(queries()["requeues_of"], (recipient, channel, name, limit)))

    def newest(self, before: int | None, limit: int, parties: Parties = None) -> Sequence[Requeue]:
        """The last requeues of the parties, newest first, below a number."""
        below = _NO_NUMBER if before is None else before
        return _requeues(self._reading.execute(queries()["requeues_newest"], (below, limit, in_scope(parties))))


def _step(connection: sqlite3.Connection, counters: Counters, step: RequeueStep) -> Requeued:
    run = step.run
    stands = connection.execute(queries()["requeue_stands"], (run.id,)).fetchone()
    if stands != (step.after, RequeueState.PROCESSING):
        return Requeued()
    listed = msgspec.json.encode(step.deliveries).decode()
    copies = connection.execute(queries()["copies_of"], (listed,)).fetchall() if step.deliveries else []
    journal = _Journal(connection, counters, step)
    revived = 0
    rows: list[tuple[Any, ...]] = []
    for _, message, status_message, hidden, on_its_way, given_up in copies:
        if on_its_way:
            continue
        if given_up is not None:
            connection.execute(queries()["revive"], (given_up, step.at))
            journal.add(message, Status.REQUEUED, given_up)
            revived += 1
            continue
        counters.delivery += 1
        lane, sequence = counters.place(run.recipient, run.channel)
        rows.append((counters.delivery, message, status_message, lane, sequence, hidden, step.at, 1, run.id))
        journal.add(message, Status.QUEUED_AGAIN, counters.delivery)
    insert_many(connection, "add_replayed_delivery", rows)
    journal.write()
    connection.execute(queries()["move_requeue"], (run.id, step.position, step.processed))
    if step.last:
        connection.execute(queries()["end_requeue"], (run.id, RequeueState.COMPLETED, step.at))
    counters.write_moved(connection)
    return Requeued(revived, len(rows))


class _Journal:
    """The entries of a step, under one step of the DIP's own."""

    def __init__(self, connection: sqlite3.Connection, counters: Counters, step: RequeueStep) -> None:
        self._connection = connection
        self._counters = counters
        self._step = step
        self._rows: list[tuple[Any, ...]] = []

    def add(self, message: int, status: Status, delivery: int) -> None:
        """What became of a message, and the delivery that waits now."""
        if not self._rows:
            self._counters.exchange += 1
        run = self._step.run
        stage = stage_of(for_status=run.channel == STATUS_CHANNEL)
        number, place = self._counters.exchange, len(self._rows)
        detail = f"requeue {run.name}"
        self._rows.append(
            (message, number, place, self._step.at, stage, status, None, run.recipient, 0, detail, delivery)
        )

    def write(self) -> None:
        """Insert what was added."""
        if not self._rows:
            return
        run = self._step.run
        own = own_step(self._step.at, run.recipient, f"requeue {run.name}")
        self._connection.execute(queries()["add_exchange"], exchange_row(self._counters.exchange, own))
        insert_many(self._connection, "add_journal_entry", self._rows)


def _requeues(rows: Iterable[Any]) -> list[Requeue]:
    found = (Requeue(*row) for row in rows)
    return [msgspec.structs.replace(one, status=RequeueState(one.status)) for one in found]
