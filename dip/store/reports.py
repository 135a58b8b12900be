"""Status messages from participants, kept and queued for the original sender in one job (5.5.9, 5.5.13 E)."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from dip.ground.errors import NotPermitted
from dip.messages.identifiers import CorrelationId, DipId, InterfaceId, SenderReference, TransactionId
from dip.store.counters import Counters
from dip.store.queries import queries
from dip.store.records import Exchange, NewStatus, Outcome, Stage, Status, Taken, Verdict
from dip.store.rows import StatusRows, exchange_row, insert_many
from dip.store.writer import Writer


class Reportable(msgspec.Struct, frozen=True):
    """A message that a status message may be about, and everybody to whom it is addressed.

    agent: who sent it for its sender; None where that was itself.
    """

    message: int
    transaction_id: TransactionId
    correlation_id: CorrelationId | None
    reference: SenderReference
    sender: DipId
    interface: InterfaceId
    agent: DipId | None
    recipients: frozenset[DipId]


class Report(msgspec.Struct, frozen=True):
    """A checked status message about one message; its digest says which ones are the same."""

    about: Reportable
    status: NewStatus


class StatusArrival(msgspec.Struct, kw_only=True):
    """What one request of status messages brings to the store; committed in one transaction.

    conclude: turns the outcomes into the HTTP status and body of the answer, within the transaction; seal: how that
    body is kept; none_taken: another one of the request is refused, and with it these.
    """

    exchange: Exchange
    reports: Sequence[Report]
    none_taken: bool
    conclude: Callable[[Sequence[Outcome]], tuple[int, bytes]]
    seal: Callable[[bytes], bytes]


class SqliteReports:
    """ReportStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection, counters: Counters) -> None:
        self._writer = writer
        self._reading = reading
        self._counters = counters

    def reportable(self, transactions: Iterable[str]) -> Mapping[str, Reportable]:
        """These messages, as far as the archive remembers them, by transaction id."""
        listed = msgspec.json.encode(list(transactions)).decode()
        return {row[1]: _reportable(row) for row in self._reading.execute(queries()["reportable"], (listed,))}

    async def take_in(self, arrival: StatusArrival) -> Taken:
        """Commit what is new of a request.

        Raises StoreUnavailable, and NotPermitted where a message was forgotten meanwhile; then nothing is kept.
        """
        return await self._writer.ask(
            lambda connection: _take_in(connection, self._counters, arrival),
            weight=len(arrival.reports) or 1,
            what="status messages",
        )


def _take_in(connection: sqlite3.Connection, counters: Counters, arrival: StatusArrival) -> Taken:
    listed = msgspec.json.encode([report.about.message for report in arrival.reports]).decode()
    kept = {row[0] for row in connection.execute(queries()["kept_messages"], (listed,))}
    if any(report.about.message not in kept for report in arrival.reports):
        raise NotPermitted("The archive time of a message is over; nobody can report about it any more.")
    known = set(connection.execute(queries()["reported"], (listed,)))
    outcomes: list[Outcome] = []
    new: list[tuple[int, Report]] = []
    for place, report in enumerate(arrival.reports):
        key = (report.about.message, report.status.digest)
        if key in known:
            verdict = Verdict.SAME
        elif arrival.none_taken:
            verdict = Verdict.LEFT
        else:
            verdict = Verdict.NEW
            known.add(key)
            new.append((place, report))
        about = report.about
        outcomes.append(Outcome(verdict, about.message, about.transaction_id, about.correlation_id))
    exchange = arrival.exchange
    exchange.status, answer = arrival.conclude(outcomes)
    exchange.answer = arrival.seal(answer)
    counters.exchange += 1
    connection.execute(queries()["add_exchange"], exchange_row(counters.exchange, exchange))
    lanes = _insert(connection, counters, exchange, new)
    return Taken(exchange.status, answer, outcomes, lanes)


def _insert(
    connection: sqlite3.Connection, counters: Counters, exchange: Exchange, new: Sequence[tuple[int, Report]]
) -> frozenset[int]:
    statuses = StatusRows(counters)
    journal: list[tuple[Any, ...]] = []
    for place, report in new:
        status = report.status
        statuses.add(report.about.message, status, exchange.at)
        journal.append(
            (
                report.about.message,
                counters.exchange,
                place,
                exchange.at,
                Stage.STATUS_MESSAGE,
                Status.GOOD_TO_GO,
                exchange.status,
                status.origin,
                exchange.duration_us,
                status.code,
                # The delivery that it is about stays as it is.
                None,
            )
        )
    counters.write(connection)
    statuses.write(connection)
    insert_many(connection, "add_journal_entry", journal)
    counters.write_moved(connection)
    return frozenset(statuses.lanes)


def _reportable(row: Sequence[Any]) -> Reportable:
    message, transaction_id, correlation_id, reference, sender, interface, agent, recipients = row
    return Reportable(
        message,
        TransactionId(transaction_id),
        None if correlation_id is None else CorrelationId(correlation_id),
        SenderReference(reference),
        DipId(sender),
        InterfaceId(interface),
        None if agent is None else DipId(agent),
        msgspec.json.decode(recipients, type=frozenset[DipId]),
    )
