"""Settling deliveries: what a webhook call made of each, in one job of the writer."""

import sqlite3

import msgspec

from dip.store.counters import Counters
from dip.store.queries import queries
from dip.store.records import DeliveryState, Settlement
from dip.store.take_in import StatusRows, exchange_row, insert_many


def settle(connection: sqlite3.Connection, counters: Counters, settlement: Settlement) -> frozenset[int]:
    """Record the call, move every delivery, write its journal, queue the status messages; returns their lanes."""
    counters.exchange += 1
    exchange = settlement.exchange
    connection.execute(queries()["add_exchange"], exchange_row(counters.exchange, exchange))
    delivered = list(settlement.delivered)
    statuses = StatusRows(counters)
    journal = []
    for place, settled in enumerate(settlement.settled):
        if settled.state is DeliveryState.DELIVERED:
            delivered.append(settled.delivery)
            continue
        connection.execute(
            queries()["settle_one"],
            (
                settled.delivery,
                settled.state,
                None if settled.state is DeliveryState.WAITING else exchange.at,
                settled.set_aside_until,
                counters.exchange,
            ),
        )
        journal.append(
            (
                settled.message,
                counters.exchange,
                place,
                exchange.at,
                settlement.stage,
                settled.status,
                exchange.status,
                settlement.recipient,
                exchange.duration_us,
                settled.detail,
            )
        )
        if settled.returned is not None:
            statuses.add(settled.message, settled.returned, exchange.at)
    if delivered:
        ids = msgspec.json.encode(delivered).decode()
        connection.execute(queries()["settle_delivered"], (ids, exchange.at, counters.exchange))
    insert_many(connection, "add_journal_entry", journal)
    counters.write(connection)
    statuses.write(connection)
    counters.write_moved(connection)
    return frozenset(statuses.lanes)
