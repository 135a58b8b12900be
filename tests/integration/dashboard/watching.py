"""Somebody who watches the dashboard: reads its events one after the other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from dip.client import Received
from tests.integration.delivery.conftest import REGISTRATION, send, state_of
from tests.support.platform import Platform
from tests.support.waiting import until

EVENTS = "/dashboard/events"


class Watcher:
    """A stream of the dashboard. blocks: what each shows now, HTML by name."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer
        self.blocks: dict[str, str] = {}
        self.over = False
        self.comments = 0

    def says(self, block: str) -> str:
        """What a block shows; empty until it was there."""
        return self.blocks.get(block, "")

    async def until(self, seen: Callable[["Watcher"], Any]) -> None:
        """Read on until what was read is as expected."""
        async with asyncio.timeout(30):
            while not seen(self):
                assert await self.read(), "the stream has ended"

    async def to_end(self) -> None:
        """Read until the server ends the stream."""
        async with asyncio.timeout(30):
            while await self.read():
                pass

    async def read(self) -> bool:
        """Read a line; whether there was one."""
        line = await self.answer.content.readline()
        if line.startswith(b"event: over"):
            self.over = True
        elif line.startswith(b":"):
            self.comments += 1
        elif line.startswith(b"data: ") and not self.over:
            told = msgspec.json.decode(line[6:])
            self.blocks[told["block"]] = told["html"]
        return bool(line)


@asynccontextmanager
async def watching(session: aiohttp.ClientSession, url: str = EVENTS) -> AsyncIterator[Watcher]:
    """Watch with a session's cookies."""
    async with session.get(url) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "text/event-stream"
        yield Watcher(answer)


async def a_rejected_message(platform: Platform) -> str:
    """A message that its recipient did not take; its transaction id."""

    async def unknown(received: Sequence[Received]) -> Sequence[str]:
        return ["RCP1061" for _ in received]

    await platform.listener(REGISTRATION, "IF-031", handler=unknown)
    (sent,) = await send(platform)

    async def is_rejected() -> bool:
        return await state_of(platform, sent.transaction_id) == "rejected"

    await until(is_rejected)
    return str(sent.transaction_id)
