"""How filters run: packed payloads, bombs, cursors, pages that end, readers who go away."""

import asyncio
import contextlib
import gzip
import json
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import msgspec
import pytest

from dip.publications.filtering.errors import FilterRefused, FilterTooLong, PayloadBomb, PayloadNotStructured
from dip.publications.filtering.filtering import Filtering
from dip.publications.filtering.query import Filter
from dip.publications.filtering.source import Form, Source
from tests.unit.publications.filter_support import LIMITS, asked, pages, run, stored, table, written

pytestmark = pytest.mark.requirement("FS-37")
ROWS = [[str(number), f"SUP{number % 30}"] for number in range(20_000)]
PLAIN = written([["number", "supplier"], *ROWS])


@pytest.fixture(name="source")
def whole_table(tmp_path: Path) -> Source:
    return stored(tmp_path / "1", PLAIN)


@pytest.mark.parametrize("is_packed", [False, True])
async def test_pages_go_on_where_the_page_before_ended(tmp_path: Path, *, is_packed: bool) -> None:
    source = stored(tmp_path / "1", PLAIN, is_packed=is_packed)
    found = await pages(source, asked(where="supplier:eq:SUP7", limit="100"))
    assert [row for page in found for row in table(page)[1:]] == [row for row in ROWS if row[1] == "SUP7"]
    assert {len(table(page)) for page in found[:-1]} == {101}


async def test_the_last_page_says_so(source: Source) -> None:
    found = await pages(source, asked(where="number:lt:100", limit="100"))
    assert len(found) == 1 or not table(found[-1])[1:]
    small = stored(source.path.with_name("2"), b'[{"a":1},{"a":2}]\n', Form.JSON)
    assert [len(json.loads(page)) for page in await pages(small, asked(limit="1"))] == [1, 1]


async def test_a_page_ends_where_its_output_is_large_enough(source: Source) -> None:
    limits = msgspec.structs.replace(LIMITS, page_bytes=10_000, block_bytes=1000)
    found = await pages(source, asked(limit="1000000"), limits)
    assert [row for page in found for row in table(page)[1:]] == ROWS
    assert max(map(len, found)) < 12_000


async def test_a_page_ends_when_its_time_is_up_and_a_filter_without_pages_fails(source: Source) -> None:
    limits = msgspec.structs.replace(LIMITS, budget_s=20.0, block_bytes=10_000, step_s=1.5)
    ticks = count()
    with ThreadPoolExecutor(1) as executor:
        filtering = Filtering(executor, limits=limits, timer=lambda: float(next(ticks)))
        opened = await filtering.open(source, asked(where="supplier:eq:none", limit="5"))
        assert [piece async for piece in opened.pieces()] == [b"number,supplier\n"]
        assert opened.next_cursor is not None
        opened = await filtering.open(source, asked(where="supplier:eq:none"))
        with pytest.raises(FilterTooLong):
            assert [piece async for piece in opened.pieces()] == []


async def test_a_cursor_fits_only_the_payload_it_was_made_for(source: Source) -> None:
    _, opened = await run(source, asked(limit="5"))
    assert opened.next_cursor is not None
    other = msgspec.structs.replace(source, digest="00" * 32)
    with pytest.raises(FilterRefused, match="of another payload, version or list"):
        await run(other, asked(limit="5", cursor=opened.next_cursor))
    for damaged in ("", "x", "ä", opened.next_cursor[:-1], "A" * 32, opened.next_cursor + "A" * 9000):
        with pytest.raises(FilterRefused, match="cursor"):
            await run(source, asked(limit="5", cursor=damaged))


async def test_several_gzip_streams_and_padding_are_one_payload(tmp_path: Path) -> None:
    source = stored(tmp_path / "1", b"", is_packed=True)
    source.path.write_bytes(gzip.compress(b"a\n1\n") + gzip.compress(b"") + gzip.compress(b"2\n") + b"\0" * 40_000)
    assert (await run(source, Filter()))[0] == b"a\n1\n2\n"


@pytest.mark.parametrize("cut", [0, 1, 15, -1, -9])
async def test_a_gzip_stream_that_is_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    source = stored(tmp_path / "1", PLAIN, is_packed=True)
    source.path.write_bytes(source.path.read_bytes()[:cut])
    with pytest.raises(PayloadNotStructured, match="its gzip stream"):
        await run(source, Filter())


async def test_what_is_no_gzip_is_refused(tmp_path: Path) -> None:
    source = stored(tmp_path / "1", PLAIN, is_packed=True)
    source.path.write_bytes(PLAIN)
    with pytest.raises(PayloadNotStructured, match="damaged"):
        await run(source, Filter())


async def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    source = stored(tmp_path / "1", b"a,b\n" + b"1,2\n" * 4_000_000, is_packed=True)
    with pytest.raises(PayloadBomb, match="300 times"):
        await run(source, asked(where="a:eq:3"))
    limits = msgspec.structs.replace(LIMITS, unpacked_bytes=1_000_000)
    with pytest.raises(PayloadBomb, match="1000000 bytes"):
        await run(source, asked(where="a:eq:3"), limits)


async def test_what_was_found_comes_before_the_rest_is_read(source: Source) -> None:
    limits = msgspec.structs.replace(LIMITS, block_bytes=1000, step_bytes=5000)
    with ThreadPoolExecutor(1) as executor:
        opened = await Filtering(executor, limits=limits, timer=time.monotonic).open(
            source, asked(where="number:le:10")
        )
        async with contextlib.aclosing(opened.pieces()) as pieces:
            assert table(await anext(pieces))[1:] == ROWS[:11]
            assert opened.count == 11


async def test_a_reader_who_goes_away_leaves_no_file_open_and_no_thread_busy(source: Source) -> None:
    with ThreadPoolExecutor(1) as executor:
        filtering = Filtering(executor, limits=LIMITS, timer=time.monotonic)
        opened = await filtering.open(source, Filter())
        pieces = opened.pieces()
        assert await anext(pieces)
        await pieces.aclose()
        assert await (await filtering.open(source, asked(limit="1"))).pieces().__anext__()


async def test_a_cancelled_reader_stops_the_work_under_way(source: Source) -> None:
    limits = msgspec.structs.replace(LIMITS, block_bytes=100, step_s=3600.0, step_bytes=1 << 40, budget_s=1e9)
    looked, go_on = threading.Event(), threading.Event()
    calls = count()

    def timer() -> float:
        if next(calls) == 3:
            looked.set()
            go_on.wait()
        return 0.0

    with ThreadPoolExecutor(1) as executor:
        opened = await Filtering(executor, limits=limits, timer=timer).open(source, asked(where="supplier:eq:none"))

        async def read() -> None:
            async for _ in opened.pieces():
                pass

        reading = asyncio.create_task(read())
        await asyncio.to_thread(looked.wait)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        go_on.set()
    assert next(calls) < 10


async def test_memory_does_not_grow_with_the_payload(tmp_path: Path) -> None:
    source = stored(tmp_path / "1", PLAIN * 20)
    tracemalloc.start()
    try:
        with ThreadPoolExecutor(1) as executor:
            opened = await Filtering(executor, limits=LIMITS, timer=time.monotonic).open(source, asked(form="json"))
            async for _ in opened.pieces():
                pass
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert opened.count == 20 * 20_001 - 1
