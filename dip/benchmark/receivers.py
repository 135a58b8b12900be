"""Receivers of the benchmark, a process of their own: what a participant does with a call, and no more.

They check the content hash, read every message, note its reference and the time, and answer with an entry
for each, as the live API asks.

`python -m dip.benchmark.receivers DIRECTORY EXPECTED RECORD DIP-ID…` prints its ports as a JSON line, and
another line when each receiver has seen EXPECTED messages. At the end of its input it writes RECORD.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from aiohttp import web

from dip.benchmark.loop import run
from dip.client import credentials_of
from dip.messages.identifiers import DipId
from dip.messages.standard_response import Entry, StandardResponse
from dip.messages.timestamps import wire_time
from dip.security.signing import CONTENT_HASH, content_hash

_TAKEN = "RCP0000 - Message Success"
_BODY_LIMIT = 64 * 1024 * 1024


class Arrival(msgspec.Struct):
    """One call: who got it, when (monotonic seconds of the machine), and the references in it."""

    recipient: str
    at: float
    references: list[str]


def write_record(path: Path, arrivals: Sequence[Arrival]) -> None:
    """Hand the arrivals over to the process that measures."""
    path.write_bytes(msgspec.json.encode(arrivals))


def read_record(path: Path) -> list[Arrival]:
    """The arrivals that a process of receivers wrote."""
    return msgspec.json.decode(path.read_bytes(), type=list[Arrival])


class Receiver:
    """One participant that takes everything that is whole."""

    def __init__(self, dip_id: str, expected: int, complete: asyncio.Event) -> None:
        self.dip_id = dip_id
        self.arrivals: list[tuple[float, list[str]]] = []
        self._missing = expected
        self._seen: set[str] = set()
        self._complete = complete

    async def take(self, request: web.Request) -> web.Response:
        """Answer 201 with an entry for each message; 400 where the body is not what the header says."""
        body = await request.read()
        if request.headers[CONTENT_HASH] != content_hash(body):
            return web.Response(status=400)
        messages = msgspec.json.decode(body)
        references, entries = [], []
        now = wire_time(datetime.now(UTC))
        for message in messages:
            common = message["payload"]["CommonBlock"]
            reference = common["S1"]["senderUniqueReference"]
            references.append(reference)
            entries.append(
                Entry(
                    transaction_id=common.get("D0", {}).get("transactionID"),
                    sender_unique_reference=reference,
                    sent_timestamp=now,
                    sender_id=self.dip_id,
                    recipient_id=common["S1"]["senderDIPID"],
                    message=_TAKEN,
                )
            )
        self.arrivals.append((time.monotonic(), references))
        self._seen.update(references)
        if len(self._seen) >= self._missing:
            self._complete.set()
        answer = msgspec.json.encode(StandardResponse(entries, now))
        return web.Response(status=201, body=answer, content_type="application/json")


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
        Arrival(receiver.dip_id, at, references) for receiver in receivers for at, references in receiver.arrivals
    ]
    write_record(record, arrivals)


def _say(line: object) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(_serve(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]))
