"""The floor: a bare relay that takes each call and passes its bytes on to every receiver; it checks and keeps nothing.

`python -m dip.benchmark.relay DIRECTORY URL…` prints its port as a JSON line.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

from dip.benchmark.loop import run
from dip.client import credentials_of
from dip.messages.identifiers import DipId

_BODY_LIMIT = 64 * 1024 * 1024
_OWN_CERTIFICATE = DipId("2300000002")


async def _forward(session: aiohttp.ClientSession, url: str, queue: "asyncio.Queue[bytes]") -> None:
    while True:
        body = await queue.get()
        async with session.post(url, data=body) as response:
            await response.read()


async def _serve(directory: Path, urls: Sequence[str]) -> None:
    credentials = credentials_of(directory, _OWN_CERTIFICATE)
    queues: list[asyncio.Queue[bytes]] = [asyncio.Queue() for _ in urls]

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        for queue in queues:
            queue.put_nowait(body)
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
