"""The benchmark of consumption: IF-021 of 4.6 kB in batches to four recipients, `live`, beside the floor."""

from collections.abc import Callable, Sequence
from statistics import median

import msgspec

from dip.benchmark.load import Load
from dip.benchmark.measure import Round, Unaccounted, measure, without
from dip.benchmark.processes import Child, cpu_seconds, resident_mb
from dip.benchmark.report import Cell, Report, Target
from dip.benchmark.stage import Receivers, Stage, stage
from dip.client import Credentials, credentials_of
from dip.messages.identifiers import DipId

SENDER = DipId("1400000001")
RECIPIENTS = (DipId("2300000001"), DipId("2500000001"), DipId("1900000001"), DipId("1800000001"))
CHANNEL = "IF-021"
_START_S = 60.0
_WARM_UP_BATCHES = 5
_LEAST_OF_FLOOR = 0.6
_MOST_CPU_US = 320.0

_FIGURES: tuple[tuple[str, Callable[[Round], float | None]], ...] = (
    ("accepted a second", lambda one: one.accepted_rate),
    ("delivered a second", lambda one: one.delivered_rate),
    ("CPU a message, µs", lambda one: one.cpu_us),
    ("answer p50, ms", lambda one: one.answer_ms["p50"]),
    ("answer p99, ms", lambda one: one.answer_ms["p99"]),
    ("delivery p50, ms", lambda one: one.delivery_ms["p50"]),
    ("delivery p90, ms", lambda one: one.delivery_ms["p90"]),
    ("delivery p99, ms", lambda one: one.delivery_ms["p99"]),
    ("delivery max, ms", lambda one: one.delivery_ms["max"]),
    ("memory, MB", lambda one: one.memory_mb),
)


class Plan(msgspec.Struct, frozen=True):
    """How much is sent, how, and how often."""

    messages: int = 10_000
    batch: int = 100
    connections: int = 4
    rounds: int = 3
    profile: str = "live"
    patience_s: float = 120.0


class Result(msgspec.Struct, frozen=True):
    """The rounds of the server and of the floor, in turn."""

    server: list[Round]
    floor: list[Round]
    faults: list[Unaccounted]


async def run_consumption(plan: Plan, say: Callable[[str], None]) -> Report:
    """Measure server and floor in turn, each round with fresh messages; data in a temporary directory."""
    result = Result([], [], [])
    async with stage(plan.profile) as standing:
        credentials = credentials_of(standing.directory, SENDER)
        for number in range(1, plan.rounds + 1):
            say(f"round {number} of {plan.rounds}: the server")
            keep(result.server, result.faults, await server_round(plan, standing, credentials))
            say(f"round {number} of {plan.rounds}: the floor")
            keep(result.floor, result.faults, await _floor_round(plan, standing, credentials))
    return _report(plan, result)


def _report(plan: Plan, result: Result) -> Report:
    title = (
        f"IF-021 of 4.6 kB, {plan.messages} messages a round in batches of {plan.batch}, four recipients, "
        f"{plan.profile}; {plan.connections} connections, median of {plan.rounds} rounds"
    )
    if result.faults:
        reasons = [fault.reason for fault in result.faults]
        return Report(mode="consumption", title=title, plan=plan, unaccounted=reasons)
    rows: dict[str, Sequence[Cell]] = {}
    targets: list[Target] = []
    for name, figure in _FIGURES:
        server, floor = median_of(result.server, figure), median_of(result.floor, figure)
        share = round(server / floor, 2) if server is not None and floor else None
        rows[name] = [server, floor, share]
        if share is not None and name.endswith("a second"):
            targets.append(Target(name, f"≥ {_LEAST_OF_FLOOR} of the floor", share, share >= _LEAST_OF_FLOOR))
        if server is not None and name.startswith("CPU"):
            targets.append(Target(name, f"≤ {_MOST_CPU_US:g}", server, server <= _MOST_CPU_US))
    rows["unaccounted, doubled"] = [f"0, {sum(one.duplicates for one in result.server)}", "0, 0", ""]
    heads = ("server", "floor", "server / floor")
    return Report(mode="consumption", title=title, plan=plan, heads=heads, rows=rows, targets=targets, detail=result)


def median_of(rounds: Sequence[Round], figure: Callable[[Round], float | None]) -> float | None:
    """The median of a figure; None where no round has it."""
    values = [value for one in rounds if (value := figure(one)) is not None]
    return round(median(values), 1) if values else None


def keep(rounds: list[Round], faults: list[Unaccounted], found: Round | Unaccounted) -> None:
    """Put a round where it belongs."""
    if isinstance(found, Round):
        rounds.append(found)
    else:
        faults.append(found)


async def server_round(plan: Plan, standing: Stage, credentials: Credentials) -> Round | Unaccounted:
    """One round through a server, with receivers of its own."""
    receivers = await _receivers(plan, standing)
    await standing.post_to(CHANNEL, receivers.urls())
    url = f"{standing.api}/dip-channel/{CHANNEL}"
    return await _timed(plan, Load(credentials, plan.batch), url, standing.server, receivers)


async def _floor_round(plan: Plan, standing: Stage, credentials: Credentials) -> Round | Unaccounted:
    receivers = await _receivers(plan, standing)
    relay = await Child.start("-m", "dip.benchmark.relay", str(standing.directory), *receivers.urls().values())
    try:
        url = f"https://127.0.0.1:{(await relay.line(_START_S))['port']}/"
        return await _timed(plan, Load(credentials, plan.batch), url, relay, receivers)
    finally:
        await relay.end()


async def _receivers(plan: Plan, standing: Stage) -> Receivers:
    return await standing.receivers(RECIPIENTS, plan.messages + _WARM_UP_BATCHES * plan.batch)


async def _timed(plan: Plan, load: Load, url: str, measured: Child, receivers: Receivers) -> Round | Unaccounted:
    warm_up = await load.send(url, _WARM_UP_BATCHES * plan.batch, plan.connections)
    before = cpu_seconds(measured.pid)
    calls = await load.send(url, plan.messages, plan.connections)
    # Where this runs out of patience, the books below say what is missing.
    await receivers.complete(plan.patience_s)
    after = cpu_seconds(measured.pid)
    memory = resident_mb(measured.pid)
    arrivals = without({reference for call in warm_up for reference in call.references}, await receivers.record())
    cpu_s = None if before is None or after is None else after - before
    return measure(calls, arrivals, RECIPIENTS, cpu_s=cpu_s, memory_mb=memory)
