"""`bench publications`: one run over a server of its own; no figure where a byte or a message is unaccounted for."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from dip.benchmark.consumption import CHANNEL as CONSUMPTION
from dip.benchmark.consumption import RECIPIENTS
from dip.benchmark.measure import Unaccounted, measure, without
from dip.benchmark.processes import resident_mb
from dip.benchmark.publications.acts import Acts, Payload, floor
from dip.benchmark.publications.announcement import CHANNEL
from dip.benchmark.publications.ground import PROFILE, Amiss, Listeners, Steady, made_up, set_up
from dip.benchmark.publications.memory import Memory, watched
from dip.benchmark.publications.outcome import Outcome, report
from dip.benchmark.publications.payloads import Table, write_bytes, write_table
from dip.benchmark.publications.plan import GB, GIB, MIB, Found, Plan, Stretch, no_room
from dip.benchmark.report import Report
from dip.benchmark.stage import Stage, stage

_SEED: Final = "publications"
_WARM_UP_RATE: Final = 400
_SETTLE_S: Final = 2.0


async def run_publications(plan: Plan, say: Callable[[str], None], made: Callable[[int, int], None]) -> Report:
    """Upload, announce, download and filter while messages flow. Says first what room it needs."""
    with tempfile.TemporaryDirectory(prefix="dip-bench-") as temporary:
        place = Path(temporary)
        say(f"{plan.bytes_needed / GB:.1f} GB of disk are needed in {place.parent}")
        fault = no_room(plan, place)
        if fault is not None:
            return report(plan, fault)
        try:
            return report(plan, await _Run(plan, place, say, made).outcome())
        except (Amiss, EOFError, TimeoutError) as exc:
            return report(plan, Unaccounted(str(exc) or type(exc).__name__))


class _Run:
    def __init__(self, plan: Plan, place: Path, say: Callable[[str], None], made: Callable[[int, int], None]) -> None:
        self._plan = plan
        self._place = place
        self._say = say
        self._made = made
        self._found = Found()
        self._stretches: list[Stretch] = []
        self._started_mb: float | None = None

    async def outcome(self) -> Outcome:
        """All of it. Raises Amiss, EOFError, TimeoutError."""
        self._say("writing the payloads")
        large, shared, table = await asyncio.to_thread(self._files)
        recipients = made_up(self._plan.recipients)
        self._say(f"adding {len(recipients)} recipients")
        directory = self._place / "state"
        await set_up(directory, recipients, self._made)
        async with stage(PROFILE, directory) as standing, AsyncExitStack() as stack:
            self._say("their webhooks")
            told = await Listeners.start(standing, CHANNEL, recipients)
            stack.push_async_callback(told.end)
            hearing = await Listeners.start(standing, CONSUMPTION, RECIPIENTS)
            stack.push_async_callback(hearing.end)
            self._started_mb = resident_mb(standing.server.pid)
            warm_up = await self._warmed_up(standing, hearing)
            async with watched(standing.server.pid) as memory:
                sending = await Steady.start(standing, self._plan.rate)
                stack.push_async_callback(sending.end)
                acts = Acts(standing, told)
                await self._measure(acts, memory, large, shared, table)
                await self._floors(acts, large, shared)
                calls = await sending.stop()
                await hearing.until(len(warm_up) + len(calls))
            arrivals = without(warm_up, await hearing.record())
            self._found.told_s = acts.told_s
            doubled = await _check_told(told, recipients, acts.announced)
        found = measure(calls, arrivals, RECIPIENTS, cpu_s=None, memory_mb=None)
        if isinstance(found, Unaccounted):
            raise Amiss(found.reason)
        return Outcome(
            started_mb=self._started_mb,
            found=self._found,
            messages=found,
            calls=calls,
            doubled=doubled,
            memory=memory,
            stretches=self._stretches,
        )

    async def _measure(self, acts: Acts, memory: Memory, large: Payload, shared: Payload, table: Table) -> None:
        plan, found = self._plan, self._found
        async with self._stretch(memory, "messages alone"):
            await asyncio.sleep(plan.alone_s)
        async with self._stretch(memory, "upload"):
            found.upload_s = await acts.upload(large)
        async with self._stretch(memory, "announcement"):
            await acts.announce(large)
        async with self._stretch(memory, "download"):
            found.download_s = (await acts.download(large, 1))[-1]
        await acts.upload(shared)
        await acts.announce(shared)
        async with self._stretch(memory, f"{plan.downloads} downloads"):
            found.downloads_s = await acts.download(shared, plan.downloads)
        held = Payload(self._place / "table.csv", table.said)
        await acts.upload(held)
        await acts.announce(held)
        async with self._stretch(memory, "filter: equal"):
            found.equal_s = await acts.filter(held, table, "where=area:eq:_Z")
        async with self._stretch(memory, "filter: range"):
            found.range_s = await acts.filter(held, table, "where=kwh:ge:1000000")

    async def _floors(self, acts: Acts, large: Payload, shared: Payload) -> None:
        """The same bytes without this server, while messages flow as before; what these take longer does not count."""
        self._say("floors")
        found, copy, target = self._found, self._place / "copy.bin", self._place / "target.bin"
        found.copy_s = await acts.copied(large, copy)
        async with floor(acts.standing, large.path, target) as bare:
            found.upload_floor_s = await acts.upload(large, bare.encrypted)
            found.download_floor_s = (await acts.download(large, 1, bare.plain))[-1]
        async with floor(acts.standing, shared.path, target) as bare:
            found.downloads_floor_s = await acts.download(shared, self._plan.downloads, bare.plain)

    async def _warmed_up(self, standing: Stage, hearing: Listeners) -> set[str]:
        """The references of messages ahead of all; when they were delivered the server is left alone for a moment."""
        self._say(f"{self._plan.warm_up:,} messages ahead")
        sending = await Steady.start(standing, _WARM_UP_RATE)
        await asyncio.sleep(self._plan.warm_up / _WARM_UP_RATE)
        calls = await sending.stop()
        await hearing.until(len(calls))
        await asyncio.sleep(_SETTLE_S)
        return {reference for call in calls for reference in call.references}

    @asynccontextmanager
    async def _stretch(self, memory: Memory, name: str) -> AsyncIterator[None]:
        self._say(name)
        memory.look()
        began = time.monotonic()
        yield
        memory.look()
        self._stretches.append(Stretch(name, began, time.monotonic()))

    def _files(self) -> tuple[Payload, Payload, Table]:
        plan, place = self._plan, self._place
        large = write_bytes(place / "large.bin", "large", int(plan.gib * GIB), _SEED, self._made)
        shared = write_bytes(place / "shared.bin", "shared", plan.mib * MIB, _SEED, self._made)
        table = write_table(place / "table.csv", "table", int(plan.filter_gb * GB), _SEED, self._made)
        return Payload(place / "large.bin", large), Payload(place / "shared.bin", shared), table


async def _check_told(told: Listeners, recipients: Sequence[str], announced: set[str]) -> int:
    """How many announcements came twice. Raises Amiss where one never came, or one that nobody sent."""
    arrivals = (await told.record()).arrivals
    doubled = 0
    for recipient in recipients:
        came = [reference for one in arrivals if one.recipient == recipient for reference in one.references]
        if set(came) != announced:
            raise Amiss(f"{recipient} was told of {len(set(came))} of {len(announced)} publications, or of others")
        doubled += len(came) - len(announced)
    return doubled
