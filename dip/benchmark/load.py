"""The client of the benchmark: requests made and signed beforehand, then sent over a few connections."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from dip.client import Credentials, fresh
from dip.ground.assets import asset

MESSAGE_BYTES = 4600
_OK = frozenset({201, 202})


class Call(msgspec.Struct):
    """One request: its body, the references in it, and when it was sent and answered (monotonic seconds)."""

    body: bytes
    references: list[str]
    headers: dict[str, str] = {}
    sent: float = 0.0
    answered: float = 0.0
    status: int = 0


def consumption_calls(messages: int, batch: int) -> list[Call]:
    """IF-021 for one UTC day, each message of 4.6 kB with a reference of its own, in batches."""
    path = asset("data/seed") / "samples" / "if-021-activepower.json"
    template = msgspec.json.decode(path.read_bytes())[0]
    padding = MESSAGE_BYTES - len(msgspec.json.encode(fresh(template, datetime.now(UTC))))
    template["payload"]["CommonBlock"]["S1"]["subText"] = "x" * min(max(padding, 1), 500)
    calls = []
    for start in range(0, messages, batch):
        group: list[Any] = [fresh(template, datetime.now(UTC)) for _ in range(min(batch, messages - start))]
        references = [one["payload"]["CommonBlock"]["S1"]["senderUniqueReference"] for one in group]
        calls.append(Call(msgspec.json.encode(group), references))
    return calls


def sign(calls: Sequence[Call], credentials: Credentials, url: str) -> None:
    """Sign every request now, so that the client spends nothing on it while time is taken."""
    at = datetime.now(UTC)
    for call in calls:
        call.headers = {"Content-Type": "application/json", **credentials.signer.headers("POST", url, call.body, at)}


async def send(calls: Sequence[Call], credentials: Credentials, url: str, connections: int) -> None:
    """Send them all, as fast as the answers come."""
    waiting = iter(calls)
    connector = aiohttp.TCPConnector(ssl=credentials.calling_context(), limit=connections)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def one_connection() -> None:
            for call in waiting:
                call.sent = time.monotonic()
                async with session.post(url, data=call.body, headers=call.headers) as response:
                    await response.read()
                    call.status = response.status
                call.answered = time.monotonic()

        await asyncio.gather(*(one_connection() for _ in range(connections)))


def refused(calls: Sequence[Call]) -> list[int]:
    """The statuses of requests that were not taken whole."""
    return [call.status for call in calls if call.status not in _OK]


def record_of(path: Path) -> Any:
    """A JSON file of another process of the benchmark."""
    return msgspec.json.decode(path.read_bytes())
