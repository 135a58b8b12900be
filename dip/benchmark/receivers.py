"""Receivers of the benchmark, a process of their own.

`python -m dip.benchmark.receivers ORDER` (a JSON object) prints its ports as a JSON line, and another line when each
receiver has seen as many messages as the order says. At the end of its input it writes its record.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec

from dip.benchmark.loop import run
from dip.benchmark.receiver import Arrival, Opening, Receiver, listening
from dip.client import credentials_of


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to do. expected: different messages for each of the recipients."""

    directory: str
    expected: int
    record: str
    recipients: list[str]
    port: int = 0
    """Of the one recipient; 0 takes a free one for each."""
    opens_every: int = 0
    """Open one message in so many, and compare it; 0 opens none."""
    custom_block: Any = None
    """What the opened ones must hold."""


class Record(msgspec.Struct):
    """What the process saw. opened, wrong: of the messages that it opened."""

    arrivals: list[Arrival]
    opened: int = 0
    wrong: int = 0


def write_record(path: Path, record: Record) -> None:
    """Hand the arrivals over to the process that measures."""
    path.write_bytes(msgspec.json.encode(record))


def read_record(path: Path) -> Record:
    """What a process of receivers wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Record)


class _Tally:
    """Says when so many different messages have come."""

    def __init__(self, expected: int) -> None:
        self.complete = asyncio.Event()
        self._missing = expected
        self._seen: set[str] = set()

    def note(self, arrival: Arrival) -> None:
        self._seen.update(arrival.references)
        if len(self._seen) >= self._missing:
            self.complete.set()


async def _serve(order: Order) -> None:
    receivers, ports, tallies = [], {}, []
    async with AsyncExitStack() as stack:
        for dip_id in order.recipients:
            credentials, tally = credentials_of(Path(order.directory), dip_id), _Tally(order.expected)
            opening = Opening(credentials, order.opens_every, order.custom_block) if order.opens_every else None
            receiver = Receiver(credentials, opening=opening, told=tally.note)
            ports[dip_id] = await stack.enter_async_context(listening(receiver, order.port))
            receivers.append(receiver)
            tallies.append(tally)
        _say({"ports": ports})
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        finished = asyncio.gather(*(tally.complete.wait() for tally in tallies))
        await asyncio.wait([ended, finished], return_when=asyncio.FIRST_COMPLETED)
        if finished.done():
            _say({"complete": time.monotonic()})
        await ended
        finished.cancel()
    openings = [receiver.opening for receiver in receivers if receiver.opening is not None]
    record = Record(
        [arrival for receiver in receivers for arrival in receiver.arrivals],
        sum(opening.opened for opening in openings),
        sum(opening.wrong for opening in openings),
    )
    write_record(Path(order.record), record)


def _say(line: object) -> None:
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    run(_serve(msgspec.json.decode(sys.argv[1], type=Order)))
