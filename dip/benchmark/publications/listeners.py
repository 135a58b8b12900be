"""Webhooks of many recipients, a process of their own, that says when each of them has so many messages.

`python -m dip.benchmark.publications.listeners ORDER` (JSON) prints its ports, then answers each `Wanted` on its input
with a line. At the end of its input it writes its record.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec

from dip.benchmark.loop import run
from dip.benchmark.receiver import Arrival, Receiver, listening
from dip.benchmark.receivers import Record, write_record
from dip.client import credentials_of


class Order(msgspec.Struct, frozen=True):
    """Who listens, with the keys of this data directory."""

    directory: str
    recipients: list[str]
    record: str


class Wanted(msgspec.Struct, frozen=True):
    """Wait until each recipient has so many different messages, at most so many seconds."""

    messages: int
    within_s: float


class Came(msgspec.Struct, frozen=True):
    """Whether it came to that, and when the last message did, monotonic seconds."""

    complete: bool
    at: float


class _Tally:
    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {}
        self._more = asyncio.Event()
        self._at = 0.0

    def add(self, receiver: str) -> None:
        self._seen[receiver] = set()

    def note(self, arrival: Arrival) -> None:
        self._seen[arrival.recipient].update(arrival.references)
        self._at = time.monotonic()
        self._more.set()

    async def until(self, wanted: Wanted) -> Came:
        try:
            async with asyncio.timeout(wanted.within_s):
                while any(len(seen) < wanted.messages for seen in self._seen.values()):
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            return Came(complete=False, at=self._at)
        return Came(complete=True, at=self._at)


async def _serve(order: Order) -> None:
    tally, receivers, ports = _Tally(), list[Receiver](), dict[str, int]()
    async with AsyncExitStack() as stack:
        for dip_id in order.recipients:
            credentials = await asyncio.to_thread(credentials_of, Path(order.directory), dip_id)
            receiver = Receiver(credentials, told=tally.note)
            tally.add(credentials.dip_id)
            ports[dip_id] = await stack.enter_async_context(listening(receiver))
            receivers.append(receiver)
        _say({"ports": ports})
        while line := await asyncio.to_thread(sys.stdin.readline):
            _say(await tally.until(msgspec.json.decode(line, type=Wanted)))
    write_record(Path(order.record), Record([arrival for receiver in receivers for arrival in receiver.arrivals]))


def _say(line: Any) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(_serve(msgspec.json.decode(sys.argv[1], type=Order)))
