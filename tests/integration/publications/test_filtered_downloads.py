"""Some rows of a payload over HTTP: pages, forms, what is refused, limits, a filter that goes on while others read."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from yarl import URL

from dip.publications.filtering.limits import FilterLimits
from tests.integration.publications.library import AT, Library, library, problem
from tests.support.waiting import until

pytestmark = pytest.mark.requirement("FS-37", "FS-57")

ROWS = 1000
TABLE = ("mpan,role,amount\n" + "".join(f"{number:013},{'SUP' if number % 2 else 'LDSO'},{number}.5\n"
         for number in range(ROWS))).encode()  # fmt: skip
WIDE = b"a,b\n" + (b"1," + b"2" * 1000 + b"\n") * 20_000
"""More than the connection holds."""
OBJECTS: list[dict[str, Any]] = [{"mpan": f"{number:013}", "amount": number / 2} for number in range(10)]


async def pages(session: ClientSession, first: str) -> AsyncIterator[bytes]:
    following: URL | None = URL(first, encoded=True)
    while following is not None:
        async with session.get(following) as answer:
            assert answer.status == 200
            yield await answer.read()
            link = answer.links.get("next")
            following = URL(str(link["url"])) if link else None


async def test_columns_and_conditions_choose_rows(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(TABLE)
        query = "?columns=amount,mpan&where=role:eq:SUP&where=amount:lt:6"
        async with session.get(AT + query) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/csv"
            assert answer.headers["Content-Disposition"] == 'attachment; filename="prices-1-filtered.csv"'
            assert "ETag" not in answer.headers
            expected = "amount,mpan\n" + "".join(f"{number}.5,{number:013}\n" for number in (1, 3, 5))
            assert (await answer.read()).decode().replace("\r\n", "\n") == expected
        async with session.head(AT + query) as answer:
            assert (answer.status, answer.content_type) == (200, "text/csv")


async def test_pages_joined_are_the_whole(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(TABLE)
        found = [page async for page in pages(session, f"{AT}?limit=300&form=ndjson")]
        assert [page.count(b"\n") for page in found] == [300, 300, 300, 100]
        rows = [json.loads(line) for page in found for line in page.splitlines()]
        assert [row["mpan"] for row in rows] == [f"{number:013}" for number in range(ROWS)]


@pytest.mark.parametrize("compression", [None, "gzip"])
async def test_json_is_filtered_packed_or_not(tmp_path: Path, compression: str | None) -> None:
    content = json.dumps(OBJECTS).encode()
    said: dict[str, Any] = {"media_type": "application/json", "compression": compression}
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(gzip.compress(content, mtime=0) if compression else content, **said)
        async with session.get(f"{AT}?where=amount:ge:4&columns=mpan") as answer:
            assert answer.content_type == "application/json"
            assert await answer.json() == [{"mpan": one["mpan"]} for one in OBJECTS if float(one["amount"]) >= 4]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("where=amount", "where: expected column:operator:value"),
        ("where=amount:like:5", "where: no operator 'like'"),
        ("limit=0&form=xml&colums=a", "'colums': no such parameter"),
        ("columns=mpan,size", "size"),
        ("cursor=abc&limit=5", "cursor"),
    ],
)
async def test_a_filter_that_does_not_fit_is_refused_in_words(tmp_path: Path, query: str, said: str) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(TABLE)
        async with session.get(f"{AT}?{query}") as answer:
            found = problem(await answer.read())
            assert (answer.status, found["code"]) == (400, "filter_refused")
            assert said in found["detail"]


async def test_every_fault_of_a_query_is_told_at_once(tmp_path: Path) -> None:
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(TABLE)
        async with session.get(f"{AT}?limit=0&form=xml&colums=a") as answer:
            detail = problem(await answer.read())["detail"]
            assert all(name in detail for name in ("limit", "form", "colums"))


@pytest.mark.parametrize(
    ("content", "said", "status", "code"),
    [
        (b"\x00\x01", {"media_type": "application/octet-stream"}, 400, "bad_request"),
        (b"PK\x03\x04", {"compression": "zip"}, 400, "bad_request"),
        (b"", {}, 422, "payload_not_structured"),
        (b"a,a\n1,2\n", {}, 422, "payload_not_structured"),
        (b"not gzip", {"compression": "gzip"}, 422, "payload_not_structured"),
        (gzip.compress(b"a,b\n" + b"0" * 50_000_000, mtime=0), {"compression": "gzip"}, 422, "payload_bomb"),
    ],
    ids=["binary", "zip", "empty", "names twice", "no gzip", "bomb"],
)
async def test_what_can_not_be_filtered_says_why(
    tmp_path: Path, content: bytes, said: dict[str, Any], status: int, code: str
) -> None:
    limits = FilterLimits(unpacked_ratio=50, row_bytes=2**30, head_bytes=2**24)
    async with library(tmp_path, limits=limits) as portal, portal.session() as session:
        await portal.publish(content, **said)
        async with session.get(f"{AT}?limit=5") as answer:
            found = problem(await answer.read())
            assert (answer.status, found["code"]) == (status, code)


async def test_only_so_many_filters_work_for_one_address(tmp_path: Path) -> None:
    async with library(tmp_path, publication_filters_an_address=1) as portal, portal.session() as session:
        await portal.publish(WIDE)
        async with session.get(f"{AT}?where=a:eq:1"):
            async with session.get(f"{AT}?limit=1") as refused:
                assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
                assert problem(await refused.read())["code"] == "too_many_filters"

        async def taken_again() -> bool:
            async with session.get(f"{AT}?limit=1") as answer:
                return answer.status == 200

        # Who goes away leaves its place.
        await until(taken_again)


async def test_a_filter_that_breaks_in_the_midst_does_not_end_as_if_it_were_whole(tmp_path: Path) -> None:
    content = WIDE + b"\xff,2\n"
    async with library(tmp_path) as portal, portal.session() as session:
        await portal.publish(content)
        with pytest.raises(ClientError):
            async with session.get(f"{AT}?columns=b") as answer:
                assert answer.status == 200
                await answer.read()
        await until(lambda: "filter_cut" in portal.log.getvalue())


async def test_a_payload_that_is_taken_away_is_filtered_to_its_end(tmp_path: Path) -> None:
    async def gone(portal: Library, payload: int) -> None:
        await until(lambda: not portal.shelf.path(payload).exists())

    async with library(tmp_path) as portal, portal.session() as session:
        payload = await portal.publish(WIDE)
        async with session.get(f"{AT}?columns=b") as answer:
            begun = await answer.content.readexactly(1000)
            await portal.withdraw(payload)
            rest = await answer.read()
        assert (begun + rest).count(b"\n") == WIDE.count(b"\n")
        await gone(portal, payload.id)
