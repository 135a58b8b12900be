"""The floor: a bare relay that takes each call and passes its bytes on to every receiver; it checks and keeps nothing.

It puts the same A0 and D0 into every message, so that receivers read as many bytes as from a server.

`python -m dip.benchmark.relay DIRECTORY URL…` prints its port as a JSON line.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import aiohttp
import msgspec
from aiohttp import web

from dip.benchmark.loop import run
from dip.client import credentials_of
from dip.messages.envelope import AddressBlock, TransactionBlock
from dip.messages.headers import CONTENT_HASH, SIGNATURE, SIGNATURE_CERTIFICATE, SIGNATURE_DATE
from dip.messages.identifiers import DipId, TransactionId
from dip.security.signing import content_hash

_HELD_CALLS = 16
"""Calls held for a receiver; a relay that took more than it can pass on would only grow."""
_BODY_LIMIT = 64 * 1024 * 1024
_HEADERS = (CONTENT_HASH, SIGNATURE, SIGNATURE_DATE, SIGNATURE_CERTIFICATE)
_Passed: TypeAlias = tuple[dict[str, str], bytes]
_OWN_CERTIFICATE = DipId("2300000002")
_MARK = b'"S1":{'
_FILLED = b"".join(
    (
        b'"A0":',
        msgspec.json.encode(AddressBlock(primary=[], secondary=[DipId("2300000001")] * 4, always=[])),
        b',"D0":',
        msgspec.json.encode(
            TransactionBlock(
                transaction_id=TransactionId("T-IF-021-1400000001-SDS-20260321-01A2021D9098FE653B77100000"),
                timestamp="2026-03-21T19:05:00+00:00",
                publication_id="PUB-021",
                correlation_id=None,
            )
        ),
        b",",
        _MARK,
    )
)
"""What every message gets, in front of its S1."""


async def _forward(session: aiohttp.ClientSession, url: str, queue: "asyncio.Queue[_Passed]") -> None:
    while True:
        headers, body = await queue.get()
        async with session.post(url, data=body, headers=headers) as response:
            await response.read()


async def _serve(directory: Path, urls: Sequence[str]) -> None:
    credentials = credentials_of(directory, _OWN_CERTIFICATE)
    queues: list[asyncio.Queue[_Passed]] = [asyncio.Queue(_HELD_CALLS) for _ in urls]

    async def take(request: web.Request) -> web.Response:
        body = (await request.read()).replace(_MARK, _FILLED)
        headers = {name: request.headers[name] for name in _HEADERS} | {CONTENT_HASH: content_hash(body)}
        for queue in queues:
            await queue.put((headers, body))
        return web.Response(status=202)

    application = web.Application(client_max_size=_BODY_LIMIT)
    application.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=credentials.listening_context()).start()
    connector = aiohttp.TCPConnector(ssl=credentials.calling_context(), limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        forwards = [asyncio.create_task(_forward(session, url, queue)) for url, queue in zip(urls, queues, strict=True)]
        sys.stdout.write(msgspec.json.encode({"port": runner.addresses[0][1]}).decode() + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for forward in forwards:
            forward.cancel()
    await runner.cleanup()


if __name__ == "__main__":
    run(_serve(Path(sys.argv[1]), sys.argv[2:]))
