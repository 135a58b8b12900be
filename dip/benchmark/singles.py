"""Single messages to one recipient at an even pace: how long from the moment one was due to the recipient's answer."""

from collections.abc import Callable, Sequence

import msgspec

from dip.benchmark.even import EvenCall, prepared, sample, send_evenly, session_of
from dip.benchmark.measure import Round, Unaccounted, measure, percentiles_ms, without
from dip.benchmark.processes import cpu_seconds, resident_mb
from dip.benchmark.receivers import Record
from dip.benchmark.report import Cell, Report, below
from dip.benchmark.stage import stage
from dip.client import credentials_of
from dip.messages.identifiers import DipId

SENDER, RECIPIENT = DipId("2300000001"), DipId("2200000001")
CHANNEL = "IF-031"
_PATIENCE_S = 60.0
HEADS = ("p50", "p90", "p99", "max")


class Plan(msgspec.Struct, frozen=True):
    """Messages a second, for how many seconds after a second of warm-up.

    opens_every: the recipient opens one in so many; 0 none.
    """

    profile: str = "live"
    rate: int = 500
    seconds: int = 20
    opens_every: int = 0

    @property
    def encrypted(self) -> bool:
        """Whether CustomBlocks are encrypted both ways."""
        return self.profile == "spec"


class SinglesResult(msgspec.Struct, frozen=True):
    """The figures; late_ms: how long after its time the client sent each (it counts in all the others)."""

    messages: Round
    late_ms: dict[str, float]
    opened: int


async def run_singles(plan: Plan, say: Callable[[str], None]) -> Report:
    """Send single IF-031 through a server of its own."""
    title = (
        f"{plan.rate} single IF-031 a second for {plan.seconds} s to one recipient, {plan.profile}"
        f"{', encrypted both ways' if plan.encrypted else ''}, measured from when each was due"
    )
    mode = "encrypted" if plan.encrypted else "singles"
    found = await _measured(plan, say)
    if isinstance(found, Unaccounted):
        return Report(mode=mode, title=title, plan=plan, unaccounted=[found.reason])
    delivery = found.messages.delivery_ms
    rows: dict[str, Sequence[Cell]] = {
        "DIP's answer, ms": list(found.messages.answer_ms.values()),
        "recipient's answer, ms": list(delivery.values()),
        "sent late by the client, ms": list(found.late_ms.values()),
        "lost, doubled": [f"0, {found.messages.duplicates}"],
        "CPU of the server a message, µs": [found.messages.cpu_us],
        "opened and right": [found.opened],
    }
    targets = [
        below("p50", delivery["p50"], 20, "ms"),
        below("p90", delivery["p90"], 100, "ms"),
        below("max", delivery["max"], 1000, "ms"),
    ]
    return Report(mode=mode, title=title, plan=plan, heads=HEADS, rows=rows, targets=targets, detail=found)


async def _measured(plan: Plan, say: Callable[[str], None]) -> SinglesResult | Unaccounted:
    template = sample("if-031-dsapp")
    total = plan.rate * plan.seconds
    async with stage(plan.profile) as standing:
        receivers = await standing.receivers(
            [RECIPIENT],
            total + plan.rate,
            opens_every=plan.opens_every,
            custom_block=template["payload"]["CustomBlock"],
        )
        await standing.post_to(CHANNEL, receivers.urls())
        credentials = credentials_of(standing.directory, SENDER)
        url = f"{standing.api}/dip-channel/{CHANNEL}"
        say(f"signing {total + plan.rate} messages")
        requests = prepared(credentials, url, template, total + plan.rate, encrypted=plan.encrypted)
        async with session_of(credentials) as session:
            say("sending")
            warm_up = await send_evenly(session, url, requests[: plan.rate], plan.rate)
            before = cpu_seconds(standing.server.pid)
            calls = await send_evenly(session, url, requests[plan.rate :], plan.rate)
        await receivers.complete(_PATIENCE_S)
        after = cpu_seconds(standing.server.pid)
        memory = resident_mb(standing.server.pid)
        record = await receivers.record()
    cpu_s = None if before is None or after is None else after - before
    return judge(plan, calls, warm_up, record, cpu_s=cpu_s, memory_mb=memory)


def judge(
    plan: Plan,
    calls: Sequence[EvenCall],
    warm_up: Sequence[EvenCall],
    record: Record,
    *,
    cpu_s: float | None,
    memory_mb: float | None,
) -> SinglesResult | Unaccounted:
    """The figures, or what is missing; a message that was opened and was not what was sent is missing too."""
    arrivals = without({reference for call in warm_up for reference in call.references}, record)
    found = measure(calls, arrivals, [RECIPIENT], cpu_s=cpu_s, memory_mb=memory_mb)
    if isinstance(found, Unaccounted):
        return found
    if plan.opens_every and (record.wrong or record.opened < len(calls) // plan.opens_every):
        return Unaccounted(f"{record.opened} messages were opened, {record.wrong} of them were not what was sent")
    return SinglesResult(found, percentiles_ms([(call.began - call.sent) * 1000 for call in calls]), record.opened)
