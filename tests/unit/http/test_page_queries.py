"""The queries of the pages fit the schema, and none of them walks through all messages."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from dip.store.queries import parse, sql_text

QUERIES = parse(sql_text("pages.sql"))


class Anything(dict[str, Any]):
    """A value for every parameter."""

    def __missing__(self, key: str) -> None:
        return None


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    found = sqlite3.connect(":memory:")
    found.executescript(sql_text("schema.sql"))
    yield found
    found.close()


def plan(connection: sqlite3.Connection, name: str) -> list[str]:
    query = QUERIES[name]
    values: Anything | tuple[None, ...] = Anything() if ":" in query else (None,) * query.count("?")
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", values)]


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_compiles_and_reads_messages_through_an_index(connection: sqlite3.Connection, name: str) -> None:
    steps = plan(connection, name)
    whole = [step for step in steps if step.startswith(("SCAN m", "SCAN d ", "SCAN e", "SCAN j ", "SCAN s "))]
    # The first pair of sender and channel is the head of an index: one row of a scan that stops there.
    assert not [step for step in whole if "COVERING INDEX" not in step], steps


def test_queues_are_counted_in_the_partial_indexes(connection: sqlite3.Connection) -> None:
    scans = [step for step in plan(connection, "queues") if step.startswith("SCAN delivery")]
    assert [step.rpartition(" ")[2] for step in scans] == [
        *("delivery_waiting", "delivery_set_aside", "delivery_leased", "delivery_dead")
    ]
