"""How much passed between two minutes, read from hours where whole ones lie between (5.11.1)."""

import asyncio
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.ground.log import make_log
from dip.store.database import database_file
from dip.store.sqlite import SqliteStore
from dip.store.throughput import CountFilter, Passage, Side, Tallies

MINUTE, MICROSECONDS = 60, 1_000_000
MINUTES = 60 * 7
CHANNELS, PARTIES = ("IF-021", "IF-031"), ("2200000001", "2300000001")

passages = st.lists(
    st.tuples(
        st.integers(0, MINUTES),
        st.sampled_from(CHANNELS),
        st.sampled_from(tuple(Side)),
        st.sampled_from(PARTIES),
        st.sampled_from((Passage.TAKEN, Passage.DELIVERED, Passage.REJECTED)),
    ),
    max_size=60,
)
wanted = st.builds(
    lambda since, length, side, outcomes, channel, party: CountFilter(
        since=since * MINUTE,
        until=(since + length) * MINUTE,
        side=side,
        outcomes=outcomes,
        channel=channel,
        party=party,
    ),
    since=st.integers(0, MINUTES),
    length=st.integers(0, MINUTES),
    side=st.sampled_from(tuple(Side)),
    outcomes=st.sampled_from(((Passage.TAKEN,), (Passage.DELIVERED, Passage.REJECTED))),
    channel=st.sampled_from(("", *CHANNELS)),
    party=st.sampled_from(("", *PARTIES)),
)


@pytest.mark.requirement("FS-56")
@given(passed=passages, asked=wanted)
def test_a_count_is_the_sum_of_its_minutes(
    passed: list[tuple[int, str, Side, str, Passage]], asked: CountFilter
) -> None:
    expected = sum(
        asked.since <= minute * MINUTE < asked.until
        and side is asked.side
        and outcome in asked.outcomes
        and asked.channel in ("", channel)
        and asked.party in ("", party)
        for minute, channel, side, party, outcome in passed
    )
    with TemporaryDirectory() as directory:
        assert asyncio.run(counted(Path(directory), passed, asked)) == expected


async def counted(directory: Path, passed: list[tuple[int, str, Side, str, Passage]], asked: CountFilter) -> int:
    store = SqliteStore(directory, group_limit=1, log=make_log())
    try:
        tallies = Tallies()
        for minute, channel, side, party, outcome in passed:
            tallies.count(minute * MINUTE * MICROSECONDS, channel, side, party, outcome)
        with sqlite3.connect(database_file(directory)) as connection:
            tallies.write(connection)
        return await store.throughput.count(asked)
    finally:
        await store.close()
