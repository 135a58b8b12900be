"""Settling deliveries: every step from state to state, with its journal, in one job of the writer (5.5.8)."""

import sqlite3
from typing import Final

import msgspec

from dip.store.counters import Counters
from dip.store.queries import queries
from dip.store.records import OPEN, STEPS, Done, Settled, Settlement, Status
from dip.store.rows import StatusRows, exchange_row, insert_many
from dip.store.throughput import Passage

_ATTEMPTS: Final = frozenset(
    {
        Status.DELIVERED,
        Status.REJECTED_BY_RECIPIENT,
        Status.RETRYING,
        Status.PAUSED,
        Status.UNKNOWN_DELIVERY_STATUS,
        Status.DELIVERY_FAILURE,
    }
)
_PASSED_AS: Final = {
    Status.DELIVERED: Passage.DELIVERED,
    Status.REJECTED_BY_RECIPIENT: Passage.REJECTED,
    Status.DELIVERY_FAILURE: Passage.DEAD,
    Status.RETRIES_EXHAUSTED: Passage.DEAD,
    Status.RETRYING: Passage.FAILED,
    Status.PAUSED: Passage.FAILED,
    Status.UNKNOWN_DELIVERY_STATUS: Passage.FAILED,
}
_FROM: Final = {status: msgspec.json.encode(step.from_states).decode() for status, step in STEPS.items()}


def settle(connection: sqlite3.Connection, counters: Counters, settlement: Settlement) -> Done:
    """Record the call, move every delivery, write its journal, queue the status messages."""
    counters.exchange += 1
    exchange = settlement.exchange
    connection.execute(queries()["add_exchange"], exchange_row(counters.exchange, exchange))
    statuses = StatusRows(counters)
    journal = []
    taken: set[int] = set()
    passed: dict[int, Passage] = dict.fromkeys(settlement.delivered, Passage.DELIVERED)
    waiting_again: set[int] = set()
    for place, settled in enumerate(settlement.settled):
        if not _step(connection, counters.exchange, exchange.at, settled):
            continue
        taken.add(settled.delivery)
        if (passage := _PASSED_AS.get(settled.status)) is not None:
            passed[settled.delivery] = passage
        if settled.lane is not None:
            waiting_again.add(settled.lane)
        # An arrival is told by the delivery itself.
        if settled.status is not Status.DELIVERED:
            journal.append(
                (
                    settled.message,
                    counters.exchange,
                    place,
                    exchange.at,
                    settled.stage or settlement.stage,
                    settled.status,
                    exchange.status,
                    settled.recipient or settlement.recipient,
                    exchange.duration_us,
                    settled.detail,
                    settled.delivery,
                )
            )
        if settled.returned is not None:
            statuses.add(settled.message, settled.returned, exchange.at)
    if settlement.delivered:
        ids = msgspec.json.encode(settlement.delivered).decode()
        connection.execute(queries()["settle_delivered"], (ids, exchange.at, counters.exchange))
    if passed:
        counters.tallies.settled(connection, counters.exchange, exchange.at, passed)
    insert_many(connection, "add_journal_entry", journal)
    counters.write(connection)
    statuses.write(connection)
    counters.write_moved(connection)
    return Done(
        counters.exchange, frozenset(taken), frozenset(statuses.lanes | waiting_again), frozenset(waiting_again)
    )


def _step(connection: sqlite3.Connection, number: int, at: int, settled: Settled) -> bool:
    """Whether the delivery could take its step."""
    status = settled.status
    if status is Status.REQUEUED:
        return connection.execute(queries()["revive"], (settled.delivery, at)).rowcount > 0
    state = STEPS[status].state
    ended = None if state in OPEN else at
    attempt = 1 if status in _ATTEMPTS else 0
    row = (settled.delivery, state, ended, settled.set_aside_until, number, _FROM[status], attempt)
    return connection.execute(queries()["settle_one"], row).rowcount > 0
