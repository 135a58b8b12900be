"""What is not there for a reader, filters, limits, and readers who stop."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from tests.integration.publications.library import AT, BINARY, CSV, LATEST, Library, curl, library, problem
from tests.support.waiting import until

pytestmark = pytest.mark.requirement("FS-37", "FS-57")


async def test_what_is_not_published_is_as_unknown_as_what_never_was(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.put(b"secret")
        found = []
        for name in ("prices.csv", "other.csv"):
            for version in ("1", "latest"):
                async with session.get(f"/publications/IF-047/{name}/{version}") as answer:
                    assert answer.status == 404
                    found.append((await answer.read(), set(answer.headers)))
        assert all(each == found[0] for each in found)
        assert "/publications/IF-047 lists" in problem(found[0][0])["detail"]


async def test_what_was_removed_says_when_and_why(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.withdraw(await portal.publish(b"x"), "older than 30 days")
        async with session.get(AT) as answer:
            found = problem(await answer.read())
            assert (answer.status, found["code"]) == (410, "payload_removed")
            assert "2026-03-21T19:05:07+00:00 (older than 30 days)" in found["detail"]
        async with session.get(LATEST) as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/publications/IF-047/prices.csv/..", "/publications/IF-047/../1", "/publications/../../etc/passwd"),
        *("/publications/IF-047/..%2f..%2fetc/1", "/publications/IF-047/%2e%2e/1", "/publications/%2e%2e/x/1"),
        *("/publications/IF-047/a%00b/1", "/publications/IF-047/a%0d%0ab/1", "/publications/IF-047/a%5cb/1"),
        *("/publications/IF-047/%ff/1", "/publications/IF-047/pr%C3%ADces/1", "/publications/IF-047/a%20b/1"),
        *("/publications/IF-047/.hidden/1", "/publications/IF-047/a..b/1", "/publications/IF-047/x/Latest"),
        *(f"/publications/IF-047/{'a' * 101}/1", "/publications/IF-047/x/12345678901", "/publications/IF-047//1"),
        *(f"/publications/{'I' * 4000}/x/1", "/publications/%00/x/1", "/publications/IF-047/x/1/", "/publications/a/b"),
        *("/publications/IF-047/x%2f1/1", "/publications/IF-047/%252e%252e/1", "/publications/<script>/x/1"),
        "/publications/IF-047/" + "a" * 9000 + "/1",
    ],
)
async def test_odd_addresses_lead_nowhere(tmp_path: Path, path: str) -> None:
    async with library(tmp_path) as portal:
        await portal.publish(CSV)
        (tmp_path / "etc").mkdir()
        printed = await curl("--path-as-is", "-g", "-i", f"{portal.url}{path}", cwd=tmp_path)
        head, _, body = printed.partition(b"\r\n\r\n")
        assert head.split()[1] in (b"400", b"404", b"414")
        assert b"application/problem+json" in head
        assert problem(body)["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_is_refused(tmp_path: Path, method: str) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(CSV)
        async with session.request(method, AT) as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")


async def test_a_download_under_way_outlives_the_removal_of_its_payload(tmp_path: Path) -> None:
    content = BINARY * 40
    async with library(tmp_path) as portal, portal.session() as session:
        payload = await portal.publish(content)
        async with session.get(AT) as answer:
            begun = await answer.content.readexactly(1000)
            await portal.withdraw(payload)
            async with session.get(AT) as refused:
                assert refused.status == 410
            assert begun + await answer.content.read() == content
        await until(lambda: not portal.shelf.path(payload.id).exists())


@pytest.mark.parametrize(
    ("limits", "status", "code"),
    [
        ({"publication_downloads_an_address": 2}, 429, "too_many_downloads"),
        ({"publication_downloads_at_once": 2}, 503, "no_place"),
    ],
)
async def test_downloads_at_once_have_a_limit(tmp_path: Path, limits: dict[str, Any], status: int, code: str) -> None:
    async with library(tmp_path, **limits) as portal, portal.session() as session:
        await portal.publish(BINARY * 40)
        begun = [await session.get(AT) for _ in range(2)]
        async with session.get(AT) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (status, "5")
            assert problem(await answer.read())["code"] == code
        async with session.head(AT) as answer:
            assert answer.status == 200
        for each in begun:
            assert await each.read() == BINARY * 40

        async def is_free() -> bool:
            async with session.get(AT, headers={"Range": "bytes=0-0"}) as answer:
                return answer.status == 206

        await until(is_free)


async def stalled(portal: Library) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A reader that takes the headers, and nothing more."""
    url = URL(portal.url)
    reader, writer = await asyncio.open_connection(url.host, url.port, limit=1024)
    writer.write(f"GET {AT} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def rest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """How many bytes come until the connection ends."""
    count = 0
    with suppress(ConnectionError):
        while piece := await reader.read(1 << 20):
            count += len(piece)
    writer.close()
    return count


async def test_a_reader_who_takes_nothing_is_cut_off(tmp_path: Path) -> None:
    async with library(tmp_path, publication_stall_s=0.3, publication_downloads_at_once=1) as portal:
        content = BINARY * 60
        payload = await portal.publish(content)
        reader, writer = await stalled(portal)
        await until(lambda: "download_cut" in portal.log.getvalue())
        assert await rest(reader, writer) < len(content)
        await until(lambda: portal.shelf.remove(payload.id))


async def test_a_reader_who_leaves_frees_the_place(tmp_path: Path) -> None:
    async with library(tmp_path) as portal:
        payload = await portal.publish(BINARY * 60)
        _, writer = await stalled(portal)
        writer.transport.abort()
        await until(lambda: portal.shelf.remove(payload.id))
        assert "Traceback" not in portal.log.getvalue()


async def test_a_file_that_is_not_as_published_is_no_answer(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        payload = await portal.publish(CSV)
        portal.shelf.path(payload.id).write_bytes(CSV[:-1])
        async with session.get(AT) as answer:
            assert answer.status == 500
            assert problem(await answer.read())["code"] == "payload_unreadable"
        assert "payload_unreadable" in portal.log.getvalue()
        portal.shelf.path(payload.id).unlink()
        async with session.get(AT) as answer:
            assert answer.status == 500


async def test_a_file_that_gets_shorter_under_way_ends_the_connection(tmp_path: Path) -> None:
    content = BINARY * 60
    async with library(tmp_path) as portal:
        payload = await portal.publish(content)
        reader, writer = await stalled(portal)
        with portal.shelf.path(payload.id).open("r+b") as file:
            file.truncate(len(content) - 1)
        assert await rest(reader, writer) < len(content)
        assert "payload_unreadable" in portal.log.getvalue()
