"""Channels added while messages flow: whether any message is lost, and how long the slowest took."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp
import msgspec

from dip.benchmark.even import prepared, sample, send_evenly, session_of
from dip.benchmark.measure import Round, Unaccounted, measure, percentiles_ms
from dip.benchmark.report import Cell, Report
from dip.benchmark.singles import CHANNEL, HEADS, RECIPIENT, SENDER
from dip.benchmark.stage import stage
from dip.client import credentials_of
from dip.ground.assets import asset

_MODEL = "IF-909"
_PATIENCE_S = 60.0


class Plan(msgspec.Struct, frozen=True):
    """Messages a second, for how many seconds, and how many channels are added meanwhile."""

    rate: int = 500
    seconds: int = 12
    additions: int = 10


class ChangesResult(msgspec.Struct, frozen=True):
    """The figures of the messages, and how long each addition took, ms."""

    messages: Round | Unaccounted
    addition_ms: list[float]


async def run_changes(plan: Plan, say: Callable[[str], None]) -> Report:
    """Send single IF-031 while channels are added."""
    found = await measure_changes(plan, say)
    title = (
        f"{plan.rate} IF-031 a second for {plan.seconds} s, one at a time, while {plan.additions} channels are added"
    )
    if isinstance(found.messages, Unaccounted):
        return Report(mode="changes", title=title, plan=plan, unaccounted=[found.messages.reason])
    rows: dict[str, Sequence[Cell]] = {
        "answer, ms": list(found.messages.answer_ms.values()),
        "delivery, ms": list(found.messages.delivery_ms.values()),
        "adding a channel, ms": list(percentiles_ms(found.addition_ms).values()),
        "lost, doubled": [f"0, {found.messages.duplicates}"],
    }
    return Report(mode="changes", title=title, plan=plan, heads=HEADS, rows=rows, detail=found)


async def measure_changes(plan: Plan, say: Callable[[str], None]) -> ChangesResult:
    """Send at an even pace while channels are added through the administration API (live profile)."""
    total = plan.rate * plan.seconds
    async with stage("live") as standing:
        receivers = await standing.receivers([RECIPIENT], total)
        await standing.post_to(CHANNEL, receivers.urls())
        credentials = credentials_of(standing.directory, SENDER)
        url = f"{standing.api}/dip-channel/{CHANNEL}"
        say(f"signing {total} messages")
        requests = prepared(credentials, url, sample("if-031-dsapp"), total, encrypted=False)
        async with session_of(credentials) as session:
            say("sending")
            calls, additions = await asyncio.gather(
                send_evenly(session, url, requests, plan.rate),
                _add_channels(plan, standing.portal, standing.directory),
            )
        await receivers.complete(_PATIENCE_S)
        arrivals = (await receivers.record()).arrivals
    return ChangesResult(measure(calls, arrivals, [RECIPIENT], cpu_s=None, memory_mb=None), additions)


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
