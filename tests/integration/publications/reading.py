"""Somebody who reads publications without a log-in, and an administrator with the token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.support.platform import Platform

PAGE = {"Accept": "text/html"}


class Reader:
    """A plain HTTP client of the portal."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self.session = session
        self.token = {"Authorization": f"Bearer {token}"}

    async def ask(self, path: str, status: int = 200) -> Any:
        """A list, or a problem."""
        async with self.session.get(path) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json(content_type=None)

    async def page(self, path: str, status: int = 200, *, as_administrator: bool = False) -> str:
        """A page, as a browser asks for it."""
        headers = {**PAGE, **(self.token if as_administrator else {})}
        async with self.session.get(path, headers=headers) as answer:
            assert answer.status == status, await answer.text()
            assert answer.content_type == "text/html"
            return await answer.text()

    async def order(self, method: str, path: str, status: int = 200, body: Any = None) -> Any:
        """A call of the administration API."""
        async with self.session.request(method, f"/admin/api{path}", json=body, headers=self.token) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json(content_type=None) if status != 204 else None

    async def send(self, path: str, **fields: str) -> tuple[int, str]:
        """A form of a page, sent by an administrator; the status, and where it leads."""
        async with self.session.post(path, data=fields, headers=self.token, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", "")


@asynccontextmanager
async def reader(platform: Platform) -> AsyncIterator[Reader]:
    """Somebody who reads."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with aiohttp.ClientSession(platform.dip.portal_url) as session:
        yield Reader(session, token)
