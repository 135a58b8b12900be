"""What a server of schema 11 counted stands as before in schema 12, with the sums over all parties (5.11.1)."""

import sqlite3

import pytest

from dip.store.database import connect, database_file
from dip.store.queries import sql_text
from dip.store.throughput import Side, SqliteThroughput, Throughput, ThroughputFilter

SENDERS = ("2300000001", "2300000002")


def older(connection: sqlite3.Connection) -> None:
    """Schema 11, as far as what passed goes."""
    connection.executescript(sql_text("migrations/0010_throughput.sql"))
    for number, sender in enumerate(SENDERS, 1):
        connection.execute(
            "INSERT INTO throughput SELECT 60, 120, 'IF-021', 'sender', ?1, 'taken', ?2, ?2, ?2 * 10, ?2, ?2 * 10, "
            "?2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0",
            (sender, number),
        )


@pytest.mark.requirement("FS-51")
async def test_figures_of_before_are_kept_and_summed(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("store")
    connection = connect(database_file(directory))
    older(connection)
    connection.executescript(sql_text("migrations/0012_throughput_pairs.sql"))
    connection.close()
    store = SqliteThroughput(database_file(directory))
    try:
        each = await store.passed(wanted(by_party=True))
        (both,) = await store.passed(wanted(by_party=False))
    finally:
        await store.close()
    assert [(one.party, one.count) for one in each] == [(SENDERS[0], 1), (SENDERS[1], 2)]
    assert (both.party, both.count) == (None, 3)
    assert told(both) == (3, 30, 1, 20)


def told(one: Throughput) -> tuple[int, int, int, int]:
    times = one.latencies
    return times.timed, times.sum_us, times.least_us, times.most_us


def wanted(*, by_party: bool) -> ThroughputFilter:
    return ThroughputFilter(since=0, until=600, span=60, bucket=60, side=Side.SENDER, by_party=by_party)
