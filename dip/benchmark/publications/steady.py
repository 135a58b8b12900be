"""Messages at an even pace until the input ends, from a process of their own.

`python -m dip.benchmark.publications.steady ORDER` (JSON) writes its calls to the record when it ends.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from dip.benchmark.consumption import CHANNEL, SENDER
from dip.benchmark.even import EvenCall, Prepared, prepared, sample, send_when_due, session_of
from dip.benchmark.loop import run
from dip.client import credentials_of

_LEAD_S: Final = 0.3
_NOT_ANSWERED: Final = 0


class Order(msgspec.Struct, frozen=True):
    """Single IF-021 a second, to the API at this address."""

    directory: str
    api: str
    rate: int
    record: str


def read_calls(record: Path) -> list[EvenCall]:
    """What such a process sent. Status 0: there was no answer."""
    return msgspec.json.decode(record.read_bytes(), type=list[EvenCall])


async def _sent(order: Order) -> list[EvenCall]:
    credentials, template = credentials_of(Path(order.directory), SENDER), sample("if-021-activepower")
    url = f"{order.api}/dip-channel/{CHANNEL}"

    def a_second() -> list[Prepared]:
        return prepared(credentials, url, template, order.rate, encrypted=False)

    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with session_of(credentials) as session, asyncio.TaskGroup() as tasks:
        sent: list[asyncio.Task[EvenCall]] = []
        requests = await asyncio.to_thread(a_second)
        start = time.monotonic() + _LEAD_S
        while not ended.done():
            # The next second's are signed meanwhile, beside the loop that sends.
            upcoming = asyncio.create_task(asyncio.to_thread(a_second))
            for request in requests:
                due = start + len(sent) / order.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                sent.append(tasks.create_task(_one(session, url, request, due)))
            requests = await upcoming
    return [task.result() for task in sent]


async def _one(session: aiohttp.ClientSession, url: str, request: Prepared, due: float) -> EvenCall:
    try:
        return await send_when_due(session, url, request, due)
    except (aiohttp.ClientError, TimeoutError):
        return EvenCall([request.reference], due, time.monotonic(), _NOT_ANSWERED, due)


def _main(order: Order) -> None:
    calls = run(_sent(order))
    Path(order.record).write_bytes(msgspec.json.encode(calls))


if __name__ == "__main__":
    _main(msgspec.json.decode(sys.argv[1], type=Order))
