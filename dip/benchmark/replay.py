"""How fast a recipient reads again what it was sent: page after page of the replay, each one checked for order."""

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from dip.benchmark.filling import CHANNEL, RECIPIENT, filling, set_up
from dip.benchmark.measure import Unaccounted
from dip.benchmark.processes import cpu_seconds
from dip.benchmark.report import Cell, Report, above, spread
from dip.benchmark.stage import Stage, stage
from dip.client import Answer, ParticipantClient, credentials_of
from dip.messages.headers import CONTINUATION

_LEAST = 5000.0
_EVERYTHING = {"datetimeFrom": None, "datetimeTo": None, "eventCode": None, "MPAN": None, "version": None}


class Plan(msgspec.Struct, frozen=True):
    """Messages that were delivered and are read again, so often."""

    messages: int = 100_000
    rounds: int = 3


class ReplayRound(msgspec.Struct, frozen=True):
    """One reading of everything. page_ms: how long each page took."""

    seconds: float
    pages: int
    page_ms: list[float]
    cpu_us: float | None
    """CPU of the server a message."""


async def run_replay(plan: Plan, say: Callable[[str], None], made: Callable[[int, int], None]) -> Report:
    """Fill a directory, start a server over it, read everything by replay (live profile)."""
    title = f"replay of {plan.messages:,} IF-031 through the API's pages, live, {plan.rounds} rounds"
    rounds: list[ReplayRound] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="dip-bench-") as temporary:
        directory = Path(temporary) / "state"
        await set_up(directory, "live")
        done = 0

        def told(count: int) -> None:
            nonlocal done
            done += count
            made(done, plan.messages)

        say("filling the store")
        async with filling(directory) as filler:
            transactions = await filler.fill(plan.messages, delivered=True, made=told)
        async with stage("live", directory) as standing:
            for number in range(1, plan.rounds + 1):
                say(f"round {number} of {plan.rounds}")
                found = await _round(standing, transactions)
                if isinstance(found, Unaccounted):
                    faults.append(found.reason)
                    break
                rounds.append(found)
    if faults:
        return Report(mode="replay", title=title, plan=plan, unaccounted=faults)
    rates = spread([plan.messages / one.seconds for one in rounds])
    rows: dict[str, Sequence[Cell]] = {
        "messages a second": rates,
        "page, ms": spread([took for one in rounds for took in one.page_ms]),
        "pages a round": [rounds[0].pages],
        "missing, doubled, out of order": ["0, 0, 0"],
    }
    cpu = [one.cpu_us for one in rounds if one.cpu_us is not None]
    if cpu:
        rows["CPU of the server a message, µs"] = spread(cpu)
    middle = sorted(plan.messages / one.seconds for one in rounds)[len(rounds) // 2]
    return Report(
        mode="replay",
        title=title,
        plan=plan,
        heads=("min", "median", "max"),
        rows=rows,
        targets=[above("messages a second", middle, _LEAST, "a second")],
        detail=rounds,
    )


async def _round(standing: Stage, transactions: Sequence[str]) -> ReplayRound | Unaccounted:
    """Ask page after page until none is announced; what came is checked when the time is taken."""
    path = f"/dip-channel/{CHANNEL}/replay/{RECIPIENT}"
    body = msgspec.json.encode(_EVERYTHING)
    pages: list[bytes] = []
    took: list[float] = []
    token: str | None = None
    credentials = credentials_of(standing.directory, RECIPIENT)
    async with ParticipantClient(credentials, standing.api, profile="live") as client:
        before, began = cpu_seconds(standing.server.pid), time.monotonic()
        while True:
            asked = time.monotonic()
            answer = await client.call("POST", path, body, headers={} if token is None else {CONTINUATION: token})
            took.append((time.monotonic() - asked) * 1000)
            if answer.status not in (200, 206):
                return Unaccounted(f"page {len(pages) + 1} was answered {answer.status}: {answer.explanation()}")
            pages.append(answer.body)
            token = _token(answer)
            if (token is None) is (answer.status == 206):
                return Unaccounted(f"page {len(pages)} was answered {answer.status}, with token: {token is not None}")
            if token is None or len(pages) > len(transactions):
                break
        seconds, after = time.monotonic() - began, cpu_seconds(standing.server.pid)
    fault = compare(transactions, pages)
    if fault is not None:
        return fault
    cpu_us = None if before is None or after is None else (after - before) / len(transactions) * 1e6
    return ReplayRound(seconds, len(pages), took, cpu_us)


def compare(transactions: Sequence[str], pages: Sequence[bytes]) -> Unaccounted | None:
    """Whether each message came exactly once, marked as a replay, in the order of receipt."""
    wrappers = [message["payload"]["CommonBlock"]["D0"] for page in pages for message in msgspec.json.decode(page)]
    came = [wrapper["transactionID"] for wrapper in wrappers]
    if came == list(transactions) and all(wrapper["replayIndicator"] is True for wrapper in wrappers):
        return None
    known = set(transactions)
    missing, strange = len(known - set(came)), len(set(came) - known)
    return Unaccounted(
        f"{missing} messages missing, {len(came) - len(set(came))} doubled, {strange} strange; in order of receipt: "
        f"{[one for one in came if one in known] == [one for one in transactions if one in set(came)]}"
    )


def _token(answer: Answer) -> str | None:
    named = {name.lower(): value for name, value in answer.headers.items()}
    return named.get(CONTINUATION.lower())
