"""An open loop: each message is sent at its own time, whether the earlier ones were answered or not."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import msgspec

from dip.benchmark.load import Call
from dip.client import Credentials, fresh
from dip.ground.assets import asset

CONNECTIONS = 32
_LEAD_S = 0.3


class Prepared(msgspec.Struct):
    """A request with one message, written and signed ahead, so that the client's own work delays nothing."""

    reference: str
    body: bytes
    headers: dict[str, str]


def sample(name: str) -> dict[str, Any]:
    """A shipped sample message, such as `if-031-dsapp`."""
    message: dict[str, Any] = msgspec.json.decode((asset("data/seed") / "samples" / f"{name}.json").read_bytes())[0]
    return message


def prepared(
    credentials: Credentials, url: str, template: dict[str, Any], count: int, *, encrypted: bool
) -> list[Prepared]:
    """So many requests for this address; the signature's date allows five minutes until they are sent."""
    made = []
    custom = msgspec.json.encode(template["payload"]["CustomBlock"])
    for _ in range(count):
        now = datetime.now(UTC)
        message = fresh(template, now)
        if encrypted:
            message["payload"]["CustomBlock"] = credentials.encryptor.encrypt(custom)
        body = msgspec.json.encode([message])
        headers = {"Content-Type": "application/json", **credentials.signer.headers("POST", url, body, now)}
        made.append(Prepared(message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"], body, headers))
    return made


class EvenCall(Call):
    """`sent` is when it was due; began: when the client got round to it."""

    began: float = 0.0


@asynccontextmanager
async def session_of(credentials: Credentials) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session of a sender, with its connections."""
    connector = aiohttp.TCPConnector(ssl=credentials.calling_context(), limit=CONNECTIONS)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        yield session


async def send_evenly(
    session: aiohttp.ClientSession, url: str, requests: Sequence[Prepared], rate: float
) -> list[EvenCall]:
    """Send each at its time. What a request waits for a free connection counts: it is due when it is due."""
    start = time.monotonic() + _LEAD_S
    return await asyncio.gather(
        *(send_when_due(session, url, request, start + number / rate) for number, request in enumerate(requests))
    )


async def send_when_due(session: aiohttp.ClientSession, url: str, request: Prepared, due: float) -> EvenCall:
    """Send one at its time, monotonic seconds."""
    await asyncio.sleep(max(0.0, due - time.monotonic()))
    began = time.monotonic()
    async with session.post(url, data=request.body, headers=request.headers) as response:
        await response.read()
        return EvenCall([request.reference], due, time.monotonic(), response.status, began)
