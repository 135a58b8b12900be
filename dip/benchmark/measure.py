"""One measured round: the calls, where they went, what it took; refuses to speak where the books don't balance."""

from collections import Counter
from collections.abc import Sequence, Set

import msgspec

from dip.benchmark.load import Call, refused
from dip.benchmark.receiver import Arrival
from dip.benchmark.receivers import Record


class Unaccounted(msgspec.Struct, frozen=True):
    """Why no rate is given."""

    reason: str


class Round(msgspec.Struct, frozen=True):
    """Rates a second, percentiles in ms, CPU in microseconds a message with all its deliveries."""

    accepted_rate: float
    delivered_rate: float
    answer_ms: dict[str, float]
    delivery_ms: dict[str, float]
    cpu_us: float | None
    memory_mb: float | None
    duplicates: int


def measure(
    calls: Sequence[Call],
    arrivals: Sequence[Arrival],
    recipients: Sequence[str],
    *,
    cpu_s: float | None,
    memory_mb: float | None,
) -> Round | Unaccounted:
    """The figures of a round, or what is missing."""
    bad = refused(calls)
    if bad:
        return Unaccounted(f"{len(bad)} requests were not taken: statuses {sorted(set(bad))}")
    sent_at = {reference: call.sent for call in calls for reference in call.references}
    delays: list[float] = []
    duplicates = 0
    last = 0.0
    for recipient in recipients:
        seen: Counter[str] = Counter()
        for arrival in arrivals:
            if arrival.recipient != recipient:
                continue
            last = max(last, arrival.at)
            for reference in arrival.references:
                seen[reference] += 1
                if seen[reference] == 1 and reference in sent_at:
                    delays.append((arrival.at - sent_at[reference]) * 1000)
        missing = len(sent_at.keys() - seen.keys())
        if missing:
            return Unaccounted(f"{missing} of {len(sent_at)} messages never reached {recipient}")
        strange = len(seen.keys() - sent_at.keys())
        if strange:
            return Unaccounted(f"{recipient} got {strange} messages that nobody sent")
        duplicates += sum(count - 1 for count in seen.values())
    first = min(call.sent for call in calls)
    accepted = max(call.answered for call in calls)
    return Round(
        accepted_rate=len(sent_at) / (accepted - first),
        delivered_rate=len(sent_at) * len(recipients) / (last - first),
        answer_ms=percentiles_ms([(call.answered - call.sent) * 1000 for call in calls]),
        delivery_ms=percentiles_ms(delays),
        cpu_us=None if cpu_s is None else cpu_s / len(sent_at) * 1e6,
        memory_mb=memory_mb,
        duplicates=duplicates,
    )


def without(warm_up: Set[str], record: Record) -> list[Arrival]:
    """The arrivals of a record, without the references of a warm-up."""
    for arrival in record.arrivals:
        arrival.references = [reference for reference in arrival.references if reference not in warm_up]
    return [arrival for arrival in record.arrivals if arrival.references]


def percentiles_ms(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median, 90th and 99th percentile and the greatest, rounded to tenths."""
    ordered = sorted(milliseconds)
    last = len(ordered) - 1
    return {
        name: round(ordered[round(last * share)], 1)
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
    }
