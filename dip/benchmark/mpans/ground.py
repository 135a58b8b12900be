"""What the benchmarks of the MPAN table stand on: a made-up market, its participants, a server that takes orders."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from dip.benchmark.measure import Unaccounted
from dip.benchmark.mpans.orders import Order
from dip.benchmark.processes import Child
from dip.benchmark.stage import stage
from dip.market.plan import Plan

PROFILE: Final = "live"
_START_S: Final = 300.0
_ORDER_S: Final = 600.0
_LEAST_S: Final = 120.0
_SLOWEST_ROWS_A_SECOND: Final = 2_000
"""Whatever is slower than this is broken, not slow."""
_CHUNK: Final = 1 << 18


class Market(msgspec.Struct, frozen=True):
    """A market's files. rows: how many appointments there are."""

    plan: Plan
    rows: int
    appointments: Path
    participants: Path


class Table:
    """A server that runs over a data directory and takes orders."""

    def __init__(self, server: Child, ready: Mapping[str, Any], directory: Path) -> None:
        self.server = server
        self.api: str = ready["api"]
        self.portal: str = ready["portal"]
        self.directory = directory

    async def order(self, order: Order, timeout_s: float = _ORDER_S) -> Mapping[str, Any]:
        """Have it do something; its answer."""
        self.server.say(order)
        return await self.server.line(timeout_s)


def patience_s(rows: int) -> float:
    """How long something with so many rows may take."""
    return _LEAST_S + rows / _SLOWEST_ROWS_A_SECOND


async def made_market(plan: Plan, directory: Path) -> Market:
    """Make a market, in a process of its own, by the command that users have."""
    child = await Child.start(
        "-m",
        "dip",
        "market",
        "make",
        f"--mpans={plan.mpans}",
        f"--seed={plan.seed}",
        f"--out={directory}",
        errors=directory.parent / "market.log",
    )
    made = await child.line(patience_s(plan.mpans))
    await child.ended(_START_S)
    return Market(plan, made["rows"], directory / "mpans.csv.gz", directory / "participants.yaml")


async def set_up(directory: Path, market: Market) -> Unaccounted | None:
    """A first start, and the participants of the market; why that can't be, where it can't."""
    log = directory.parent / "participants.log"
    async with stage(PROFILE, directory):
        arguments = ("-m", "dip", "participants", "import", str(market.participants), f"--data={directory}")
        child = await Child.start(*arguments, errors=log)
        if await child.ended(_START_S):
            return Unaccounted(f"the market's participants were not taken: {log.read_text('utf-8')[-500:]}")
    return None


@asynccontextmanager
async def table(directory: Path, **settings: object) -> AsyncIterator[Table]:
    """A server over this directory that takes orders; stopped at the end, its database folded into one file."""
    given = {"data": str(directory), "api_port": 0, "portal_port": 0, "profile": PROFILE, **settings}
    server = await Child.start(
        "-m", "dip.cli.bench_server", msgspec.json.encode(given).decode(), errors=directory.parent / "server.log"
    )
    try:
        yield Table(server, await server.line(_START_S), directory)
    finally:
        await server.terminate(_START_S)


async def imported(standing: Table, market: Market, sent: Callable[[int, int], None]) -> Unaccounted | None:
    """Import a market's file as a user does; what was not taken, where something was not.

    sent: told how many bytes of the file are on their way, of how many.
    """
    token = (standing.directory / "admin.token").read_text("utf-8")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/gzip"}
    size = market.appointments.stat().st_size

    async def content() -> AsyncIterator[bytes]:
        done = 0
        with market.appointments.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk
                done += len(chunk)
                sent(done, size)

    timeout = aiohttp.ClientTimeout(total=patience_s(market.rows))
    async with (
        aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
        session.post(f"{standing.portal}/admin/api/mpans", data=content()) as response,
    ):
        text = await response.text()
        if response.status != 200:
            return Unaccounted(f"the import was answered {response.status}: {text[:500]}")
    taken = msgspec.json.decode(text)
    if (taken["accepted"], taken["rejected"]) != (market.rows, 0):
        return Unaccounted(
            f"of {market.rows:,} appointments {taken['accepted']:,} were taken and {taken['rejected']:,} rejected"
        )
    return None
