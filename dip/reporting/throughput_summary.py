"""What passed, put together as a page shows it: altogether, by bucket, by what is told apart (5.11.1, 5.11.2)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from dip.reporting.throughput import Interval
from dip.store.throughput import BOUNDS_MS, Latencies, Passage, Throughput

CAME_IN: Final = (Passage.TAKEN, Passage.REFUSED)
WENT_OUT: Final = (Passage.DELIVERED, Passage.REJECTED, Passage.DEAD, Passage.FAILED)
OTHERS: Final = "others"
LARGEST: Final = 8
"""How many are told apart in a chart; all further ones are the others."""


class Summary(msgspec.Struct):
    """What passed. queued: times from receipt to the queue. delivered: from receipt to the recipient's answer."""

    counts: Counter[Passage] = msgspec.field(default_factory=Counter)
    queued: Latencies = msgspec.field(default_factory=Latencies)
    delivered: Latencies = msgspec.field(default_factory=Latencies)

    def add(self, one: Throughput) -> None:
        """Count what passed of one outcome."""
        self.counts[one.outcome] += one.count
        (self.queued if one.outcome in CAME_IN else self.delivered).merge(one.latencies)

    def count(self, *outcomes: Passage) -> int:
        """How many had one of these outcomes."""
        return sum(self.counts[outcome] for outcome in outcomes)


class Row(msgspec.Struct, frozen=True):
    """What passed in a bucket. at: its beginning, seconds since 1970. channel, party: None where told together."""

    at: int
    channel: str | None
    party: str | None
    summary: Summary


def altogether(passed: Iterable[Throughput]) -> Summary:
    """What passed in the whole interval."""
    summary = Summary()
    for one in passed:
        summary.add(one)
    return summary


def rows(passed: Iterable[Throughput]) -> list[Row]:
    """What passed by bucket and what is told apart, latest first."""
    found: defaultdict[tuple[int, str | None, str | None], Summary] = defaultdict(Summary)
    for one in passed:
        found[one.at, one.channel, one.party].add(one)
    made = [Row(at, channel, party, summary) for (at, channel, party), summary in found.items()]
    return sorted(made, key=lambda row: (-row.at, row.channel or "", row.party or ""))


def buckets(passed: Iterable[Throughput], interval: Interval) -> list[Summary]:
    """What passed in each bucket of an interval, also where that is nothing."""
    found = [Summary() for _ in range((interval.until - interval.since) // interval.bucket)]
    for one in passed:
        found[(one.at - interval.since) // interval.bucket].add(one)
    return found


def apart(passed: Sequence[Throughput], outcomes: Iterable[Passage]) -> Mapping[str, Sequence[Throughput]]:
    """What had these outcomes, by channel, party or both: the largest first, then all others together."""
    wanted = set(outcomes)
    found: defaultdict[str, list[Throughput]] = defaultdict(list)
    for one in passed:
        if one.outcome in wanted:
            found[" ".join(name for name in (one.channel, one.party) if name)].append(one)
    ordered = sorted(found, key=lambda name: (-sum(one.count for one in found[name]), name))
    made: dict[str, Sequence[Throughput]] = {name: found[name] for name in ordered[:LARGEST]}
    if len(ordered) > LARGEST:
        made[OTHERS] = [one for name in ordered[LARGEST:] for one in found[name]]
    return made


def share_within(times: Latencies, bound_ms: int) -> float | None:
    """Which part took up to one of BOUNDS_MS, 0 to 1; None where nothing was timed."""
    if not times.timed:
        return None
    return sum(times.within[: BOUNDS_MS.index(bound_ms) + 1]) / times.timed
