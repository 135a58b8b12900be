"""The client of the benchmark: messages written, signed and sent over a few connections."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import aiohttp
import msgspec

from dip.client import Credentials, fresh
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
    """IF-021 for one UTC day, each message of 4.6 kB with a reference of its own, written and signed as it is sent."""

    def __init__(self, credentials: Credentials, batch: int) -> None:
        self._credentials = credentials
        self._batch = batch
        path = asset("data/seed") / "samples" / "if-021-activepower.json"
        self._template = msgspec.json.decode(path.read_bytes())[0]
        padding = MESSAGE_BYTES - len(msgspec.json.encode(fresh(self._template, datetime.now(UTC))))
        self._template["payload"]["CommonBlock"]["S1"]["subText"] = "x" * min(max(padding, 1), 500)

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


def refused(calls: Sequence[Call]) -> list[int]:
    """The statuses of requests that were not taken whole."""
    return [call.status for call in calls if call.status not in _OK]
