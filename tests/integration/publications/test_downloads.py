"""Payloads come down byte for byte, to whoever asks."""

import asyncio
import base64
import gzip
import hashlib
import http.client
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession

from tests.integration.publications.library import AT, BINARY, CSV, LATEST, PUBLISHED, curl, library

pytestmark = pytest.mark.requirement("FS-37", "FS-57")


def by_http_client(url: str, path: str) -> bytes:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request("GET", path)
    content = connection.getresponse().read()
    connection.close()
    return content


@pytest.mark.parametrize("content", [b"", b"x", CSV, BINARY, BINARY[: 256 * 1024]], ids=len)
async def test_every_client_gets_the_same_bytes(tmp_path: Path, content: bytes) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(content)
        assert await (await session.get(AT)).read() == content
        assert await curl(f"{portal.url}{AT}", cwd=tmp_path) == content
        assert await curl("--compressed", f"{portal.url}{AT}", cwd=tmp_path) == content
        assert await curl("--http1.0", "--compressed", f"{portal.url}{AT}", cwd=tmp_path) == content
        assert await asyncio.to_thread(by_http_client, portal.url, AT) == content


async def test_a_download_says_all_about_itself(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(CSV)
        async with session.get(AT) as answer:
            said = answer.headers
        digest = hashlib.sha256(CSV)
        assert said["ETag"] == f'"sha256-{digest.hexdigest()}"'
        assert said["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        assert said["Content-Digest"] == said["Repr-Digest"]
        assert said["Content-Length"] == str(len(CSV))
        assert said["Content-Type"] == "text/csv"
        assert said["Content-Disposition"] == 'attachment; filename="prices-1.csv"'
        assert said["Last-Modified"] == "Sat, 21 Mar 2026 19:05:07 GMT"
        assert said["Accept-Ranges"] == "bytes"
        assert said["Cache-Control"] == "public, max-age=86400, immutable"
        assert said["Vary"] == "Accept-Encoding"
        assert said["X-Content-Type-Options"] == "nosniff"
        assert said["Content-Security-Policy"].startswith("sandbox")
        assert "Content-Location" not in said
        assert "Content-Encoding" not in said


async def test_latest_is_the_one_published_last(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(b"first", version="2")
        await portal.publish(b"second", version="1.5", at=PUBLISHED + timedelta(hours=1))
        await portal.put(b"third", version="3")
        async with session.get(LATEST) as answer:
            assert await answer.read() == b"second"
            assert answer.headers["Content-Location"] == "/publications/IF-047/prices.csv/1.5"
            assert answer.headers["Cache-Control"] == "public, no-cache"
            assert answer.headers["Content-Disposition"] == 'attachment; filename="prices-1.5.csv"'


@pytest.mark.parametrize(
    ("name", "said", "media_type", "file"),
    [
        ("prices", {"media_type": "application/json; charset=utf-8"}, None, "prices-1.json"),
        ("prices.csv", {"compression": "gzip"}, "application/gzip", "prices-1.csv.gz"),
        ("prices.csv.gz", {"compression": "gzip"}, "application/gzip", "prices-1.csv.gz"),
        ("prices", {"compression": "zip"}, "application/zip", "prices-1.csv.zip"),
        ("prices", {"media_type": "text/csv\r\nSet-Cookie: a=b"}, "application/octet-stream", "prices-1"),
        ("page", {"media_type": "text/html"}, None, "page-1.html"),
    ],
)
async def test_a_file_has_a_proper_name_and_the_media_type_of_its_bytes(
    tmp_path: Path, name: str, said: dict[str, Any], media_type: str | None, file: str
) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(b"content", name, **said)
        async with session.get(f"/publications/IF-047/{name}/1", headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Type"] == (media_type or said["media_type"])
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{file}"'
            assert ("Content-Encoding" in answer.headers) is (media_type is None)
            assert "Set-Cookie" not in answer.headers


async def test_text_is_compressed_on_its_way_for_who_takes_it(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(CSV)
        async with session.get(AT, headers={"Accept-Encoding": "gzip"}) as answer:
            packed = await answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["ETag"] == f'"sha256-{hashlib.sha256(CSV).hexdigest()}-gzip"'
        assert "Content-Length" not in answer.headers
        assert "Repr-Digest" not in answer.headers
        assert len(packed) < len(CSV) / 2
        assert gzip.decompress(packed) == CSV
        again = await (await session.get(AT, headers={"Accept-Encoding": "gzip"})).read()
        assert again == packed


async def test_what_is_packed_already_is_not_packed_again(tmp_path: Path) -> None:
    content = gzip.compress(CSV)
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(content, compression="gzip")
        async with session.get(AT, headers={"Accept-Encoding": "gzip"}) as answer:
            assert await answer.read() == content
            assert "Content-Encoding" not in answer.headers
        assert await curl("--compressed", f"{portal.url}{AT}", cwd=tmp_path) == content


async def test_without_room_for_compressing_it_comes_plain(tmp_path: Path) -> None:
    async with library(tmp_path, publication_compressions_at_once=0) as portal, portal.session() as session:
        await portal.publish(CSV)
        async with session.get(AT, headers={"Accept-Encoding": "gzip"}) as answer:
            assert await answer.read() == CSV
            assert answer.headers["ETag"] == f'"sha256-{hashlib.sha256(CSV).hexdigest()}"'


@pytest.mark.parametrize("path", [AT, LATEST])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_head_says_what_get_says_without_content(tmp_path: Path, path: str, coding: str) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(CSV)
        headers = {"Accept-Encoding": coding}
        async with session.head(path, headers={**headers, "Range": "bytes=0-9"}) as head:
            assert (head.status, await head.read()) == (200, b"")
        async with session.get(path, headers=headers) as get:
            await get.read()
        changing = {"Date", "Transfer-Encoding"}
        assert {name: value for name, value in head.headers.items() if name not in changing} == {
            name: value for name, value in get.headers.items() if name not in changing
        }


async def test_nothing_was_published_in_the_future(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(b"x", at=PUBLISHED.replace(year=2100))
        async with session.get(AT) as answer:
            assert answer.headers["Last-Modified"] == answer.headers["Date"]


async def test_a_client_library_that_decodes_sees_the_same_bytes(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, ClientSession(portal.url) as session:
        await portal.publish(CSV)
        async with session.get(AT) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert await answer.read() == CSV
