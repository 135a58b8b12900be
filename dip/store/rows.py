"""Rows as the writer inserts them: many in a statement; what several jobs of the writer write alike."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from dip.store.counters import Counters
from dip.store.queries import many
from dip.store.records import STATUS_CHANNEL, Exchange, NewStatus

Row = tuple[Any, ...]
_CHUNKS: Final = (400, 200, 100, 64, 32, 16, 8, 4, 2, 1)


def insert_many(connection: sqlite3.Connection, query: str, rows: Sequence[Row]) -> None:
    """Insert the rows by as few statements as a handful of prepared sizes allows.

    One statement for many rows, not one for each: the interpreter's lock changes hands once a statement.
    """
    start = 0
    for size in _CHUNKS:
        while len(rows) - start >= size:
            chunk = rows[start : start + size]
            connection.execute(many(query, size), [value for row in chunk for value in row])
            start += size


def exchange_row(id_: int, exchange: Exchange) -> Row:
    """An exchange as the columns of its table."""
    return (
        id_,
        exchange.direction,
        exchange.at,
        exchange.party,
        exchange.method,
        exchange.url,
        exchange.content_hash,
        exchange.signature,
        exchange.signature_date,
        exchange.signing_certificate,
        exchange.tls_certificate,
        exchange.status,
        exchange.answer,
        exchange.note,
        exchange.duration_us,
    )


class StatusRows:
    """Gathers status messages and the deliveries that carry them."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self.statuses: list[Row] = []
        self.deliveries: list[Row] = []
        self.lanes: set[int] = set()

    def add(self, message: int, status: NewStatus, at: int) -> None:
        """Queue a status message to its recipient."""
        counters = self._counters
        counters.status_message += 1
        counters.delivery += 1
        lane, sequence = counters.place(status.recipient, STATUS_CHANNEL)
        self.lanes.add(lane)
        number = counters.status_message
        self.statuses.append(
            (number, message, status.recipient, status.code, at, status.sealed, status.origin, status.digest)
        )
        self.deliveries.append((counters.delivery, message, number, lane, sequence, at))

    def write(self, connection: sqlite3.Connection) -> None:
        """Insert what was gathered."""
        insert_many(connection, "add_status_message", self.statuses)
        insert_many(connection, "add_status_delivery", self.deliveries)
