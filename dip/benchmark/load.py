"""The client of the benchmark: messages written, signed and sent over a few connections."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import aiohttp
import msgspec

from dip.client import Credentials, Message, fresh
from dip.ground.assets import asset

MESSAGE_BYTES = 4600
_OK = frozenset({201, 202})


class Call(msgspec.Struct):
    """One request: the references in it, when it was sent and answered (monotonic seconds), and the status."""

    references: list[str]
    sent: float
    answered: float
    status: int


class Load:
    """Messages with a reference of their own, written and signed as they are sent.

    Without a template: IF-021 for one UTC day, of 4.6 kB.
    """

    def __init__(self, credentials: Credentials, batch: int, *, template: Message | None = None) -> None:
        self._credentials = credentials
        self._batch = batch
        self._template = template or _consumption()

    async def send(self, url: str, messages: int, connections: int) -> list[Call]:
        """Send so many messages, as fast as the answers come."""
        calls: list[Call] = []
        left = messages
        connector = aiohttp.TCPConnector(ssl=self._credentials.calling_context(), limit=connections)
        timeout = aiohttp.ClientTimeout(total=120)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

            async def one_connection() -> None:
                nonlocal left
                while left > 0:
                    count = min(self._batch, left)
                    left -= count
                    calls.append(await self._call(session, url, count))

            await asyncio.gather(*(one_connection() for _ in range(connections)))
        return calls

    async def _call(self, session: aiohttp.ClientSession, url: str, count: int) -> Call:
        now = datetime.now(UTC)
        group = [fresh(self._template, now) for _ in range(count)]
        references = [one["payload"]["CommonBlock"]["S1"]["senderUniqueReference"] for one in group]
        body = msgspec.json.encode(group)
        headers = {"Content-Type": "application/json", **self._credentials.signer.headers("POST", url, body, now)}
        sent = time.monotonic()
        async with session.post(url, data=body, headers=headers) as response:
            await response.read()
            return Call(references, sent, time.monotonic(), response.status)


def _consumption() -> Message:
    path = asset("data/seed") / "samples" / "if-021-activepower.json"
    template: Message = msgspec.json.decode(path.read_bytes())[0]
    padding = MESSAGE_BYTES - len(msgspec.json.encode(fresh(template, datetime.now(UTC))))
    template["payload"]["CommonBlock"]["S1"]["subText"] = "x" * min(max(padding, 1), 500)
    return template


def refused(calls: Sequence[Call]) -> list[int]:
    """The statuses of requests that were not taken whole."""
    return [call.status for call in calls if call.status not in _OK]
