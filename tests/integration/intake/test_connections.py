"""Connections that behave badly, and many at once: the server goes on for everybody."""

import asyncio

import pytest

from dip.ground.clock import Clock
from tests.conftest import Serve
from tests.integration.intake.calls import SUPPLIER, Calls, array, calls_to

PATH = "/dip-channel/IF-031"


def request(calls: Calls, body: bytes, *, target: str = PATH) -> bytes:
    """A signed request, byte for byte; the signature covers the plain address."""
    url = calls.platform.dip.api_url
    signed = calls.platform.credentials(SUPPLIER).signer.headers("POST", url + PATH, body, Clock().wall())
    head = {
        "Host": url.removeprefix("https://"),
        "Content-Length": str(len(body)),
        "Connection": "close",
        **signed,
    }
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    return "\r\n".join(lines).encode() + body


async def connect(calls: Calls) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = calls.platform.dip.api_url.removeprefix("https://").split(":")
    context = calls.platform.credentials(SUPPLIER).calling_context()
    return await asyncio.open_connection(host, int(port), ssl=context)


async def exchange(calls: Calls, sent: bytes) -> str:
    """What the server answers to these bytes."""
    reader, writer = await connect(calls)
    writer.write(sent)
    async with asyncio.timeout(30):
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer += await reader.readexactly(length)
    writer.close()
    return answer.decode()


async def test_a_body_that_does_not_come_is_refused_in_time(serve: Serve) -> None:
    async with serve(request_timeout_s=0.2) as platform, calls_to(platform) as calls:
        answer = await exchange(calls, request(calls, array(calls.good()))[:-50])
        assert answer.startswith("HTTP/1.1 400 ")
        assert "expected all of it within 0.2 s" in answer
        assert (await calls.post(calls.good())).status == 202


async def test_a_connection_that_breaks_off_leaves_nothing_behind(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        for end in ("abort", "close"):
            _, writer = await connect(calls)
            writer.write(request(calls, array(calls.good()))[:-50])
            await writer.drain()
            if end == "abort":
                writer.transport.abort()
            else:
                writer.close()
                await writer.wait_closed()
        assert (await calls.post(calls.good())).status == 202
        assert await calls.counted("message") == 1
        assert "request_failed_unexpectedly" not in platform.log.getvalue()


async def test_chunks_that_have_no_form_are_refused(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        whole = request(calls, b"")
        chunked = whole.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b"zz\r\n[]\r\n"
        assert " 400 Bad Request" in (await exchange(calls, chunked)).partition("\r\n")[0]
        assert "request_failed_unexpectedly" not in platform.log.getvalue()


async def test_bytes_that_are_no_http_are_refused(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        assert (await exchange(calls, b"\x00\x01\r\n\r\n")).startswith("HTTP/1.0 400 ")
        assert (await calls.post(calls.good())).status == 202


@pytest.mark.requirement("FS-61")
async def test_an_address_in_absolute_form_is_the_same_address(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        sent = request(calls, array(calls.good()), target=platform.dip.api_url + PATH)
        assert (await exchange(calls, sent)).startswith("HTTP/1.1 202 ")


@pytest.mark.requirement("FS-14", "FS-30")
async def test_many_calls_at_once_wait_for_room_and_are_all_answered(serve: Serve) -> None:
    async with serve(intake_waiting_bytes=4096) as platform, calls_to(platform) as calls:
        batches = [[calls.good() for _ in range(3)] for _ in range(20)]
        replies = await asyncio.gather(*(calls.post(*batch) for batch in batches))
        assert {reply.status for reply in replies} == {202}
        assert len({entry["transactionID"] for reply in replies for entry in reply.entries}) == 60
        assert await calls.counted("message") == 60


@pytest.mark.requirement("FS-14")
async def test_the_same_message_in_many_calls_at_once_is_taken_once(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        message = calls.good()
        replies = await asyncio.gather(*(calls.post(message) for _ in range(20)))
        assert {reply.status for reply in replies} == {202}
        assert len({entry["transactionID"] for reply in replies for entry in reply.entries}) == 1
        assert (await calls.counted("message"), await calls.counted("delivery")) == (1, 1)
