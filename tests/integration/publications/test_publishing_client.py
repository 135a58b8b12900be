"""`dip.client` publishes: it goes on whatever breaks, and gives up in the end (FS-37)."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dip.client import CallRefused, FileUnreadable, ParticipantClient, Publishing, ServerNotReached, Uploaded
from dip.client.uploading import Patience
from dip.store.publication_records import PayloadState
from tests.conftest import Serve
from tests.integration.publications.sender import PUBLISHER, sender
from tests.support.platform import Platform
from tests.support.relay import Relay, relay

pytestmark = pytest.mark.requirement("FS-37")
MIB = 1024 * 1024
SIZE = 12 * MIB
PATIENCE = Patience(attempts=4, first_s=0.05, longest_s=0.1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "isd.bin"
    made.write_bytes(os.urandom(SIZE))
    return made


@asynccontextmanager
async def publishing(platform: Platform, *, patience: Patience = PATIENCE) -> AsyncIterator[tuple[Publishing, Relay]]:
    """A publisher whose connections go through a relay."""
    async with relay(urlsplit(platform.dip.api_url).port or 0) as between:
        async with ParticipantClient(platform.credentials(PUBLISHER), between.url) as client:
            yield Publishing(client, patience=patience, piece_bytes=4 * MIB), between


async def upload(publisher: Publishing, file: Path) -> Uploaded:
    return await publisher.upload(file, "IF-047", file.name, "1")


def is_whole(platform: Platform, file: Path) -> bool:
    """Whether the payload is there as its file is; and nobody but its sender may know."""
    found = platform.dip.store.publications.payload("IF-047", file.name, "1")
    assert found is not None
    stored = platform.dip.directory / "publications" / str(found.id)
    return found.state is PayloadState.WHOLE and stored.read_bytes() == file.read_bytes()


async def test_an_upload_goes_on_after_connections_that_broke(serve: Serve, file: Path) -> None:
    steps: list[int] = []
    async with serve() as platform, publishing(platform) as (publisher, between):
        # Shorter than a piece: without going on where it broke it would never end.
        between.cut_every, between.cuts = 3 * MIB, 3
        uploaded = await publisher.upload(file, "IF-047", file.name, "1", sent=lambda done, total: steps.append(done))
        assert between.cuts == 0
        assert is_whole(platform, file)
    assert uploaded.uri.endswith("/publications/IF-047/isd.bin/1")
    assert uploaded.size == steps[-1] == SIZE


async def test_what_is_there_already_is_not_sent_again(serve: Serve, file: Path) -> None:
    async with serve() as platform, publishing(platform) as (publisher, between):
        first = await upload(publisher, file)
        sent = between.passed
        assert await upload(publisher, file) == first
        assert between.passed - sent < MIB


async def test_an_upload_that_somebody_gave_up_begins_anew(serve: Serve, file: Path) -> None:
    async with serve() as platform, publishing(platform) as (publisher, between):
        between.hold_at = 6 * MIB
        sending = asyncio.create_task(upload(publisher, file))
        await between.held.wait()
        found = platform.dip.store.publications.payload("IF-047", file.name, "1")
        assert found is not None
        async with sender(platform.credentials(PUBLISHER), platform.dip.api_url) as other:
            assert (await other.ask("DELETE", f"{other.uploads}/{found.upload}")).status == 204
        between.go_on.set()
        await sending
        assert is_whole(platform, file)


async def test_without_progress_it_gives_up_after_so_many_attempts(serve: Serve, file: Path) -> None:
    async with serve() as platform, publishing(platform) as (publisher, between):
        between.cut_every, between.cuts = 1, 1000
        with pytest.raises(ServerNotReached):
            await upload(publisher, file)
        assert 1000 - between.cuts == PATIENCE.attempts


async def test_where_no_byte_moves_it_gives_up_in_its_time(serve: Serve, file: Path) -> None:
    patience = Patience(attempts=1, stall_s=0.5)
    async with serve() as platform, publishing(platform, patience=patience) as (publisher, between):
        between.hold_at = 6 * MIB
        with pytest.raises(ServerNotReached, match="in time"):
            await upload(publisher, file)


async def test_a_file_that_changes_while_it_is_sent_is_not_published(serve: Serve, file: Path) -> None:
    async with serve() as platform, publishing(platform) as (publisher, _):

        def change(done: int, total: int) -> None:
            if done:
                with file.open("r+b") as opened:
                    opened.seek(SIZE - 1000)
                    opened.write(b"changed")

        with pytest.raises(CallRefused, match="The upload was dropped"):
            await publisher.upload(file, "IF-047", file.name, "1", sent=change)
        assert platform.dip.store.publications.payload("IF-047", file.name, "1") is None
        # Its new content is another payload.
        await upload(publisher, file)
        assert is_whole(platform, file)


async def test_a_file_that_becomes_shorter_while_it_is_sent_is_told(serve: Serve, file: Path) -> None:
    async with serve() as platform, publishing(platform) as (publisher, _):

        def cut(done: int, total: int) -> None:
            if done:
                os.truncate(file, SIZE // 2)

        with pytest.raises(FileUnreadable, match="became shorter"):
            await publisher.upload(file, "IF-047", file.name, "1", sent=cut)


async def test_a_refusal_to_begin_is_told_at_once(serve: Serve, file: Path) -> None:
    async with serve(publication_uploads_a_sender=1) as platform, publishing(platform) as (publisher, _):
        async with sender(platform.credentials(PUBLISHER), platform.dip.api_url) as other:
            await other.begin(b"another payload", name="other.csv")
        with pytest.raises(CallRefused, match="as many as one may") as refused:
            await upload(publisher, file)
        assert refused.value.status == 429
