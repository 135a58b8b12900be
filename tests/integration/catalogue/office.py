"""The administrator's desk: the administration API of a running platform, and definitions to bring there."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from dip.ground.assets import asset
from tests.support.platform import Platform, changed, sample

SUPPLIER = "2300000001"
METER_SERVICE = "1200000001"
REGISTRATION = "2200000001"
OTHER_REGISTRATION = "2200000002"


class Said(msgspec.Struct, frozen=True):
    """An answer of the administration API."""

    status: int
    body: Any
    headers: Mapping[str, str]


class Office:
    """Calls of `/admin/api/channels`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        text: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Said:
        """One call below `/admin/api/channels`; text is sent as YAML."""
        sent = dict(headers or {})
        if text is not None:
            sent["Content-Type"] = "application/yaml"
        body = text.encode() if text is not None else None
        async with self._session.request(
            method, f"/admin/api/channels{path}", data=body, json=json, headers=sent
        ) as answer:
            raw = await answer.read()
            return Said(answer.status, msgspec.json.decode(raw) if raw else None, answer.headers.copy())

    async def put(self, channel: str, text: str, **headers: str) -> Said:
        """PUT of a definition."""
        return await self.ask("PUT", f"/{channel}", text=text, headers=headers)

    async def page(self, path: str) -> str:
        """Any page of the portal."""
        async with self._session.get(path, headers={"Accept": "text/html"}) as answer:
            assert answer.status == 200, path
            return await answer.text()


@asynccontextmanager
async def office(platform: Platform) -> AsyncIterator[Office]:
    """The desk of a platform, with its administration token."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with aiohttp.ClientSession(
        platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as session:
        yield Office(session)


def shipped(channel: str) -> str:
    """The definition of a channel as its file has it."""
    return (asset("channels") / "interfaces" / f"{channel}.yaml").read_text(encoding="utf-8")


def renamed(channel: str, made_of: str = "IF-031") -> str:
    """A definition of a new channel that is like another one."""
    return shipped(made_of).replace(f"id: {made_of}", f"id: {channel}").replace(made_of[3:], channel[3:])


def message_for(channel: str, name: str = "if-031") -> dict[str, Any]:
    """A fresh sample, addressed to another channel."""
    return changed(sample(name), "CommonBlock.S0.interfaceID", channel)
