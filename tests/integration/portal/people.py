"""Users of every kind, and what they send to the portal."""

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import ClientResponse, ClientSession
from argon2 import PasswordHasher

from dip.http.portal.powers import Power
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.store.users import User
from tests.integration.portal import traffic

if TYPE_CHECKING:
    from tests.integration.portal.conftest import Portal

OURS = "09000001"
THEIRS = "09000002"
COMPANIES = {
    traffic.SUPPLIER: OURS,
    traffic.DATA_SERVICE: OURS,
    traffic.REGISTRATION: THEIRS,
    traffic.FORMER_SUPPLIER: THEIRS,
}
PASSWORD = "a password for tests"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def with_companies(portal: "Portal") -> None:
    """Two companies of two participants each, and one participant of none."""
    known = [msgspec.structs.replace(one, company=COMPANIES.get(one.dip_id, "")) for one in portal.participants.value]
    portal.participants.value = Participants(known, [])


async def add_user(
    portal: "Portal",
    name: str,
    *powers: Power,
    company: str | None = None,
    dip_ids: tuple[DipId, ...] | None = None,
    must_change: bool = False,
) -> User:
    """A user whose password is PASSWORD."""
    made = User(
        name=name,
        password_hash=_HASH,
        powers=tuple(powers),
        company=company,
        dip_ids=dip_ids,
        must_change=must_change,
        made_at=portal.clock.wall(),
        author="test",
    )
    await portal.store.users.save_user(made)
    return made


class Person:
    """Somebody at a browser of its own."""

    def __init__(self, client: ClientSession) -> None:
        self.client = client
        self.form_token = ""

    async def log_in(self, name: str, password: str = PASSWORD) -> int:
        """Log in; the status."""
        answer = await self.client.post("/login", data={"name": name, "password": password}, allow_redirects=False)
        page = await (await self.client.get("/account/password")).text()
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        self.form_token = "" if found is None else found[1]
        return answer.status

    async def ask(self, method: str, path: str, body: Any = None, *, accept: str = "*/*") -> ClientResponse:
        """A call with the session's form token."""
        data = None if body is None else msgspec.json.encode(body)
        headers = {"X-Form-Token": self.form_token, "Accept": accept}
        return await self.client.request(method, path, data=data, headers=headers, allow_redirects=False)

    async def send(self, path: str, **fields: Any) -> ClientResponse:
        """A form, as a browser sends it."""
        return await self.client.post(
            path,
            data={"form_token": self.form_token, **fields},
            headers={"Accept": "text/html"},
            allow_redirects=False,
        )

    async def get(self, path: str, status: int = 200) -> Any:
        """The JSON of an answer."""
        answer = await self.ask("GET", path)
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None)


Meet = Callable[..., Awaitable[Person]]
"""Meets somebody at a browser of its own; logged in where a name is given."""
