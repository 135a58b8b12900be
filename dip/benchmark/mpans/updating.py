"""`bench updates`: a backlog of appointments reaches the table while messages are routed by it."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from dip.benchmark.even import EvenCall, Prepared, prepared, sample, send_evenly, session_of
from dip.benchmark.load import Call, refused
from dip.benchmark.measure import Unaccounted, percentiles_ms
from dip.benchmark.mpans.ground import Table, imported, made_market, patience_s, set_up, table
from dip.benchmark.mpans.orders import Applied, Compare, Expected, Hold, Queued, Release
from dip.benchmark.mpans.questions import holders_on
from dip.benchmark.processes import cpu_seconds
from dip.benchmark.report import Cell, Report, Target, above
from dip.channels import registry as channels
from dip.channels.examples import example
from dip.client import Credentials, credentials_of, fresh
from dip.ground.assets import asset
from dip.market.plan import Plan as MarketPlan
from dip.messages.identifiers import DipId, EventCode, InterfaceId, Mpan, RoleCode
from dip.messages.timestamps import wire_time

REGISTRATION, DATA_SERVICE = DipId("2200000001"), DipId("1400000001")
"""Who sends what changes appointments, and who is appointed and sends consumption; a first start makes both."""
_APPOINTED, _CONSUMPTION = InterfaceId("IF-036"), InterfaceId("IF-021")
_SUPPLIER, _SERVICE = RoleCode("SUP"), RoleCode("SDS")
_CONSUMED_ON = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""Within the day of the sample; a UTC day of winter, so that nobody's appointment ends within it."""
_FROM = datetime(2027, 2, 1, tzinfo=UTC)
"""When the appointments of the backlog begin: later than all that the market has, and than the day that is routed."""
_BATCH: Final = 500
_CONNECTIONS: Final = 4
_CALL_S: Final = 120.0
_LEAD_S: Final = 1.0
"""Messages flow for so long before the updates are let go."""
_LEAST_A_SECOND: Final = 5_000.0


class Plan(msgspec.Struct, frozen=True):
    """Updates that wait, in a table of so many MPANs; messages a second, for how many seconds."""

    waiting: int = 100_000
    mpans: int = 200_000
    rate: int = 300
    seconds: int = 20


class UpdatesResult(msgspec.Struct, kw_only=True):
    """The figures: of the messages' answers without and with the backlog, ms; of the updates."""

    alone_ms: dict[str, float]
    burdened_ms: dict[str, float]
    during_ms: dict[str, float]
    """Of those that were sent from the release to the commit of the last update."""
    during: int
    taken_a_second: float
    """Updates that came in over HTTP, while none was applied."""
    applied_s: float
    applied_a_second: float
    alone_cpu: float | None
    """Seconds of CPU a second."""
    burdened_cpu: float | None


async def run_updates(plan: Plan, say: Callable[[str], None], made: Callable[[int, int], None]) -> Report:
    """Pile updates up, let them go, and send at an even pace meanwhile; and the same messages without a backlog."""
    title = (
        f"{plan.waiting:,} appointments of IF-036 that wait for a table of {plan.mpans:,} MPANs, applied while "
        f"{plan.rate} single IF-021 a second are routed by it for {plan.seconds} s, live"
    )
    with tempfile.TemporaryDirectory(prefix="dip-bench-") as temporary:
        found = await _measured(plan, Path(temporary), say, made)
    if isinstance(found, Unaccounted):
        return Report(mode="updates", title=title, plan=plan, unaccounted=[found.reason])
    rows: dict[str, Sequence[Cell]] = {
        "answer without a backlog, ms": list(found.alone_ms.values()),
        "answer with it, ms": list(found.burdened_ms.values()),
        f"  the {found.during:,} of them while updates were applied": list(found.during_ms.values()),
        "CPU without, of one core": [found.alone_cpu],
        "CPU with it, of one core": [found.burdened_cpu],
        "updates taken in a second": [found.taken_a_second],
        "updates applied a second": [found.applied_a_second],
        "all applied in, s": [found.applied_s],
        "lost, routed elsewhere": ["0, 0"],
    }
    targets: list[Target] = [above("updates applied", found.applied_a_second, _LEAST_A_SECOND, "a second")]
    heads = ("p50", "p90", "p99", "max")
    return Report(mode="updates", title=title, plan=plan, heads=heads, rows=rows, targets=targets, detail=found)


async def _measured(
    plan: Plan, place: Path, say: Callable[[str], None], made: Callable[[int, int], None]
) -> UpdatesResult | Unaccounted:
    say("making the market")
    market = await made_market(MarketPlan(mpans=plan.mpans), place / "market")
    known = await asyncio.to_thread(holders_on, market.plan, plan.mpans, _CONSUMED_ON, _SUPPLIER)
    if len(known) < plan.waiting:
        return Unaccounted(f"the market has {len(known):,} MPANs for {plan.waiting:,} updates")
    directory = place / "state"
    say("setting up")
    if (fault := await set_up(directory, market)) is not None:
        return fault
    # Room for all of the backlog: beyond it, whoever sends more would wait for its answer.
    async with table(directory, appointment_updates_waiting=plan.waiting + 1) as standing:
        say("importing")
        fault = await imported(standing, market, made)
        return fault or await _Run(plan, known, place, standing, say).measured()


class _Run:
    """One run over a table that is filled."""

    def __init__(
        self,
        plan: Plan,
        known: Sequence[tuple[Mpan, DipId]],
        place: Path,
        standing: Table,
        say: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._known = known
        self._place = place
        self._standing = standing
        self._say = say
        self._suppliers: Counter[DipId] = Counter()

    async def measured(self) -> UpdatesResult | Unaccounted:
        """Messages alone, then the backlog, then both; every message and every update accounted for."""
        self._say("sending without a backlog")
        alone, alone_cpu = await self._sent(await self._signed(0))
        self._say(f"{self._plan.waiting:,} updates")
        await self._standing.order(Hold())
        began = time.monotonic()
        updates = await self._pile_up()
        taken_s = time.monotonic() - began
        messages = await self._signed(1)
        self._say("sending while the updates are applied")
        sending = asyncio.create_task(self._sent(messages))
        await asyncio.sleep(min(_LEAD_S, self._plan.seconds / 4))
        released = await self._standing.order(Release())
        steps = self._place / "steps"
        applied = await self._standing.order(Applied(self._plan.waiting, str(steps)), patience_s(self._plan.waiting))
        burdened, burdened_cpu = await sending
        fault = await self._unaccounted([*alone, *updates, *burdened], released["waiting"], applied["failed"])
        if fault is not None:
            return fault
        done = msgspec.json.decode(steps.read_bytes(), type=list[tuple[float, int]])
        began, last = released["at"], done[-1][0]
        during = [call for call in burdened if began <= call.sent <= last]
        if not during:
            return Unaccounted("no message was sent while updates were applied; let more of them wait")
        return UpdatesResult(
            alone_ms=_answers(alone),
            burdened_ms=_answers(burdened),
            during_ms=_answers(during),
            during=len(during),
            taken_a_second=round(self._plan.waiting / taken_s, 1),
            applied_s=round(last - began, 2),
            applied_a_second=rate_of(done, began, max(call.sent for call in burdened)),
            alone_cpu=alone_cpu,
            burdened_cpu=burdened_cpu,
        )

    async def _signed(self, number: int) -> list[Prepared]:
        """Consumption of MPANs from all over the table; others each time."""
        count = self._plan.rate * self._plan.seconds
        stride = max(1, len(self._known) // count)
        self._say(f"signing {count:,} messages")
        chosen = [self._known[(number + stride * place) % len(self._known)] for place in range(count)]
        self._suppliers.update(supplier for _, supplier in chosen)
        return await asyncio.to_thread(self._consumption, [mpan for mpan, _ in chosen])

    def _consumption(self, mpans: Sequence[Mpan]) -> list[Prepared]:
        credentials = self._credentials(DATA_SERVICE)
        url = f"{self._standing.api}/dip-channel/{_CONSUMPTION}"
        template = sample("if-021-activepower")
        made = []
        for mpan in mpans:
            message = _of_mpan(template, mpan)
            made += prepared(credentials, url, message, 1, encrypted=False)
        return made

    async def _sent(self, messages: Sequence[Prepared]) -> tuple[list[EvenCall], float | None]:
        """Send at the pace of the plan; the seconds of CPU that the server used a second."""
        url = f"{self._standing.api}/dip-channel/{_CONSUMPTION}"
        pid = self._standing.server.pid
        async with session_of(self._credentials(DATA_SERVICE)) as session:
            before, began = cpu_seconds(pid), time.monotonic()
            calls = await send_evenly(session, url, messages, self._plan.rate)
            after, took_s = cpu_seconds(pid), time.monotonic() - began
        return calls, None if before is None or after is None else round((after - before) / took_s, 2)

    async def _pile_up(self) -> list[Call]:
        """Send the updates as fast as they are taken; each is of an MPAN of its own, so their order means nothing."""
        credentials = self._credentials(REGISTRATION)
        url = f"{self._standing.api}/dip-channel/{_APPOINTED}"
        template = _appointment()
        mpans = [mpan for mpan, _ in self._known[: self._plan.waiting]]
        groups = [mpans[start : start + _BATCH] for start in range(0, len(mpans), _BATCH)]
        calls: list[Call] = []
        connector = aiohttp.TCPConnector(ssl=credentials.calling_context(), limit=_CONNECTIONS)
        timeout = aiohttp.ClientTimeout(total=_CALL_S)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

            async def one_connection() -> None:
                while groups:
                    now = datetime.now(UTC)
                    messages = [fresh(_of_mpan(template, mpan), now) for mpan in groups.pop()]
                    body = msgspec.json.encode(messages)
                    signed = credentials.signer.headers("POST", url, body, now)
                    headers = {"Content-Type": "application/json", **signed}
                    sent = time.monotonic()
                    async with session.post(url, data=body, headers=headers) as response:
                        await response.read()
                        calls.append(Call([], sent, time.monotonic(), response.status))

            await asyncio.gather(*(one_connection() for _ in range(_CONNECTIONS)))
        return calls

    async def _unaccounted(self, calls: Sequence[Call], waiting: int, failed: int) -> Unaccounted | None:
        bad = refused(calls)
        if bad:
            return Unaccounted(f"{len(bad)} requests were not taken: statuses {sorted(set(bad))}")
        if waiting != self._plan.waiting or failed:
            return Unaccounted(f"of {self._plan.waiting:,} updates {waiting:,} waited and {failed:,} failed")
        file = self._place / "expected"
        starts = int(_FROM.timestamp())
        expected = [Expected(mpan, _SERVICE, DATA_SERVICE, starts) for mpan, _ in self._known[: self._plan.waiting]]
        file.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in expected))
        unmet = (await self._standing.order(Compare(str(file))))["unmet"]
        if unmet:
            return Unaccounted(f"{unmet:,} of {self._plan.waiting:,} updates are not in the table")
        suppliers = sorted(self._suppliers)
        queued = (await self._standing.order(Queued(_CONSUMPTION, suppliers)))["queued"]
        if queued != [self._suppliers[one] for one in suppliers]:
            return Unaccounted("the messages were not routed to the suppliers that the market's maker appointed")
        return None

    def _credentials(self, dip_id: DipId) -> Credentials:
        return credentials_of(self._standing.directory, dip_id)


def _appointment() -> dict[str, Any]:
    """An IF-036 that appoints the data service."""
    registry = channels.load(asset("channels"), specification_items=False)
    event = registry.channels[_APPOINTED].events[EventCode("[DSAppActive]")]
    payload: dict[str, Any] = example(event.format.schema(), optional=False)
    common, custom = payload["CommonBlock"], payload["CustomBlock"]
    sender = sample("if-031-dsapp")["payload"]["CommonBlock"]["S1"]
    common["S1"] = sender | {"senderDIPID": REGISTRATION, "senderRoleID": "REGS"}
    custom["B015"] |= {
        "incomingDataServiceDIPID": DATA_SERVICE,
        "incomingDataServiceEffectiveFromDate": wire_time(_FROM),
    }
    return {"payload": payload}


def _of_mpan(message: dict[str, Any], mpan: Mpan) -> dict[str, Any]:
    payload = message["payload"]
    common = payload["CommonBlock"]
    return {"payload": {**payload, "CommonBlock": {**common, "M0": {**common["M0"], "MPANCore": mpan}}}}


def rate_of(steps: Sequence[tuple[float, int]], began: float, until: float) -> float:
    """Updates a second, as long as messages were sent at the same time."""
    within = [(at, done) for at, done in steps if at <= until] or steps[:1]
    at, done = within[-1]
    return round(done / (at - began), 1)


def _answers(calls: Sequence[Call]) -> dict[str, float]:
    return percentiles_ms([(call.answered - call.sent) * 1000 for call in calls])
