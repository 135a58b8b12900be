"""A row of the table: one way in that must fail, and how; and the world that it is tried on."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import msgspec

from tests.integration.edges.raw import Answer, sent
from tests.integration.intake.calls import SUPPLIER, Call, Calls

NO_ANSWER = 0


class World:
    """A platform, and who tries to get in."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.api = calls.platform.dip.api_url
        self.portal = calls.platform.dip.portal_url
        self.token = (calls.platform.dip.directory / "admin.token").read_text().strip()
        self.supplier = calls.platform.credentials(SUPPLIER).calling_context()

    async def to_api(self, content: bytes, context: ssl.SSLContext | None = None) -> Answer:
        """Bytes to the API port, by the supplier's connection where no other one is named."""
        return await sent(self.api, content.replace(b"HOST", self.api.encode()[8:]), context or self.supplier)

    async def to_portal(self, content: bytes) -> Answer:
        """Bytes to the portal port."""
        return await sent(self.portal, content.replace(b"HOST", self.portal.encode()[7:]))


Found = tuple[int, str]
"""Status and code; '' where there is none."""


class Row(msgspec.Struct, frozen=True):
    """One way in. code: of the StandardResponse, or of the problem document."""

    name: str
    tried: Callable[[World], Awaitable[Found]]
    status: int
    code: str = "MSG1000"


def found(answer: Answer) -> Found:
    """Status and code of an answer in either form."""
    if not answer.body:
        return answer.status, ""
    body = msgspec.json.decode(answer.body)
    if "messageArray" in body:
        return answer.status, str(body["messageArray"][0]["message"]).partition(" - ")[0]
    return answer.status, str(body["code"])


def raw(name: str, content: bytes, status: int, code: str = "MSG1000") -> Row:
    """These bytes to the API port, over the supplier's connection."""

    async def tried(world: World) -> Found:
        return found(await world.to_api(content))

    return Row(name, tried, status, code)


def portal(name: str, content: bytes, status: int, code: str) -> Row:
    """These bytes to the portal port. TOKEN stands for the administration token."""

    async def tried(world: World) -> Found:
        return found(await world.to_portal(content.replace(b"TOKEN", world.token.encode())))

    return Row(name, tried, status, code)


def call(name: str, make: Callable[[Calls], Call], status: int, code: str = "MSG1000") -> Row:
    """A signed call of a participant with something wrong."""

    async def tried(world: World) -> Found:
        reply = await world.calls.make(await asyncio.to_thread(make, world.calls))
        return reply.status, reply.code if reply.entries else ""

    return Row(name, tried, status, code)
