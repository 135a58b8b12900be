"""Receivers of the benchmark, a process of their own: take every call, note which messages it brought and when.

`python -m dip.benchmark.receivers DIRECTORY EXPECTED RECORD DIP-ID…` prints its ports as a JSON line, and
another line when each receiver has seen EXPECTED messages. At the end of its input it writes RECORD.
"""

import asyncio
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from aiohttp import web

from dip.benchmark.loop import run
from dip.client import credentials_of
from dip.messages.identifiers import DipId

_REFERENCE = re.compile(rb'"senderUniqueReference":"([^"]+)"')
_BODY_LIMIT = 64 * 1024 * 1024


class Arrival(msgspec.Struct):
    """One call: who got it, when (monotonic seconds of the machine), and the references in it."""

    recipient: str
    at: float
    references: list[str]


class Receiver:
    """One participant that takes everything and checks nothing."""

    def __init__(self, dip_id: str, expected: int, complete: asyncio.Event) -> None:
        self.dip_id = dip_id
        self.arrivals: list[tuple[float, list[bytes]]] = []
        self._missing = expected
        self._seen: set[bytes] = set()
        self._complete = complete

    async def take(self, request: web.Request) -> web.Response:
        """Answer 202 without entries: all delivered."""
        references = _REFERENCE.findall(await request.read())
        self.arrivals.append((time.monotonic(), references))
        self._seen.update(references)
        if len(self._seen) >= self._missing:
            self._complete.set()
        return web.Response(status=202)


async def _serve(directory: Path, expected: int, record: Path, dip_ids: Sequence[str]) -> None:
    receivers, ports, complete = [], {}, []
    for dip_id in dip_ids:
        event = asyncio.Event()
        receiver = Receiver(dip_id, expected, event)
        application = web.Application(client_max_size=_BODY_LIMIT)
        application.router.add_post("/{path:.*}", receiver.take)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        context = credentials_of(directory, DipId(dip_id)).listening_context()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        ports[dip_id] = runner.addresses[0][1]
        receivers.append(receiver)
        complete.append(event)
    _say({"ports": ports})
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    finished = asyncio.gather(*(event.wait() for event in complete))
    await asyncio.wait([ended, finished], return_when=asyncio.FIRST_COMPLETED)
    if finished.done():
        _say({"complete": time.monotonic()})
    await ended
    finished.cancel()
    arrivals = [
        Arrival(receiver.dip_id, at, [reference.decode() for reference in references])
        for receiver in receivers
        for at, references in receiver.arrivals
    ]
    record.write_bytes(msgspec.json.encode(arrivals))


def _say(line: object) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(_serve(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]))
