"""Parts of payloads, and payloads that a reader has already."""

import hashlib
from datetime import timedelta
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

import pytest

from dip.http.portal.publications.conditions import date_text
from tests.integration.publications.library import AT, BINARY, CSV, LATEST, PUBLISHED, curl, library, problem

pytestmark = pytest.mark.requirement("FS-37", "FS-57")


async def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async with library(tmp_path) as portal:
        await portal.publish(BINARY, "b")
        url = f"{portal.url}/publications/IF-047/b/1"
        (tmp_path / "got").write_bytes(BINARY[:300_000])
        await curl("-C", "-", "-o", "got", url, cwd=tmp_path)
        assert (tmp_path / "got").read_bytes() == BINARY


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [("0-0", 0, 1), ("100-299999", 100, 300_000), ("-5", 700_001 - 5, 700_001), ("700000-9999999", 700_000, 700_001)],
)
async def test_a_part_is_cut_out(tmp_path: Path, asked: str, first: int, end: int) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(BINARY)
        headers = {"Range": f"bytes={asked}", "Accept-Encoding": "gzip"}
        async with session.get(AT, headers=headers) as answer:
            assert answer.status == 206
            assert await answer.read() == BINARY[first:end]
            assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(BINARY)}"
            assert answer.headers["Content-Length"] == str(end - first)
            assert "Repr-Digest" in answer.headers
            assert "Content-Digest" not in answer.headers


async def test_several_parts_come_in_one_answer(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(CSV)
        async with session.get(AT, headers={"Range": "bytes=0-9,500000-800000,-3,9999999-"}) as answer:
            body = await answer.read()
            assert answer.status == 206
            assert answer.headers["Content-Length"] == str(len(body))
        read = BytesParser().parsebytes(b"Content-Type: %b\r\n\r\n" % answer.headers["Content-Type"].encode() + body)
        parts = [part for part in read.walk() if not part.is_multipart()]
        size = len(CSV)
        assert [(part["Content-Range"], part.get_content_type()) for part in parts] == [
            ("bytes 0-9/" + str(size), "text/csv"),
            (f"bytes 500000-800000/{size}", "text/csv"),
            (f"bytes {size - 3}-{size - 1}/{size}", "text/csv"),
        ]
        assert [_bytes(part) for part in parts] == [CSV[:10], CSV[500_000:800_001], CSV[-3:]]


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


@pytest.mark.parametrize("asked", ["", "bytes=5-2", "bytes=x", "bytes=", "bytes", "bytes=" + "0-0," * 17])
async def test_a_broken_range_is_refused_with_what_was_expected(tmp_path: Path, asked: str) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(CSV)
        async with session.get(AT, headers={"Range": asked}) as answer:
            found = problem(await answer.read())
            assert (answer.status, answer.content_type) == (400, "application/problem+json")
            assert "expected" in found["detail"]


async def test_a_range_behind_the_end_is_told_the_size(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(b"0123456789")
        async with session.get(AT, headers={"Range": "bytes=10-"}) as answer:
            assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */10")
            assert problem(await answer.read())["code"] == "range_not_satisfiable"


async def test_if_range_keeps_parts_of_different_payloads_apart(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(b"0123456789")
        tag = f'"sha256-{hashlib.sha256(b"0123456789").hexdigest()}"'
        for given, status in ((tag, 206), (date_text(PUBLISHED), 206), ('"another"', 200), (f"W/{tag}", 200)):
            async with session.get(AT, headers={"Range": "bytes=4-", "If-Range": given}) as answer:
                assert answer.status == status
                assert await answer.read() == (b"456789" if status == 206 else b"0123456789")
        async with session.get(LATEST, headers={"Range": "bytes=4-", "If-Range": date_text(PUBLISHED)}) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("coding", ["identity", "gzip"])
@pytest.mark.parametrize("path", [AT, LATEST])
async def test_who_has_it_gets_no_second_copy(tmp_path: Path, path: str, coding: str) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(CSV)
        async with session.get(path, headers={"Accept-Encoding": coding}) as answer:
            await answer.read()
        tag, when = answer.headers["ETag"], answer.headers["Last-Modified"]
        for condition in ({"If-None-Match": f'"x", W/{tag}'}, {"If-None-Match": "*"}, {"If-Modified-Since": when}):
            async with session.get(path, headers={"Accept-Encoding": coding, **condition}) as second:
                assert (second.status, await second.read()) == (304, b"")
                assert second.headers["Cache-Control"] == answer.headers["Cache-Control"]
                assert second.headers["Vary"] == "Accept-Encoding"
                assert "Content-Type" not in second.headers
        assert second.headers.get("Content-Location") == answer.headers.get("Content-Location")
        async with session.get(path, headers={"Accept-Encoding": coding, "If-None-Match": tag}) as second:
            assert second.headers["ETag"] == tag
        headers = {"If-None-Match": '"x"', "If-Modified-Since": when}
        async with session.get(path, headers=headers) as third:
            assert third.status == 200


async def test_a_condition_that_fails_sends_nothing(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(CSV)
        early = date_text(PUBLISHED - timedelta(seconds=1))
        for condition in ({"If-Match": '"x"'}, {"If-Unmodified-Since": early}):
            async with session.get(AT, headers=condition) as answer:
                assert answer.status == 412
                assert problem(await answer.read())["code"] == "condition_failed"
