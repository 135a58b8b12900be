"""The benchmark of consumption: IF-021 of 4.6 kB in batches to four recipients, `live`, beside the floor."""

import contextlib
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from dip.benchmark.load import Load
from dip.benchmark.measure import Round, Unaccounted, measure
from dip.benchmark.processes import Child, cpu_seconds, resident_mb
from dip.benchmark.receivers import read_record
from dip.client import Credentials, ParticipantClient, credentials_of
from dip.messages.identifiers import DipId

SENDER = DipId("1400000001")
RECIPIENTS = (DipId("2300000001"), DipId("2500000001"), DipId("1900000001"), DipId("1800000001"))
_CHANNEL = "IF-021"
_START_S = 60.0
_WARM_UP_BATCHES = 5


class Plan(msgspec.Struct, frozen=True):
    """How much is sent, how, and how often."""

    messages: int = 10_000
    batch: int = 100
    connections: int = 2
    rounds: int = 3
    profile: str = "live"
    patience_s: float = 120.0


class Result(msgspec.Struct, frozen=True):
    """The rounds of the server and of the floor, in turn."""

    server: list[Round]
    floor: list[Round]
    faults: list[Unaccounted]


async def run_consumption(plan: Plan, say: Callable[[str], None]) -> Result:
    """Measure server and floor in turn, each round with fresh messages; data in a temporary directory."""
    result = Result([], [], [])
    with tempfile.TemporaryDirectory(prefix="dip-bench-") as temporary:
        directory = Path(temporary) / "state"
        async with AsyncExitStack() as stack:
            server = await Child.start(
                "-m", "dip", "serve", f"--data={directory}", "--api-port=0", "--portal-port=0",
                f"--profile={plan.profile}", errors=Path(temporary) / "server.log",
            )  # fmt: skip
            stack.push_async_callback(server.terminate)
            api = (await server.line(_START_S))["api"]
            credentials = credentials_of(directory, SENDER)
            for number in range(1, plan.rounds + 1):
                say(f"round {number} of {plan.rounds}: the server")
                _keep(result.server, result.faults, await _server_round(plan, server, api, credentials, directory))
                say(f"round {number} of {plan.rounds}: the floor")
                _keep(result.floor, result.faults, await _floor_round(plan, credentials, directory))
    return result


def _keep(rounds: list[Round], faults: list[Unaccounted], found: Round | Unaccounted) -> None:
    if isinstance(found, Round):
        rounds.append(found)
    else:
        faults.append(found)


async def _server_round(
    plan: Plan, server: Child, api: str, credentials: Credentials, directory: Path
) -> Round | Unaccounted:
    record = directory.parent / "arrivals.json"
    receivers, ports = await _receivers(plan, directory, record)
    for recipient, port in ports.items():
        async with ParticipantClient(credentials_of(directory, DipId(recipient)), api, profile=plan.profile) as client:
            await client.configure_webhook(_CHANNEL, f"https://127.0.0.1:{port}/")
    return await _timed(plan, Load(credentials, plan.batch), f"{api}/dip-channel/{_CHANNEL}", server, receivers, record)


async def _floor_round(plan: Plan, credentials: Credentials, directory: Path) -> Round | Unaccounted:
    record = directory.parent / "arrivals.json"
    receivers, ports = await _receivers(plan, directory, record)
    urls = [f"https://127.0.0.1:{port}/" for port in ports.values()]
    relay = await Child.start("-m", "dip.benchmark.relay", str(directory), *urls)
    try:
        url = f"https://127.0.0.1:{(await relay.line(_START_S))['port']}/"
        return await _timed(plan, Load(credentials, plan.batch), url, relay, receivers, record)
    finally:
        await relay.end()


async def _receivers(plan: Plan, directory: Path, record: Path) -> tuple[Child, dict[str, int]]:
    expected = plan.messages + _WARM_UP_BATCHES * plan.batch
    child = await Child.start("-m", "dip.benchmark.receivers", str(directory), str(expected), str(record), *RECIPIENTS)
    return child, (await child.line(_START_S))["ports"]


async def _timed(
    plan: Plan, load: Load, url: str, measured: Child, receivers: Child, record: Path
) -> Round | Unaccounted:
    warm_up = await load.send(url, _WARM_UP_BATCHES * plan.batch, plan.connections)
    before = cpu_seconds(measured.pid)
    calls = await load.send(url, plan.messages, plan.connections)
    # Where this runs out of patience, the books below say what is missing.
    with contextlib.suppress(TimeoutError):
        await receivers.line(plan.patience_s)
    after = cpu_seconds(measured.pid)
    memory = resident_mb(measured.pid)
    await receivers.end()
    arrivals = read_record(record)
    warm = {reference for call in warm_up for reference in call.references}
    for arrival in arrivals:
        arrival.references = [reference for reference in arrival.references if reference not in warm]
    return measure(
        calls,
        [arrival for arrival in arrivals if arrival.references],
        RECIPIENTS,
        cpu_s=None if before is None or after is None else after - before,
        memory_mb=memory,
    )
