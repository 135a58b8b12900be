"""The administrator at the desk: calls of the administration API and pages of a running platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from tests.support.platform import Platform


class Said(msgspec.Struct, frozen=True):
    """An answer: its body as JSON where it is JSON."""

    status: int
    body: Any
    text: str


class Desk:
    """Calls below `/admin/api`, and pages."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, path: str, status: int = 200) -> Any:
        """The body of a GET."""
        return (await self._say("GET", f"/admin/api/{path}", None, status)).body

    async def text(self, path: str) -> str:
        """The text of a GET."""
        return (await self._say("GET", f"/admin/api/{path}", None, 200)).text

    async def do(self, path: str, order: Any = None, status: int = 200) -> Any:
        """The body of a POST."""
        return (await self._say("POST", f"/admin/api/{path}", order, status)).body

    async def patch(self, path: str, order: Any, status: int = 200) -> Any:
        """The body of a PATCH."""
        return (await self._say("PATCH", f"/admin/api/{path}", order, status)).body

    async def delete(self, path: str, status: int = 200) -> Any:
        """The body of a DELETE."""
        return (await self._say("DELETE", f"/admin/api/{path}", None, status)).body

    async def page(self, path: str, status: int = 200) -> str:
        """A page."""
        async with self._session.get(path, headers={"Accept": "text/html"}) as answer:
            assert answer.status == status, await answer.text()
            return await answer.text()

    async def send_form(self, path: str, **fields: str) -> str:
        """A form; the page that it leads to."""
        async with self._session.post(path, data=fields, headers={"Accept": "text/html"}) as answer:
            return await answer.text()

    async def states(self, transaction: str) -> dict[str, str]:
        """The state of a message's deliveries by recipient."""
        found = await self.ask(f"messages/{transaction}")
        return {one["recipient"]: one["state"] for one in found["deliveries"]}

    async def _say(self, method: str, path: str, order: Any, status: int) -> Said:
        async with self._session.request(method, path, json=order) as answer:
            text = await answer.text()
            assert answer.status == status, text
            body = msgspec.json.decode(text) if answer.content_type.endswith("json") else None
            return Said(answer.status, body, text)


async def metrics(platform: Platform) -> list[str]:
    """The lines of `/metrics`, which everybody may read."""
    async with aiohttp.ClientSession() as session, session.get(f"{platform.dip.portal_url}/metrics") as answer:
        return (await answer.text()).splitlines()


@asynccontextmanager
async def desk(platform: Platform) -> AsyncIterator[Desk]:
    """The administrator's session."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with aiohttp.ClientSession(platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}) as session:
        yield Desk(session)
