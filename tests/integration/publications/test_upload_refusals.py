"""Uploads that are refused: each with a clear word, and nothing half left behind (5.6)."""

import base64
import gzip
import hashlib
from collections.abc import AsyncIterator

import pytest

from dip.store.publication_records import PayloadState
from tests.conftest import Serve
from tests.integration.publications.sender import (
    BYTES,
    CHANNEL,
    CONTENT,
    OUTSIDER,
    about,
    file_of,
    files,
    held,
    metadata,
    publisher,
    zipped,
)

pytestmark = pytest.mark.requirement("FS-36")


def sha256(data: bytes) -> str:
    return "sha256 " + base64.b64encode(hashlib.sha256(data).digest()).decode()


async def test_a_wrong_offset_is_told_the_right_one(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        await client.append(upload, 0, CONTENT[:1000])
        for offset in (0, 999, 1001):
            refused = await client.append(upload, offset, CONTENT[offset:])
            assert (refused.status, refused.offset) == (409, 1000)
            assert "expected 1000" in refused.help
        payload = held(platform)
        assert payload is not None and payload.received == 1000


async def test_a_wrong_digest_drops_the_upload_and_names_both(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        wrong = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]
        refused = await client.append(upload, 0, wrong)
        assert refused.status == 422
        for content in (CONTENT, wrong):
            assert hashlib.sha256(content).hexdigest() in refused.help
        assert (await client.head(upload)).status == 404
        assert held(platform) is None
        assert files(platform) == []
        assert await client.begin(CONTENT)


async def test_bytes_beyond_the_declared_length_are_refused_and_those_before_kept(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        refused = await client.append(upload, 0, CONTENT + b"more")
        assert refused.status == 413
        payload = held(platform)
        assert payload is not None and payload.state is PayloadState.WHOLE
        assert file_of(platform, payload).read_bytes() == CONTENT


async def test_bytes_with_another_checksum_are_thrown_away(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        await client.append(upload, 0, CONTENT[:1000], **{"Upload-Checksum": sha256(CONTENT[:1000])})
        refused = await client.append(upload, 1000, CONTENT[1000:5000], **{"Upload-Checksum": sha256(b"other")})
        assert refused.status == 460
        assert (await client.head(upload)).offset == 1000
        unknown = await client.append(upload, 1000, CONTENT[1000:5000], **{"Upload-Checksum": "md5 AAAA"})
        assert unknown.status == 400
        right = {"Upload-Checksum": sha256(CONTENT[1000:])}
        assert (await client.append(upload, 1000, CONTENT[1000:], **right)).status == 204
        payload = held(platform)
        assert payload is not None
        assert file_of(platform, payload).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("compression", "content"),
    [
        ("gzip", gzip.compress(bytes(20_000_000))),
        ("gzip", gzip.compress(CONTENT)[:-5]),
        ("gzip", b"plain text"),
        ("gzip", gzip.compress(b"whole") + b"and more"),
        ("zip", b"no archive"),
        ("zip", zipped({"a.csv": bytes(20_000_000)})),
        ("zip", zipped({"../a.csv": b"x"})),
        ("zip", zipped({"/etc/a.csv": b"x"})),
    ],
    ids=["bomb", "cut", "no gzip", "more behind", "no zip", "zip bomb", "zip that leads out", "zip that leads to root"],
)
async def test_what_cannot_be_opened_is_refused(serve: Serve, compression: str, content: bytes) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(content, compression=compression)
        refused = await client.append(upload, 0, content)
        assert refused.status == 422
        assert "compression" in refused.help
        assert held(platform) is None
        assert files(platform) == []


async def test_nobody_else_sees_or_touches_an_upload(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client, publisher(platform, OUTSIDER) as other:
        upload = await client.begin(CONTENT)
        for method in ("HEAD", "PATCH", "DELETE"):
            headers = {"Upload-Offset": "0", "Content-Type": BYTES}
            assert (await other.ask(method, upload, headers)).status == 404
        assert (await other.ask("POST", other.uploads, about(CONTENT))).status == 403
        assert (await client.ask("POST", client.uploads, {**about(CONTENT), "X-DIP-Sender": OUTSIDER})).status == 403
        assert (await client.head(upload)).offset == 0
        assert (await client.head(client.uploads + "/none")).status == 404


async def test_there_is_an_end_to_what_is_under_way(serve: Serve) -> None:
    settings = {"publication_uploads_a_sender": 1, "publication_payload_limit_bytes": 4_000_000}
    async with serve(**settings) as platform, publisher(platform) as client:
        assert (await client.ask("POST", client.uploads, about(bytes(4_000_001)))).status == 413
        await client.begin(CONTENT)
        refused = await client.ask("POST", client.uploads, about(CONTENT, version="2"))
        assert refused.status == 429
        assert "Retry-After" in refused.headers
    async with serve("other", publication_space_left_bytes=2**60) as platform, publisher(platform) as client:
        assert (await client.ask("POST", client.uploads, about(CONTENT))).status == 507


@pytest.mark.parametrize(
    ("headers", "status", "told"),
    [
        ({"Upload-Length": "5", "Upload-Metadata": "name"}, 400, "sha256"),
        ({"Upload-Length": "5", "Upload-Metadata": "name !"}, 400, "base64"),
        ({"Upload-Length": "-5", "Upload-Metadata": metadata(name="a", version="1", sha256="0" * 64)}, 400, "size"),
        ({"Upload-Length": "5", "Upload-Metadata": metadata(name="a", version="1", sha256="0")}, 400, "64"),
        ({"Upload-Length": "5", "Upload-Metadata": metadata(name="../a", version="1", sha256="0" * 64)}, 400, "name"),
        ({"Upload-Length": "5", "Upload-Metadata": metadata(name="a", version="latest", sha256="0" * 64)}, 400, "ver"),
        ({"Upload-Length": "5", "Upload-Metadata": metadata(name="ä", version="1", sha256="0" * 64)}, 400, "name"),
        ({"Tus-Resumable": "0.2.2"}, 412, "1.0.0"),
    ],
)
async def test_a_beginning_without_form_is_refused(
    serve: Serve, headers: dict[str, str], status: int, told: str
) -> None:
    async with serve() as platform, publisher(platform) as client:
        refused = await client.ask("POST", client.uploads, headers)
        assert refused.status == status
        assert told in refused.help
        assert refused.headers["Tus-Resumable"] == "1.0.0"
        assert ("Tus-Version" in refused.headers) == (status == 412)
        assert platform.dip.store.publications.uploads(10) == []


async def test_channels_of_other_patterns_take_no_payloads(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        for channel in ("IF-031", "IF-999"):
            url = client.uploads.replace(CHANNEL, channel)
            assert (await client.ask("POST", url, about(CONTENT))).status == 404


async def test_who_expects_to_be_told_sends_nothing_that_would_be_refused(serve: Serve) -> None:
    async with serve() as platform, publisher(platform) as client:
        upload = await client.begin(CONTENT)
        sent = 0

        async def content() -> AsyncIterator[bytes]:
            nonlocal sent
            for start in range(0, len(CONTENT), 100_000):
                sent += 1
                yield CONTENT[start : start + 100_000]

        headers = {"Expect": "100-continue"}
        refused = await client.append(upload, 7, content(), **headers)
        assert (refused.status, sent) == (409, 0)
        assert (await client.append(upload, 0, content(), **headers)).status == 204
