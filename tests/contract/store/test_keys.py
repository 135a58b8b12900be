"""Messages are found by their references and MPANs, whether their keys were moved on or not (5.4, 5.5.14)."""

import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from dip.ground.log import make_log
from dip.store.database import database_file
from dip.store.keys import GATHERED
from dip.store.page_records import MessageFilter
from dip.store.records import NewMessage, Verdict
from dip.store.sqlite import SqliteStore
from dip.store.sweep import ArchiveEnd
from tests.contract.store.records import ANNA, arrival, message

_GROUP = 700
SAME_KEY = (b"same by" + bytes(9), b"same by, not quite"[:16])
"""Digests of two MPANs that share the six bytes of their key."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path, group_limit=1000, log=make_log())
    yield made
    await made.close()


async def take_in(store: SqliteStore, messages: Iterable[NewMessage]) -> list[Verdict]:
    taken = await store.messages.take_in(arrival(*messages))
    return [outcome.verdict for outcome in taken.outcomes]


async def fill(store: SqliteStore, count: int) -> None:
    """So many messages, each under a reference and an MPAN of its own."""
    for start in range(0, count, _GROUP):
        await take_in(store, [numbered(number) for number in range(start, min(start + _GROUP, count))])


def numbered(number: int) -> NewMessage:
    return msgspec.structs.replace(message(f"r{number}", ANNA), mpan_digest=number.to_bytes(16, "little"))


def gathered(directory: Path) -> int:
    with closing(sqlite3.connect(database_file(directory))) as connection:
        found: tuple[int] = connection.execute("SELECT count(*) FROM message_key_gathered").fetchone()
        return found[0]


@pytest.mark.requirement("FS-14", "FS-24")
async def test_a_repeat_is_known_before_and_after_its_key_was_moved_on(store: SqliteStore, tmp_path: Path) -> None:
    count = 2 * GATHERED + 100
    await fill(store, count)
    assert await take_in(store, [numbered(count)]) == [Verdict.NEW]
    assert gathered(tmp_path) == 2
    repeated = [numbered(number) for number in (0, GATHERED - 1, GATHERED, 2 * GATHERED, count - 1, count)]
    assert await take_in(store, repeated) == [Verdict.SAME] * len(repeated)


@pytest.mark.parametrize("number", [0, GATHERED - 1, GATHERED, GATHERED + 100])
async def test_pages_find_a_message_by_reference_and_by_mpan(store: SqliteStore, number: int) -> None:
    await fill(store, GATHERED + 100)
    await take_in(store, [numbered(GATHERED + 100)])
    wanted = numbered(number)
    for given in (MessageFilter(reference=wanted.reference), MessageFilter(mpan_digest=wanted.mpan_digest)):
        assert [row.reference for row in await store.pages.messages(given)] == [wanted.reference]


async def test_messages_that_share_a_key_are_told_apart(store: SqliteStore) -> None:
    shared = [
        msgspec.structs.replace(message(f"r{place}", ANNA), mpan_digest=digest) for place, digest in enumerate(SAME_KEY)
    ]
    assert await take_in(store, shared) == [Verdict.NEW, Verdict.NEW]
    for place, digest in enumerate(SAME_KEY):
        assert [row.reference for row in await store.pages.messages(MessageFilter(mpan_digest=digest))] == [f"r{place}"]


@pytest.mark.requirement("FS-27")
async def test_a_forgotten_message_leaves_no_key(store: SqliteStore, tmp_path: Path) -> None:
    count = GATHERED + 100
    messages = [msgspec.structs.replace(numbered(number), deliveries=[], archive_until=1) for number in range(count)]
    for start in range(0, count, _GROUP):
        await take_in(store, messages[start : start + _GROUP])
    place: ArchiveEnd | None = ArchiveEnd()
    while place is not None:
        place = (await store.sweep.sweep_messages(2, place, 500)).last
    assert gathered(tmp_path) == 0
    with closing(sqlite3.connect(database_file(tmp_path))) as connection:
        assert connection.execute("SELECT count(*) FROM message_key").fetchone() == (0,)
    assert await take_in(store, [numbered(0)]) == [Verdict.NEW]
