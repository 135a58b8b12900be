"""Who asks at the portal, and whether an answer holds what it must not."""

import html
import io
import re
import zipfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import unquote

import aiohttp
import msgspec
from yarl import URL

from dip.ground.clock import Clock
from dip.http.portal.powers import Power
from dip.store.users import User
from tests.integration.portal.people import _HASH, PASSWORD
from tests.support.platform import Platform

_TAGS = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"\s|\\n|\\u00a0")


class Said(msgspec.Struct, frozen=True):
    """An answer. text: all of it, headers and packed files included, in the form that `folded` makes."""

    status: int
    location: str
    text: str
    body: bytes

    @property
    def is_refused(self) -> bool:
        """Whether nothing was shown or done: refused, or sent to the log-in."""
        return self.status >= 400 or (self.status == 303 and self.location.startswith("/login"))

    def holds(self, secret: str) -> bool:
        """Whether a secret stands in it, however it is written."""
        return folded(secret) in self.text


def folded(text: str) -> str:
    """Text in which nothing hides: without marks of HTML, URLs and JSON, without spaces, in small letters."""
    plain = html.unescape(unquote(text)).replace('\\"', '"')
    return _SPACES.sub("", plain).lower()


def _texts(body: bytes) -> list[str]:
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            return packed.namelist() + [packed.read(name).decode("utf-8", "replace") for name in packed.namelist()]
    text = body.decode("utf-8", "replace")
    return [text, _TAGS.sub("", text)]


class Caller:
    """Somebody at the portal: logged in, with the administration token, or unknown."""

    def __init__(self, name: str, base: str, session: aiohttp.ClientSession) -> None:
        self.name = name
        self._base = base
        self.form_token = ""
        self._session = session

    async def ask(
        self,
        method: str,
        path: str,
        *,
        order: Any = None,
        form: Mapping[str, str] | None = None,
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        """A request with this address as it stands. order: sent as JSON; form: as a browser sends it."""
        url = URL(self._base + path, encoded=True)
        given = {"Accept": accept, **(headers or {})}
        data: Any = None
        if form is not None:
            data = {"form_token": self.form_token, **form}
        elif method not in ("GET", "HEAD"):
            given["X-Form-Token"] = self.form_token
            data = order if isinstance(order, bytes) or order is None else msgspec.json.encode(order)
        async with self._session.request(method, url, data=data, headers=given, allow_redirects=False) as answer:
            # A stream goes on as long as one listens.
            is_stream = answer.content_type == "text/event-stream" and method != "HEAD"
            body = await (answer.content.readany() if is_stream else answer.read())
            said = [f"{name}: {value}" for name, value in answer.headers.items()] + _texts(body)
            return Said(answer.status, answer.headers.get("Location", ""), folded("\n".join(said)), body)

    def keep_cookie(self, name: str, value: str) -> None:
        """Send this cookie from now on."""
        self._session.cookie_jar.update_cookies({name: value}, URL(self._base))

    async def json(self, path: str) -> Any:
        """What a call of the administration API answers; it has to be 200."""
        said = await self.ask("GET", path)
        assert said.status == 200, (self.name, path, said.status, said.body[:300])
        return msgspec.json.decode(said.body)

    async def do(self, method: str, path: str, order: Any = None) -> Any:
        """A call that has to succeed."""
        said = await self.ask(method, path, order=order)
        assert said.status < 300, (self.name, path, said.status, said.body[:500])
        return msgspec.json.decode(said.body) if said.body else None

    async def log_in(self) -> None:
        """Begin a session."""
        said = await self.ask("POST", "/login", form={"name": self.name, "password": PASSWORD})
        assert said.status == 303, said.body
        page = await self.ask("GET", "/account/password", accept="text/html")
        found = re.search(rb'name="form_token" value="([^"]+)"', page.body)
        assert found is not None
        self.form_token = found[1].decode()


class Entrance:
    """Lets people in."""

    def __init__(self, platform: Platform, stack: AsyncExitStack) -> None:
        self._platform = platform
        self._stack = stack

    async def administrator(self) -> Caller:
        """Who has the administration token."""
        token = (self._platform.dip.directory / "admin.token").read_text().strip()
        return await self._caller("the administrator", {"Authorization": f"Bearer {token}"})

    async def stranger(self) -> Caller:
        """Somebody unknown."""
        return await self._caller("a stranger", {})

    async def user(self, name: str, company: str, *powers: Power) -> Caller:
        """A user of a company, logged in."""
        await self._platform.dip.store.users.save_user(
            User(
                name=name,
                password_hash=_HASH,
                powers=tuple(powers),
                company=company,
                made_at=Clock().wall(),
                author="test",
            )
        )
        made = await self._caller(name, {})
        await made.log_in()
        return made

    async def _caller(self, name: str, headers: Mapping[str, str]) -> Caller:
        made = aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.CookieJar(unsafe=True), trust_env=False)
        return Caller(name, self._platform.dip.portal_url, await self._stack.enter_async_context(made))
