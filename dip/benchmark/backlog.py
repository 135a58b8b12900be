"""A recipient that is offline while messages for it pile up: what the others notice, and how it catches up."""

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing

import msgspec

from dip.benchmark.consumption import SENDER as CONSUMPTION_SENDER
from dip.benchmark.consumption import Plan as ConsumptionPlan
from dip.benchmark.consumption import keep, median_of, server_round
from dip.benchmark.even import sample
from dip.benchmark.load import Load, refused
from dip.benchmark.measure import Round, Unaccounted
from dip.benchmark.processes import own_mb, resident_mb
from dip.benchmark.receiver import Arrival
from dip.benchmark.report import Cell, Report, Target, above, below
from dip.benchmark.singles import CHANNEL, RECIPIENT, SENDER
from dip.benchmark.stage import Stage, stage
from dip.client import credentials_of

_BATCH = 500
_LOOK_S = 0.25
_RETURN_PATIENCE_S = 1200.0
"""Longer than the longest wait between two calls to an endpoint that failed."""
_MOST_GROWTH_MB = 100.0
_LEAST_DRAINED = 2000.0
_LEAST_SHARE = 0.85


class Plan(msgspec.Struct, frozen=True):
    """Messages that wait for the one, and the rounds for the others: messages in each, and how many in turn."""

    backlog: int = 100_000
    messages: int = 10_000
    rounds: int = 3


class BacklogResult(msgspec.Struct, kw_only=True):
    """Rounds without and with the backlog; growth of the server's memory while it came, MB; the way back."""

    alone: list[Round]
    burdened: list[Round]
    taken_a_second: float = 0.0
    growth_mb: float | None = None
    growth_own_mb: float | None = None
    """Of it, what is not pages of the database file."""
    first_call_after_s: float = 0.0
    drained_a_second: float = 0.0
    doubled: int = 0


async def run_backlog(plan: Plan, say: Callable[[str], None]) -> Report:
    """Two servers, one without a backlog and one with it, in turn (live profile)."""
    title = (
        f"{plan.backlog:,} IF-031 for a recipient whose webhook refuses connections; meanwhile {plan.messages:,} "
        f"IF-021 a round to four others, {plan.rounds} rounds without and with the backlog in turn"
    )
    result, faults = BacklogResult(alone=[], burdened=[]), list[Unaccounted]()
    await _run(plan, say, result, faults)
    if faults:
        return Report(mode="backlog", title=title, plan=plan, unaccounted=[fault.reason for fault in faults])
    return _report(plan, title, result)


def _report(plan: Plan, title: str, result: BacklogResult) -> Report:
    rows: dict[str, Sequence[Cell]] = {}
    targets: list[Target] = []
    figures: tuple[tuple[str, Callable[[Round], float | None]], ...] = (
        ("accepted a second", lambda one: one.accepted_rate),
        ("delivered a second", lambda one: one.delivered_rate),
        ("delivery p99, ms", lambda one: one.delivery_ms["p99"]),
    )
    for name, figure in figures:
        alone, burdened = median_of(result.alone, figure), median_of(result.burdened, figure)
        share = round(burdened / alone, 2) if alone and burdened is not None else None
        rows[f"others: {name}"] = [alone, burdened, share]
        if share is not None and name.endswith("a second"):
            targets.append(
                Target(f"others: {name}", f"≥ {_LEAST_SHARE} of those without", share, share >= _LEAST_SHARE)
            )
    rows["backlog: taken a second"] = [None, result.taken_a_second, ""]
    rows["backlog: memory grew, MB"] = [None, result.growth_mb, ""]
    rows["backlog: of it not pages of files, MB"] = [None, result.growth_own_mb, ""]
    rows["back: first call after, s"] = [None, result.first_call_after_s, ""]
    rows["back: drained a second, in order"] = [None, result.drained_a_second, ""]
    rows["lost, doubled"] = ["", f"0, {result.doubled}", ""]
    if result.growth_mb is not None:
        targets.append(below("memory grew", result.growth_mb, _MOST_GROWTH_MB, "MB"))
    targets.append(above("drained", result.drained_a_second, _LEAST_DRAINED, "a second"))
    heads = ("without", "with", "with / without")
    return Report(mode="backlog", title=title, plan=plan, heads=heads, rows=rows, targets=targets, detail=result)


async def _run(plan: Plan, say: Callable[[str], None], result: BacklogResult, faults: list[Unaccounted]) -> None:
    rounds = ConsumptionPlan(messages=plan.messages, rounds=plan.rounds)
    async with AsyncExitStack() as stack:
        alone = await stack.enter_async_context(stage("live"))
        burdened = await stack.enter_async_context(stage("live"))
        reserved = stack.enter_context(closing(_reserved()))
        port = reserved.getsockname()[1]
        url = f"https://127.0.0.1:{port}/"
        senders = [credentials_of(one.directory, CONSUMPTION_SENDER) for one in (alone, burdened)]
        say("warming up")
        for standing, sender in zip((alone, burdened), senders, strict=True):
            await server_round(msgspec.structs.replace(rounds, messages=500), standing, sender)
        await burdened.post_to(CHANNEL, {RECIPIENT: url})
        say(f"{plan.backlog:,} messages for who is offline")
        sent = await _pile_up(plan, burdened, result, faults)
        for number in range(1, plan.rounds + 1):
            say(f"round {number} of {plan.rounds}: without the backlog")
            keep(result.alone, faults, await server_round(rounds, alone, senders[0]))
            say(f"round {number} of {plan.rounds}: with it")
            keep(result.burdened, faults, await server_round(rounds, burdened, senders[1]))
        if faults:
            return
        say("the recipient returns")
        reserved.close()
        receivers = await burdened.receivers([RECIPIENT], plan.backlog, port=port)
        back = time.monotonic()
        await burdened.post_to(CHANNEL, {RECIPIENT: url})
        await receivers.complete(_RETURN_PATIENCE_S)
        drained = caught_up(sent, (await receivers.record()).arrivals)
    if isinstance(drained, Unaccounted):
        faults.append(drained)
        return
    result.first_call_after_s = round(drained.first - back, 2)
    result.drained_a_second = round(drained.rate, 1)
    result.doubled = drained.doubled


async def _pile_up(plan: Plan, standing: Stage, result: BacklogResult, faults: list[Unaccounted]) -> list[str]:
    """Send the backlog over one connection, so that the order of sending is the order of receipt."""
    pid = standing.server.pid
    before, own_before = resident_mb(pid), own_mb(pid)
    most, own_most = before or 0.0, own_before or 0.0

    def weigh() -> None:
        nonlocal most, own_most
        most, own_most = max(most, resident_mb(pid) or 0.0), max(own_most, own_mb(pid) or 0.0)

    async def look() -> None:
        while True:
            weigh()
            await asyncio.sleep(_LOOK_S)

    load = Load(credentials_of(standing.directory, SENDER), _BATCH, template=sample("if-031-dsapp"))
    looking = asyncio.create_task(look())
    began = time.monotonic()
    calls = await load.send(f"{standing.api}/dip-channel/{CHANNEL}", plan.backlog, 1)
    result.taken_a_second = round(plan.backlog / (time.monotonic() - began), 1)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    weigh()
    result.growth_mb = None if before is None else round(most - before, 1)
    result.growth_own_mb = None if own_before is None else round(own_most - own_before, 1)
    bad = refused(calls)
    if bad:
        faults.append(Unaccounted(f"{len(bad)} requests for the backlog were not taken: statuses {sorted(set(bad))}"))
    return [reference for call in calls for reference in call.references]


class CaughtUp(msgspec.Struct, frozen=True):
    """When the first call was answered, the messages a second from then to the last, and how many came twice."""

    first: float
    rate: float
    doubled: int


def caught_up(sent: Sequence[str], arrivals: Sequence[Arrival]) -> CaughtUp | Unaccounted:
    """How the backlog came, or what of it is missing or out of order."""
    came = [reference for arrival in arrivals for reference in arrival.references]
    first_times = list(dict.fromkeys(came))
    missing = len(set(sent) - set(first_times))
    if missing:
        return Unaccounted(f"{missing} of {len(sent)} messages of the backlog never came")
    if first_times != list(sent):
        return Unaccounted("the backlog did not come in the order of receipt")
    first, last = arrivals[0], arrivals[-1]
    # The messages of the first call were there when its time was taken.
    rate = (len(sent) - len(first.references)) / (last.at - first.at) if last.at > first.at else 0.0
    return CaughtUp(first.at, rate, len(came) - len(first_times))


def _reserved() -> socket.socket:
    """A port that is taken, but where nobody listens: connections to it are refused."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held
