"""The archive: sealed for the store, the latest at hand, bounded (5.2.2, 5.5.7)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.archive.archive import Archive
from dip.ground.log import make_log
from dip.messages.envelope import Envelope
from dip.messages.identifiers import TransactionId
from dip.security.vault import SealBroken, Vault, WrappedKey
from dip.store.sqlite import SqliteStore
from tests.contract.store.records import ANNA, arrival, message

MASTER = bytes(range(32))
NOW = datetime(2026, 3, 21, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path, group_limit=10, log=make_log())
    yield made
    await made.close()


def vault(keys: list[WrappedKey]) -> Vault:
    """A vault for another run of the server; its new keys join the others."""
    opened, new = Vault.opened(MASTER, keys, NOW)
    keys += new
    return opened


def envelope(text: str, size: int = 0) -> Envelope:
    return Envelope(b'{"payload":"' + text.encode() + b"x" * size + b'"}', 10)


async def keep(store: SqliteStore, archive: Archive, reference: str, content: Envelope) -> int:
    """Commit a message with this content, sealed; its number."""
    new = message(reference, ANNA)
    new.sealed = archive.seal(content, new.transaction_id)
    (outcome,) = (await store.messages.take_in(arrival(new))).outcomes
    assert outcome.message is not None
    return outcome.message


@pytest.mark.requirement("FS-27")
async def test_messages_come_from_memory_or_from_the_store_and_unknown_ones_are_missing(store: SqliteStore) -> None:
    archive = Archive(store.messages, vault([]), memory_bytes=1000)
    remembered = await keep(store, archive, "a", envelope("a"))
    archive.remember(remembered, envelope("a"))
    stored = await keep(store, archive, "b", envelope("b"))
    assert archive.envelopes([stored, remembered, 99]) == {stored: envelope("b"), remembered: envelope("a")}


@pytest.mark.requirement("FS-01", "FS-65")
async def test_messages_of_earlier_runs_open_though_each_run_seals_under_its_own_key(store: SqliteStore) -> None:
    keys: list[WrappedKey] = []
    numbers = [
        await keep(store, Archive(store.messages, vault(keys), memory_bytes=0), f"r{run}", envelope(f"run {run}"))
        for run in range(3)
    ]
    found = Archive(store.messages, vault(keys), memory_bytes=0).envelopes(numbers)
    assert [found[number] for number in numbers] == [envelope(f"run {run}") for run in range(3)]
    assert len({key.id for key in keys}) == len(keys) == 5


@pytest.mark.requirement("FS-08")
async def test_a_seal_opens_for_its_own_transaction_alone(store: SqliteStore) -> None:
    archive = Archive(store.messages, vault([]), memory_bytes=0)
    sealed = archive.seal(envelope("a"), TransactionId("T-1"))
    assert archive.open("T-1", sealed) == envelope("a")
    with pytest.raises(SealBroken):
        archive.open("T-2", sealed)
    with pytest.raises(SealBroken):
        archive.open("T-1", sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(SealBroken):
        Archive(store.messages, vault([]), memory_bytes=0).open("T-1", sealed)


async def test_equal_messages_have_unequal_seals_that_show_nothing_of_them(store: SqliteStore) -> None:
    archive = Archive(store.messages, vault([]), memory_bytes=0)
    first, second = (archive.seal(envelope("2000056535971"), TransactionId("T-1")) for _ in range(2))
    assert first != second
    assert b"2000056535971" not in first


async def test_memory_holds_the_latest_messages_up_to_its_bound(store: SqliteStore) -> None:
    # Nothing is in the store here: what is found was in memory.
    @given(room=st.integers(0, 3000), sizes=st.lists(st.integers(0, 1500), max_size=30))
    def check(room: int, sizes: list[int]) -> None:
        archive = Archive(store.messages, vault([]), memory_bytes=room)
        for number, size in enumerate(sizes):
            archive.remember(number, envelope("", size))
        held = archive.envelopes(range(len(sizes)))
        assert sum(len(one.plain) for one in held.values()) <= room
        assert sorted(held) == list(range(len(sizes) - len(held), len(sizes)))
        left_out = len(sizes) - len(held) - 1
        if left_out >= 0:
            following = sum(len(envelope("", size).plain) for size in sizes[left_out:])
            assert following > room or not held

    check()


@pytest.mark.requirement("FS-09", "FS-18")
async def test_the_answer_to_a_call_is_kept_sealed_and_can_be_shown_as_evidence(store: SqliteStore) -> None:
    archive = Archive(store.messages, vault([]), memory_bytes=0)
    answer = b'{"messageArray":[{"help":"a marked word"}]}'
    sealed = archive.seal_answer(answer)
    assert b"marked" not in sealed
    assert archive.open_answer(sealed) == answer
    assert archive.open_answer(archive.seal_answer(b"")) == b""
