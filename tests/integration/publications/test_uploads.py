"""Payloads are uploaded, resumed, refused, given up: over mutual TLS, by tus 1.0.0 (5.6)."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from dip.client import credentials_of
from dip.messages.identifiers import DipId
from dip.store.publication_records import PayloadState
from tests.conftest import Serve
from tests.integration.publications.sender import (
    BYTES,
    CONTENT,
    OUTSIDER,
    PUBLISHER,
    Sender,
    about,
    file_of,
    files,
    held,
    publisher,
    sender,
    zipped,
)
from tests.integration.trust.agency import AGENT, give_role, office
from tests.support.platform import copied
from tests.support.process import Running, server
from tests.support.waiting import until

NOBODY_TAKES_OVER = 1000.0

pytestmark = pytest.mark.requirement("FS-36", "FS-37")


async def test_a_payload_comes_in_pieces_and_is_whole_with_the_last_byte(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT, mediaType="text/csv")
        first = await client.append(upload, 0, CONTENT[:1_000_000])
        assert (first.status, first.offset) == (204, 1_000_000)
        seen = await client.head(upload)
        assert (seen.status, seen.offset, seen.headers["Upload-Length"]) == (200, 1_000_000, "3000000")
        assert seen.headers["Cache-Control"] == "no-store"
        assert {"Upload-Expires", "Upload-Metadata"} <= seen.headers.keys()
        last = await client.append(upload, 1_000_000, CONTENT[1_000_000:])
        assert (last.status, last.offset) == (204, len(CONTENT))
        assert last.headers["Tus-Resumable"] == "1.0.0"
        payload = held(platform)
        assert payload is not None
        assert (payload.state, payload.media_type, payload.sender) == (PayloadState.WHOLE, "text/csv", PUBLISHER)
        assert file_of(platform, payload).read_bytes() == CONTENT
        assert file_of(platform, payload).stat().st_mode & 0o777 == 0o600
        uri = last.headers["X-DIP-Publication-URI"]
        assert uri == f"{platform.dip.portal_url}/publications/IF-047/isd.csv/1"
        again = await client.append(upload, len(CONTENT), b"")
        assert (again.status, again.offset) == (204, len(CONTENT))


async def test_a_payload_may_come_with_the_call_that_begins_it(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        made = await client.ask("POST", client.uploads, {**about(CONTENT), "Content-Type": BYTES}, CONTENT)
        assert (made.status, made.offset) == (201, len(CONTENT))
        assert (await client.head(made.headers["Location"])).offset == len(CONTENT)
        payload = held(platform)
        assert payload is not None and payload.state is PayloadState.WHOLE


async def test_an_upload_goes_on_after_a_broken_connection(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        payload = held(platform)
        assert payload is not None
        async with client.half_sent(upload, 0, CONTENT[:1_700_000], len(CONTENT)):
            await until(lambda: file_of(platform, payload).exists() and file_of(platform, payload).stat().st_size)

        async def goes_on() -> int:
            offset = (await client.head(upload)).offset
            answer = await client.append(upload, offset, CONTENT[offset:])
            assert answer.status == 204, answer
            return offset

        assert 512 * 1024 <= await until(goes_on) <= 1_700_000
        assert file_of(platform, payload).read_bytes() == CONTENT


async def test_a_connection_that_died_silently_gives_way_to_the_one_that_goes_on(serve: Serve) -> None:
    async with serve(publication_takeover_s=0) as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        async with client.half_sent(upload, 0, CONTENT[:1_000_000], len(CONTENT)):

            async def is_kept() -> bool:
                return (await client.head(upload)).offset == 1_000_000

            await until(is_kept)
            assert (await client.append(upload, 1_000_000, CONTENT[1_000_000:])).status == 204


async def test_of_two_requests_at_once_the_second_is_told_to_wait(serve: Serve) -> None:
    async with serve(publication_takeover_s=NOBODY_TAKES_OVER) as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        async with client.half_sent(upload, 0, CONTENT[:100], len(CONTENT)) as first:

            async def is_busy() -> bool:
                return (await client.append(upload, 0, b"")).status == 423

            await until(is_busy)
            first.write(CONTENT[100:])
            await first.drain()
            await until(lambda: (payload := held(platform)) and payload.state is PayloadState.WHOLE)


async def test_an_upload_that_brings_no_byte_is_ended_and_what_came_is_kept(serve: Serve) -> None:
    settings = {"publication_stall_s": 0.2, "publication_takeover_s": NOBODY_TAKES_OVER}
    async with serve(**settings) as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        async with client.half_sent(upload, 0, CONTENT[:100_000], len(CONTENT)):

            async def is_ended() -> bool:
                return (await client.head(upload)).offset == 100_000

            await until(is_ended)
            assert (await client.append(upload, 100_000, CONTENT[100_000:])).status == 204


@pytest.mark.parametrize(
    ("compression", "content"),
    [("gzip", gzip.compress(CONTENT[:10]) + gzip.compress(CONTENT[10:])), ("zip", zipped({"a/b.csv": CONTENT}))],
)
async def test_the_unpacked_size_of_what_is_packed_is_known(serve: Serve, compression: str, content: bytes) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(content, compression=compression)
        assert (await client.append(upload, 0, content)).status == 204
        payload = held(platform)
        assert payload is not None and payload.unpacked_size == len(CONTENT)


async def test_an_agent_uploads_for_who_assigned_the_role(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting, publisher(platform, AGENT) as agent:
        order = {**about(CONTENT), "X-DIP-Sender": PUBLISHER}
        assert (await agent.ask("POST", agent.uploads, order)).status == 403
        await acting.assign(PUBLISHER, "ISD")
        made = await agent.ask("POST", agent.uploads, order)
        assert made.status == 201
        assert (await agent.append(made.headers["Location"], 0, CONTENT)).status == 204
        await acting.withdraw(PUBLISHER, "ISD")
        assert (await agent.head(made.headers["Location"])).status == 404
        payload = held(platform)
        assert payload is not None and payload.sender == PUBLISHER


async def test_a_client_without_a_memory_finds_its_upload_again(serve: Serve) -> None:
    async with serve() as platform:
        await give_role(platform, OUTSIDER, "ISD")
    async with serve() as platform, publisher(platform) as client, publisher(platform, OUTSIDER) as other:
        upload = await client.begin(CONTENT)
        again = await client.ask("POST", client.uploads, about(CONTENT))
        assert (again.status, again.headers["Location"]) == (409, upload)
        changed = await client.ask("POST", client.uploads, about(CONTENT + b"x"))
        assert changed.status == 409
        assert "Location" not in changed.headers
        foreign = await other.ask("POST", other.uploads, about(CONTENT))
        assert foreign.status == 409
        assert not {"Location", "X-DIP-Publication-URI"} & foreign.headers.keys()
        assert PUBLISHER not in foreign.help
        await client.append(upload, 0, CONTENT)
        whole = await client.ask("POST", client.uploads, about(CONTENT))
        assert whole.status == 409
        assert whole.headers["X-DIP-Publication-URI"] in whole.help


async def test_an_upload_is_given_up(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        async with client.half_sent(upload, 0, CONTENT[:1_000_000], len(CONTENT)):
            await until(lambda: files(platform))
            assert (await client.ask("DELETE", upload)).status == 204
        assert (await client.head(upload)).status == 404
        assert files(platform) == []
        whole = await client.begin(CONTENT)
        await client.append(whole, 0, CONTENT)
        assert (await client.ask("DELETE", whole)).status == 204
        assert files(platform) == []
        # For who can only POST.
        last = await client.begin(CONTENT)
        assert (await client.ask("POST", last, {"X-HTTP-Method-Override": "DELETE"})).status == 204


@pytest.mark.parametrize("state", ["half", "whole"])
async def test_what_is_left_lying_is_swept(serve: Serve, state: str) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        await client.append(upload, 0, CONTENT if state == "whole" else CONTENT[:5])
        uploads = platform.dip.store.publications
        hours = {"half": 48, "whole": 168}[state]
        token = (await client.head(upload)).headers["Upload-Expires"]
        assert token
        headers = {"Authorization": f"Bearer {(platform.dip.directory / 'admin.token').read_text().strip()}"}
        clock = f"{platform.dip.portal_url}/admin/api/clock"
        async with client.session.post(clock, json={"advance": f"PT{hours - 1}H"}, headers=headers) as answer:
            assert answer.status == 200
        assert len(uploads.uploads(10)) == 1
        async with client.session.post(clock, json={"advance": "PT1H"}, headers=headers) as answer:
            assert answer.status == 200
        await until(lambda: not uploads.uploads(10))
        assert (await client.head(upload)).status == 404
        await until(lambda: files(platform) == [])


async def test_what_is_spoken_here_is_told(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        async with client.session.options(client.uploads) as answer:
            assert answer.status == 204
            assert answer.headers["Tus-Version"] == "1.0.0"
            assert "creation-with-upload" in answer.headers["Tus-Extension"]
            assert answer.headers["Tus-Max-Size"] == str(64 * 1024**3)
        upload = await client.begin(CONTENT)
        wrong = {"Upload-Offset": "0", "Content-Type": "text/csv"}
        assert (await client.ask("PATCH", upload, wrong, CONTENT)).status == 415


async def test_a_stopping_server_keeps_what_came(serve: Serve) -> None:
    async with AsyncExitStack() as stack:
        async with serve() as platform, publisher(platform) as client:
            upload = await client.begin(CONTENT)
            payload = held(platform)
            assert payload is not None
            await stack.enter_async_context(client.half_sent(upload, 0, CONTENT[:1_700_000], len(CONTENT)))
            await until(lambda: file_of(platform, payload).exists() and file_of(platform, payload).stat().st_size)
        async with serve() as platform, publisher(platform) as client:
            kept = held(platform)
            assert kept is not None
            assert 512 * 1024 <= kept.received <= 1_700_000
            url, rest = f"{client.uploads}/{kept.upload}", CONTENT[kept.received :]
            assert (await client.append(url, kept.received, rest)).status == 204
            assert file_of(platform, kept).read_bytes() == CONTENT


async def killed_in_the_midst(running: Running, client: Sender, upload: str, content: bytes) -> None:
    """Send until the server is killed, after so much that something of it was noted."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content) - 1_000_000, 65536):
            yield content[start : start + 65536]
        while True:
            await asyncio.Event().wait()

    sending = asyncio.create_task(client.append(upload, 0, pieces()))

    async def is_noted() -> bool:
        return (await client.head(upload)).offset > 0

    await until(is_noted)
    await running.kill()
    await asyncio.gather(sending, return_exceptions=True)


@pytest.mark.requirement("FS-36")
async def test_a_killed_server_goes_on_where_it_was_certain(laid_out: Path, tmp_path: Path) -> None:
    directory = copied(laid_out, tmp_path / "state")
    content = hashlib.shake_256(b"large").digest(24_000_000)
    small_steps = {"DIP_PUBLICATION_SYNC_BYTES": str(1024 * 1024), "DIP_PUBLICATION_TAKEOVER_S": "1000"}
    credentials = credentials_of(directory, DipId(PUBLISHER))
    async with server(directory, environment=small_steps) as running:
        ready: dict[str, Any] = await running.ready()
        async with sender(credentials, ready["api"]) as client:
            upload = await client.begin(content, name="large.bin")
            await killed_in_the_midst(running, client, upload, content)
    async with server(directory, environment=small_steps) as running:
        ready = await running.ready()
        async with sender(credentials, ready["api"]) as client:
            again = await client.ask("POST", client.uploads, about(content, name="large.bin"))
            assert again.status == 409
            offset = (await client.head(again.headers["Location"])).offset
            assert 0 < offset < len(content)
            done = await client.append(again.headers["Location"], offset, content[offset:])
            assert (done.status, done.offset) == (204, len(content))
    (file,) = (directory / "publications").iterdir()
    assert file.read_bytes() == content
