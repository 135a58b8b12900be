"""Wherever the store fails, or the process dies, an upload is whole or goes on; a half one never counts as whole."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dip.ground.clock import Clock
from dip.ground.errors import StoreUnavailable
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.ground.steps import Milestone
from dip.messages.identifiers import DipId, InterfaceId
from dip.publications.address import PublicAddress
from dip.publications.shelf import Shelf
from dip.publications.uploads import Uploads
from dip.store.publication_records import NewPayload, Payload, PayloadState
from dip.store.sqlite import SqliteStore

MEBIBYTE = 1024 * 1024
CONTENT = hashlib.shake_256(b"payload").digest(40 * MEBIBYTE)
WANTED = NewPayload(
    upload="",
    channel=InterfaceId("IF-047"),
    name="isd.bin",
    version="1",
    sender=DipId("2700000001"),
    media_type="application/octet-stream",
    compression=None,
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).digest(),
)
MOST_COMMITS = 20


class FailingDisk:
    """Lets so many commits of uploads pass, and fails at the next one."""

    def __init__(self, passed: int, at: Milestone) -> None:
        self.left = passed
        self.at = at
        self.failed = False

    def reached(self, milestone: Milestone, of: str = "") -> None:
        """Fail once."""
        if of != "publications" or milestone is not self.at or self.failed:
            return
        self.left -= 1
        if self.left < 0:
            self.failed = True
            raise sqlite3.OperationalError("disk I/O error")


@asynccontextmanager
async def uploading(directory: Path, disk: FailingDisk) -> AsyncIterator[tuple[Uploads, SqliteStore]]:
    log = make_log()
    store = SqliteStore(directory, group_limit=100, log=log, steps=disk)
    executor = ThreadPoolExecutor(2)
    settings = Settings(publication_sync_bytes=MEBIBYTE, publication_space_left_bytes=0)
    try:
        yield (
            Uploads(
                settings=settings,
                store=store.publications,
                shelf=Shelf(directory / "publications"),
                public=PublicAddress("https://dip.example"),
                executor=executor,
                moved=lambda way, count: None,
                clock=Clock(),
                log=log,
            ),
            store,
        )
    finally:
        # Nothing is closed in order: whoever dies closes nothing.
        executor.shutdown()
        await store.close()


async def send(uploads: Uploads, payload: Payload) -> Payload:
    place = payload.received

    async def read() -> bytes:
        nonlocal place
        await asyncio.sleep(0)
        piece = CONTENT[place : place + 300_000]
        place += len(piece)
        return piece

    return await uploads.append(payload, payload.received, read)


async def find_or_begin(uploads: Uploads, store: SqliteStore) -> Payload:
    return store.publications.payload(WANTED.channel, WANTED.name, WANTED.version) or await uploads.begin(WANTED)


@pytest.mark.requirement("FS-36")
async def test_a_disk_that_fails_at_any_commit_leaves_an_upload_that_goes_on(tmp_path: Path) -> None:
    offsets = set()
    for passed in range(MOST_COMMITS):
        directory, disk = tmp_path / str(passed), FailingDisk(passed, Milestone.BEFORE_COMMIT)
        directory.mkdir()
        async with uploading(directory, disk) as (uploads, store):
            try:
                payload = await send(uploads, await find_or_begin(uploads, store))
            except StoreUnavailable:
                assert disk.failed
        async with uploading(directory, disk) as (uploads, store):
            payload = await find_or_begin(uploads, store)
            if payload.state is PayloadState.RECEIVING:
                offsets.add(payload.received)
                assert payload.received < payload.size
                payload = await send(uploads, payload)
            assert payload.state is PayloadState.WHOLE
            assert (directory / "publications" / str(payload.id)).read_bytes() == CONTENT
        if not disk.failed:
            # Every commit that there is has failed once.
            assert len(offsets) > 2
            return
    pytest.fail("an upload takes more commits than was thought")


async def test_after_a_failed_commit_the_same_server_goes_on(tmp_path: Path) -> None:
    disk = FailingDisk(2, Milestone.BEFORE_COMMIT)
    async with uploading(tmp_path, disk) as (uploads, _):
        payload = await uploads.begin(WANTED)
        with pytest.raises(StoreUnavailable):
            await send(uploads, payload)
        payload = await uploads.find(payload.upload)
        assert 0 < payload.received < payload.size
        payload = await send(uploads, payload)
        assert payload.state is PayloadState.WHOLE
        assert (tmp_path / "publications" / str(payload.id)).read_bytes() == CONTENT
