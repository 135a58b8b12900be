"""Who looks at the pages: logged in as a user does, with values for every address that may be read."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import aiohttp
import msgspec
from yarl import URL

from dip.benchmark.pages.ground import CHANNEL, PAYLOAD, POWERS, VERSION, Marks, NotFilled, administration
from dip.benchmark.pages.traffic import MUCH, SUPPLIER
from dip.benchmark.stage import Stage
from dip.messages.timestamps import wire_time

_PATIENCE_S: Final = 120.0
_TOKEN: Final = re.compile(r'name="form_token" value="([^"]+)"')
_OK: Final = 200
FIXED: Final[Mapping[str, str]] = {
    "dip_id": SUPPLIER,
    "much": MUCH,
    "channel_id": "IF-031",
    "version": "0",
    "item": "DI-001",
    "block": "S1",
    "interface": "IF-031",
    "flow": "change-of-service",
    "code": "MSG1000",
    "help_page": "messages",
    "publications": CHANNEL,
    "payload": PAYLOAD,
    "payload_version": VERSION,
}
"""Values that are the same in every filled directory."""
LISTED: Final[Mapping[str, tuple[str, str]]] = {
    "delivery_id": ("dead-letters?limit=1", "id"),
    "endpoint_id": ("endpoints", "id"),
    "fingerprint": (f"participants/{SUPPLIER}/certificates", "fingerprint"),
    "record": ("activity?limit=1", "number"),
    "run": ("mpans/runs?limit=1", "name"),
    "view_id": ("views", "id"),
}
"""Values that the visitor's own lists show: which call, and which field of its first item."""


class Visitor(msgspec.Struct, frozen=True):
    """Somebody who is logged in. values: what stands for the parameters of addresses."""

    name: str
    powers: frozenset[str]
    session: aiohttp.ClientSession
    values: Mapping[str, str]


@asynccontextmanager
async def visitor(standing: Stage, name: str, marks: Marks) -> AsyncIterator[Visitor]:
    """Log somebody in, with a new password, and look up what it may see. Raises NotFilled."""
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    # Cookies of an address without a name are kept only where that is said.
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(URL(standing.portal), cookie_jar=jar, timeout=timeout) as session:
        await _log_in(standing, session, name)
        await _keep_view(session)
        values = {**FIXED, **of_marks(marks), **await _seen(session), "user": name}
        yield Visitor(name, frozenset(POWERS[name]), session, values)


async def _log_in(standing: Stage, session: aiohttp.ClientSession, name: str) -> None:
    async with administration(standing.directory) as calls:
        url = f"{standing.portal}/admin/api/users/{name}"
        async with calls.patch(url, json={"newPassword": True}) as response:
            given = (await response.json()).get("password", "")
    await _sent(session, "/login", {"name": name, "password": given})
    token = await _form_token(session)
    new = f"{given}-2"
    await _sent(session, "/account/password", {"form_token": token, "old": given, "new": new, "again": new})


async def _keep_view(session: aiohttp.ClientSession) -> None:
    """Have a view to open."""
    async with session.get("/admin/api/views") as response:
        if (await response.json())["items"]:
            return
    form = {"form_token": await _form_token(session), "name": "Consumption", "address": "/messages?channel=IF-021"}
    await _sent(session, "/views", form)


async def _form_token(session: aiohttp.ClientSession) -> str:
    """What every form of the session carries. Raises NotFilled."""
    async with session.get("/account/password", headers={"Accept": "text/html"}) as response:
        token = _TOKEN.search(await response.text())
    if token is None:
        raise NotFilled("somebody was not logged in")
    return token[1]


async def _sent(session: aiohttp.ClientSession, path: str, form: Mapping[str, str]) -> None:
    """Send a form that leads elsewhere when all is well."""
    async with session.post(path, data=form, allow_redirects=False) as response:
        if response.status < 300 or response.status >= 400:
            raise NotFilled(f"{path} was answered {response.status}: {(await response.text())[:300]}")


def of_marks(marks: Marks) -> dict[str, str]:
    """Values that stand in a filled directory."""
    until = marks.until
    times = {"hour": timedelta(hours=1), "day": timedelta(days=1), "days": timedelta(days=7)}
    # A year back, and a day less: a page may ask for the hours of the day that it begins on.
    times["year"] = timedelta(days=364)
    return {
        "transaction_id": marks.transaction,
        "correlation_id": marks.correlation,
        "reference": marks.reference,
        "mpan": marks.mpan,
        "envelope": marks.envelope,
        "middle": str(marks.middle),
        "incident": str(marks.incident),
        **{f"{name}_ago": wire_time(until - before) for name, before in times.items()},
    }


async def _seen(session: aiohttp.ClientSession) -> dict[str, str]:
    """Values that the visitor's own lists show; what it may not see stays without one."""
    found: dict[str, str] = {}
    for name, (call, field) in LISTED.items():
        async with session.get(f"/admin/api/{call}") as response:
            if response.status == _OK:
                items: list[dict[str, Any]] = (await response.json())["items"]
                if items:
                    found[name] = str(items[0][field])
    return found
