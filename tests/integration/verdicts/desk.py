"""Somebody at the portal of a whole server: the administration API by its token, and users with a session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from dip.ground.clock import Clock
from dip.http.portal.powers import Power
from dip.store.users import User
from tests.integration.portal.people import _HASH, PASSWORD
from tests.support.platform import Platform

PAGE = {"Accept": "text/html"}


class Desk:
    """A browser, or the token."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def page(self, path: str, status: int = 200) -> str:
        """A page as a browser asks for it."""
        async with self._session.get(path, headers=PAGE) as answer:
            text = await answer.text()
            assert answer.status == status, text
            return text

    async def ask(self, path: str, status: int = 200) -> Any:
        """The administration API's answer."""
        async with self._session.get(f"/admin/api/{path}") as answer:
            assert answer.status == status, await answer.text()
            return await answer.json(content_type=None)

    async def recorded(self, query: str) -> list[Any]:
        """Records of the activity log, as far as they are written."""
        return list((await self.ask(f"activity?{query}"))["items"])

    async def move_clock(self, advance: str) -> None:
        """Move business time on by an ISO 8601 duration; what is due then is done."""
        async with self._session.post("/admin/api/clock", json={"advance": advance}) as answer:
            assert answer.status == 200, await answer.text()

    async def verdicts(self, transaction: str) -> list[Any]:
        """The verdicts on a message."""
        found = await self.ask(f"messages/{transaction}")
        return list(found["verdicts"])


@asynccontextmanager
async def office(platform: Platform) -> AsyncIterator[Desk]:
    """The administration token's."""
    headers = {"Authorization": f"Bearer {(platform.dip.directory / 'admin.token').read_text().strip()}"}
    async with aiohttp.ClientSession(platform.dip.portal_url, headers=headers, trust_env=False) as session:
        yield Desk(session)


@asynccontextmanager
async def user(platform: Platform, name: str, *powers: Power, of: str | None = None) -> AsyncIterator[Desk]:
    """A user of a participant's company, or of the DIP, at a browser."""
    company = next((one.company for one in platform.dip.participants.value if one.dip_id == of), None)
    made = User(
        name=name, password_hash=_HASH, powers=tuple(powers), company=company, made_at=Clock().wall(), author="test"
    )
    await platform.dip.store.users.save_user(made)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(platform.dip.portal_url, cookie_jar=jar, trust_env=False) as session:
        form = {"name": name, "password": PASSWORD}
        async with session.post("/login", data=form, allow_redirects=False) as answer:
            assert answer.status == 303
        yield Desk(session)
