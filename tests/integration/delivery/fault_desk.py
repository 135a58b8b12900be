"""The tester's desk: faults switched on through the administration API, and what the evidence says of them."""

from typing import Any

import aiohttp
import msgspec

from tests.support.platform import Platform

QUICK = {"retry_first_s": 0.02, "retry_longest_s": 0.05, "retry_jitter": 0.0}


class Said(msgspec.Struct, frozen=True):
    """An answer of the administration API."""

    status: int
    body: Any


async def ask(platform: Platform, method: str, path: str = "", content: Any = None) -> Said:
    """A call of `/admin/api/faults` and below."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(platform.dip.portal_url, headers=headers, trust_env=False) as session:
        async with session.request(method, f"/admin/api/faults{path}", json=content) as answer:
            raw = await answer.read()
            return Said(answer.status, msgspec.json.decode(raw) if raw else None)


async def switch_on(platform: Platform, *faults: dict[str, Any]) -> None:
    """Have these faults and no others."""
    said = await ask(platform, "PUT", content={"items": faults})
    assert said.status == 200, said.body


async def struck(platform: Platform) -> dict[str, int]:
    """How often each kind struck."""
    said = await ask(platform, "GET")
    return {fault["kind"]: fault["struck"] for fault in said.body["items"]}


async def notes(platform: Platform, direction: str = "out") -> list[str]:
    """What the evidence of the calls says of faults, in order."""
    rows = await platform.dip.store.writer.ask(
        lambda connection: connection.execute(
            "SELECT note FROM exchange WHERE direction = ? AND note LIKE 'fault%' ORDER BY id", (direction,)
        ).fetchall()
    )
    return [str(note) for (note,) in rows]


async def stored(platform: Platform) -> int:
    """How many messages were taken."""
    return int(
        await platform.dip.store.writer.ask(
            lambda connection: connection.execute("SELECT count(*) FROM message").fetchone()[0]
        )
    )


async def has_struck(platform: Platform) -> bool:
    """Whether any fault struck."""
    return any((await struck(platform)).values())
