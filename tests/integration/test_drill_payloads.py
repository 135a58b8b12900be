"""The drill of payloads finds what is wrong: with what readers see, with the store, with what was acknowledged."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from dip.benchmark.drill.books import Expected, close_books
from dip.benchmark.drill.market import PUBLICATION, Market, reference_of
from dip.benchmark.drill.payload import SentPayload, sent_payload
from dip.benchmark.drill.publishing import look, wrong_with_payload
from dip.benchmark.publications.announcement import announcement

pytestmark = pytest.mark.requirement("FS-36", "FS-59")


@pytest.fixture
def payload() -> SentPayload:
    """A payload of which nothing was sent."""
    return sent_payload(1000, 3)


@pytest.fixture
async def market(laid_out: Path, tmp_path: Path, payload: SentPayload) -> AsyncIterator[Market]:
    """A drill of publications over a directory that knows no payload."""
    directory = tmp_path / "state"
    shutil.copytree(laid_out, directory, ignore=shutil.ignore_patterns("lock", "server.json"))
    async with Market(directory, PUBLICATION, {}) as made:
        made.payload = payload
        yield made


async def looked(market: Market, payload: SentPayload, status: int, body: bytes = b"") -> list[str]:
    """What is amiss where a reader is answered so."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    application = web.Application()
    application.router.add_get("/publications/IF-047/drilled/1.0.0", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        market.portal = f"http://127.0.0.1:{runner.addresses[0][1]}"
        await look(market, payload)
    finally:
        await runner.cleanup()
    return market.amiss


async def test_a_payload_that_nobody_announced_may_not_be_seen(market: Market, payload: SentPayload) -> None:
    assert await looked(market, payload, 404) == []
    assert await looked(market, payload, 200, payload.content) == ["a payload can be read that nobody announced"]


async def test_an_announced_payload_must_be_seen_whole(market: Market, payload: SentPayload) -> None:
    payload.message = announcement(payload.said, "https://readers.dip.test/publications/IF-047/drilled/1.0.0")
    assert await looked(market, payload, 404) == []
    market.acknowledged[reference_of(payload.message)] = "T-1"
    assert await looked(market, payload, 200, payload.content) == []
    assert await looked(market, payload, 404) == ["a payload can't be read that was announced"]
    assert len(await looked(market, payload, 200, payload.content[:-1])) == 2
    assert len(await looked(market, payload, 500)) == 3


async def test_a_payload_that_the_store_does_not_have_is_lost(market: Market) -> None:
    assert await wrong_with_payload(market) == ["the payload is not published", "announced 0 times"]
    books = await close_books(market, Expected())
    assert books.lost == 2


async def test_whatever_else_was_amiss_counts_as_lost(market: Market) -> None:
    market.payload = None
    market.amiss.append("3 bytes that were acknowledged are lost")
    books = await close_books(market, Expected())
    assert (books.lost, books.reasons) == (1, ["3 bytes that were acknowledged are lost"])
