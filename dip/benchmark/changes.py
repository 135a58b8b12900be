"""Channels added while messages flow: whether any message is lost, and how long the slowest took."""

import asyncio
import contextlib
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import msgspec

from dip.benchmark.load import Call
from dip.benchmark.measure import Round, Unaccounted, measure
from dip.benchmark.processes import Child
from dip.benchmark.receivers import read_record
from dip.client import Credentials, ParticipantClient, credentials_of, fresh
from dip.ground.assets import asset
from dip.messages.identifiers import DipId

SENDER, RECIPIENT = DipId("2300000001"), DipId("2200000001")
_CHANNEL = "IF-031"
_MODEL = "IF-909"
_START_S = 60.0
_PATIENCE_S = 60.0
_CONNECTIONS = 32


class Plan(msgspec.Struct, frozen=True):
    """Messages a second, for how many seconds, and how many channels are added meanwhile."""

    rate: int = 500
    seconds: int = 12
    additions: int = 10


class ChangesResult(msgspec.Struct, frozen=True):
    """The figures of the messages, and how long each addition took, ms."""

    messages: Round | Unaccounted
    addition_ms: list[float]


async def measure_changes(plan: Plan) -> ChangesResult:
    """Send single IF-031 at an even pace while channels are added through the administration API (live profile)."""
    with tempfile.TemporaryDirectory(prefix="dip-bench-") as temporary:
        directory, record = Path(temporary) / "state", Path(temporary) / "arrivals.json"
        async with AsyncExitStack() as stack:
            server = await Child.start(
                "-m", "dip", "serve", f"--data={directory}", "--api-port=0", "--portal-port=0", "--profile=live",
                errors=Path(temporary) / "server.log",
            )  # fmt: skip
            stack.push_async_callback(server.terminate)
            ready = await server.line(_START_S)
            total = plan.rate * plan.seconds
            receivers = await Child.start(
                "-m", "dip.benchmark.receivers", str(directory), str(total), str(record), RECIPIENT
            )
            port = (await receivers.line(_START_S))["ports"][RECIPIENT]
            async with ParticipantClient(credentials_of(directory, RECIPIENT), ready["api"], profile="live") as client:
                await client.configure_webhook(_CHANNEL, f"https://127.0.0.1:{port}/")
            url = f"{ready['api']}/dip-channel/{_CHANNEL}"
            calls, additions = await asyncio.gather(
                _send_evenly(plan, credentials_of(directory, SENDER), url),
                _add_channels(plan, ready["portal"], directory),
            )
            with contextlib.suppress(TimeoutError):
                await receivers.line(_PATIENCE_S)
            await receivers.end()
            found = measure(calls, read_record(record), [RECIPIENT], cpu_s=None, memory_mb=None)
    return ChangesResult(found, additions)


async def _send_evenly(plan: Plan, credentials: Credentials, url: str) -> list[Call]:
    path = asset("data/seed") / "samples" / "if-031-dsapp.json"
    template = msgspec.json.decode(path.read_bytes())[0]
    connector = aiohttp.TCPConnector(ssl=credentials.calling_context(), limit=_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:

        async def one(due: float) -> Call:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            message = fresh(template, datetime.now(UTC))
            body = msgspec.json.encode([message])
            headers = credentials.signer.headers("POST", url, body, datetime.now(UTC))
            sent = time.monotonic()
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()
                reference = message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"]
                return Call([reference], sent, time.monotonic(), response.status)

        start = time.monotonic() + 0.2
        total = plan.rate * plan.seconds
        return await asyncio.gather(*(one(start + number / plan.rate) for number in range(total)))


async def _add_channels(plan: Plan, portal: str, directory: Path) -> list[float]:
    """Put one new channel after the other, evenly over the time; how long each answer took, ms."""
    text = (asset("channels") / "interfaces" / f"{_MODEL}.yaml").read_text(encoding="utf-8")
    token = (directory / "admin.token").read_text(encoding="utf-8")
    took: list[float] = []
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        for number in range(plan.additions):
            await asyncio.sleep(plan.seconds / (plan.additions + 1))
            name = f"IF-{950 + number}"
            began = time.monotonic()
            async with session.put(
                f"{portal}/admin/api/channels/{name}", data=text.replace(_MODEL, name).encode()
            ) as response:
                response.raise_for_status()
            took.append(round((time.monotonic() - began) * 1000, 1))
    return took
