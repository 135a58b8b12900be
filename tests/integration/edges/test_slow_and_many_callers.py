"""Callers that take their time, or all seats: each step of a connection is bounded, and others are served (FS-66)."""

import asyncio
import contextlib
import io
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from dip.assembly.listening import listen, serve
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.http.forwarded import PROXIES, Proxies, client_address
from dip.http.portal.failures import refuse_unread
from dip.http.unread import REFUSE
from dip.security.tls import page_context
from tests.integration.edges.raw import Answer, answer_of, connected, sent
from tests.support.waiting import until

GOOD = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
PIECE = b"x" * 65536
Site = Callable[..., AbstractAsyncContextManager[str]]


async def hello(request: web.Request) -> web.Response:
    return web.Response(text=client_address(request))


async def swallow(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


async def loud(request: web.Request) -> web.Response:
    return web.Response(body=PIECE)


async def gush(request: web.Request) -> web.StreamResponse:
    """More than any buffer holds."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(2000):
        await answer.write(PIECE)
    return answer


@asynccontextmanager
async def site(tls: ssl.SSLContext | None = None, **settings: Any) -> AsyncIterator[str]:
    """A small application behind the same door as the server's two; its URL."""
    chosen = Settings(shutdown_grace_s=1.0, **settings)
    application = web.Application()
    application[REFUSE] = refuse_unread
    application[PROXIES] = Proxies.of(chosen)
    application.add_routes(
        [web.get("/hello", hello), web.post("/swallow", swallow), web.get("/gush", gush), web.get("/loud", loud)]
    )
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    runner = await serve(application, listening, tls, chosen, make_log(io.StringIO()))
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def problem(answer: Answer) -> dict[str, Any]:
    assert answer.headers["content-type"].startswith("application/problem+json"), answer
    found: dict[str, Any] = msgspec.json.decode(answer.body)
    assert found["status"] == answer.status
    return found


async def lives(url: str, context: ssl.SSLContext | None = None) -> bool:
    answer = await sent(url, GOOD, context)
    assert answer.status == 200, answer
    return True


async def test_headers_that_do_not_come_are_refused_in_time(laid_out: Any) -> None:
    async with site(header_timeout_s=0.2) as url:
        for begun in (b"G", b"GET / HTTP/1.1\r\nHost: a\r\nX: y", b"\r\n"):
            async with connected(url) as (reader, writer):
                writer.write(begun)
                answer = await answer_of(reader)
                assert answer.status == 408
                assert "within 0.2 s" in problem(answer)["detail"]
                assert await reader.read() == b""
        await lives(url)


async def test_headers_that_drip_are_refused_in_time() -> None:
    async with site(header_timeout_s=0.3) as url, connected(url) as (reader, writer):
        answer = asyncio.create_task(answer_of(reader))
        with contextlib.suppress(ConnectionError):
            for byte in b"GET / HTTP/1.1\r\nX: " + b"y" * 1000:
                if answer.done():
                    break
                writer.write(bytes([byte]))
                await asyncio.wait([answer], timeout=0.02)
        assert (await answer).status == 408


async def test_the_time_for_headers_begins_anew_with_each_request() -> None:
    async with site(header_timeout_s=0.4) as url, connected(url) as (reader, writer):
        for _ in range(4):
            writer.write(GOOD[:10])
            # A caller that is slow, yet quick enough: nothing is said to it meanwhile.
            said = asyncio.create_task(reader.read(1))
            done, _ = await asyncio.wait([said], timeout=0.15)
            assert not done
            said.cancel()
            await asyncio.wait([said])
            writer.write(GOOD[10:])
            assert (await answer_of(reader)).status == 200


async def test_a_body_that_stops_coming_is_refused_in_time() -> None:
    async with site(request_timeout_s=0.2) as url, connected(url) as (reader, writer):
        writer.write(b"POST /swallow HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert (await answer_of(reader)).status == 408
        assert await reader.read() == b""
        await lives(url)


async def test_who_does_not_read_the_answer_is_let_go() -> None:
    async with site(answer_timeout_s=0.2, most_connections=1) as url:
        async with connected(url) as (_, writer):
            writer.write(b"GET /gush HTTP/1.1\r\nHost: a\r\n\r\n")
            await writer.drain()
            await until(lambda: lives(url))


async def test_who_asks_again_and_again_and_reads_nothing_is_let_go() -> None:
    async with site(answer_timeout_s=0.2, most_connections=1) as url:
        async with connected(url) as (_, writer):
            writer.write(GOOD.replace(b"/hello", b"/loud") * 10_000)
            await until(lambda: lives(url))


async def test_an_idle_connection_is_closed_in_time() -> None:
    async with site(idle_timeout_s=0.2) as url, connected(url) as (reader, writer):
        writer.write(GOOD)
        assert (await answer_of(reader)).status == 200
        assert await reader.read() == b""


@pytest.mark.parametrize("sent_first", [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
async def test_a_handshake_that_does_not_come_to_its_end_is_given_up(tls: ssl.SSLContext, sent_first: bytes) -> None:
    async with site(tls, handshake_timeout_s=0.2, most_connections=1) as url, connected(url) as (reader, writer):
        writer.write(sent_first)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        await until(lambda: lives(url, trusting()))


async def test_who_speaks_no_tls_is_told_so(tls: ssl.SSLContext) -> None:
    async with site(tls) as url:
        for content in (
            GOOD,
            b"POST /swallow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            b"\x00\x01\r\n\r\n",
        ):
            answer = await sent(url, content)
            assert answer.status == 400
            problem(answer)
        assert "HTTPS" in problem(await sent(url, GOOD))["detail"]
        await lives(url, trusting())


async def test_one_address_has_so_many_seats_and_they_are_given_back() -> None:
    async with site(connections_from_one_address=2) as url:
        async with connected(url), connected(url):
            await until(lambda: closed_at_once(url))
        await until(lambda: lives(url))


async def test_all_addresses_together_have_so_many_seats() -> None:
    async with site(most_connections=1, trusted_proxies="127.0.0.0/8") as url:
        async with connected(url):
            await until(lambda: closed_at_once(url))
        await until(lambda: lives(url))


async def test_a_gateway_may_take_every_seat() -> None:
    async with site(connections_from_one_address=1, trusted_proxies="127.0.0.0/8") as url:
        async with connected(url), connected(url):
            await lives(url)


async def closed_at_once(url: str) -> bool:
    async with connected(url) as (reader, _):
        with contextlib.suppress(ConnectionError):
            return await reader.read() == b""
        return True


@pytest.fixture
def tls(laid_out: Any) -> ssl.SSLContext:
    folder = laid_out / "participants" / "2300000001"
    return page_context((folder / "tls.pem").read_bytes(), (folder / "tls.key").read_bytes())


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
