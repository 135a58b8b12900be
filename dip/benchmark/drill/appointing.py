"""Scenarios of the MPAN table: what messages say of appointments, and imports (5.5.14)."""

import asyncio
from contextlib import suppress

import aiohttp

from dip.benchmark.drill.fault import Fault
from dip.benchmark.drill.market import APPOINTED, Market, NotRun
from dip.benchmark.drill.traffic import catch_up_running, send_until_dead

ROWS_OF_A_COMMIT = 1_000
_ROWS = 5_000
_FIRST_MPAN = 1_098_000_000_000
_RUN = "drill"
_PATIENCE_S = 30.0
_PAUSE_S = 0.05


async def announce(market: Market, fault: Fault | None) -> None:
    """Registration appoints, and the server dies while it writes that to the MPAN table."""
    await market.start(fault)
    await market.listen()
    await send_until_dead(market)
    await market.died()


async def apply(market: Market, fault: Fault | None) -> None:
    """Everything is sent again, arrives, and is written to the table."""
    await market.start()
    await catch_up_running(market)
    # Nothing tells a caller when the table has caught up.
    for _ in range(int(_PATIENCE_S / _PAUSE_S)):
        if not (await market.administer("GET", "mpans/updates"))["waiting"]:
            return
        await asyncio.sleep(_PAUSE_S)


async def take_file(market: Market, fault: Fault | None) -> None:
    """One file is imported and acknowledged; of the next one the server dies in the middle."""
    await market.start(watched=True)
    await _import(market, range(_ROWS))
    market.acknowledged_before = len(market.imported)
    if fault is not None:
        await market.order(fault)
    with suppress(aiohttp.ClientError, ConnectionError):
        await _import(market, range(_ROWS, 2 * _ROWS), run=_RUN)
    before = market.acknowledged_before
    await market.died()
    market.acknowledged_before = before


async def take_the_rest(market: Market, fault: Fault | None) -> None:
    """The import goes on behind the line that the server names; then the whole file comes again."""
    await market.start()
    found = await market.administer("GET", f"mpans/runs/{_RUN}")
    lines = int(found["run"]["lines"])
    # How many rows a part has follows how the file arrives: the third part may be the last one.
    if not 0 < lines <= _ROWS:
        market.amiss.append(f"{lines} lines of the file count as committed")
    rest = range(_ROWS + lines, 2 * _ROWS)
    if rest:
        await _import(market, rest, run=_RUN, from_line=lines + 1)
    everything = await _import(market, range(_ROWS, 2 * _ROWS))
    if everything["unchanged"] != _ROWS:
        market.amiss.append(f"{_ROWS - everything['unchanged']} rows that had been imported changed something")


async def _import(market: Market, numbers: range, run: str = "", from_line: int = 1) -> dict[str, int]:
    """Import a row for each of these MPANs; they count as acknowledged when the answer is there."""
    mpans = [_FIRST_MPAN + number for number in numbers]
    body = "".join(f"{mpan},SDS,{APPOINTED},2026-01-01,\n" for mpan in mpans)
    token = (market.directory / "admin.token").read_text("utf-8").strip()
    query = f"?run={run}&from_line={from_line}" if run else ""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=timeout) as session:
        async with session.post(f"{market.portal}/admin/api/mpans{query}", data=body.encode()) as answer:
            if answer.status != 200:
                raise NotRun(f"the import was answered with {answer.status}: {await answer.text()}")
            found: dict[str, int] = await answer.json()
    if found["rejected"] or found["accepted"] != len(mpans):
        raise NotRun(f"the import took {found['accepted']} of {len(mpans)} rows")
    market.imported += mpans
    return found
