"""What passes just now: the last hour by minute, its latency, what went wrong today (5.11.1, 5.11.2, FS-51, FS-52)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dip.ground.clock import Clock, moment
from dip.reporting.throughput import percentile
from dip.store.throughput import BOUNDS_MS, Latencies, Passage, Side, SqliteThroughput, Throughput, ThroughputFilter

MINUTES: Final = 60
"""Minutes that are looked at, the one under way included."""
SOON_MS: Final = 3000
"""In this time nine of ten messages are to be delivered (FS-49)."""
LATE_MS: Final = 30_000
"""In this time all of them are."""
_MINUTE: Final = 60
_DAY: Final = 86_400
_MICROSECONDS: Final = 1_000_000
_MILLISECOND_US: Final = 1000
_WITHIN: Final = BOUNDS_MS.index(SOON_MS) + 1
_IN: Final = (Side.SENDER, (Passage.TAKEN, Passage.REFUSED))
_OUT: Final = (Side.RECIPIENT, (Passage.DELIVERED, Passage.REJECTED, Passage.DEAD))


class Spread(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How long so many took, milliseconds; None where nothing was timed. soon: the part of them within SOON_MS."""

    timed: int = 0
    p50_ms: float | None = None
    p90_ms: float | None = None
    p99_ms: float | None = None
    most_ms: float | None = None
    soon: float | None = None


class Minute(msgspec.Struct, frozen=True, rename="camel"):
    """What passed in one minute: messages that were taken in, deliveries that arrived."""

    at: datetime
    taken: int = 0
    delivered: int = 0


class Today(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What passed since midnight, UTC. refused: at the door; rejected, dead: deliveries."""

    taken: int = 0
    refused: int = 0
    delivered: int = 0
    rejected: int = 0
    dead: int = 0


class Traffic(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What passes just now. minutes: the oldest first; the last one is under way. The spreads are those of all of them.

    to_queue: from receipt to the outgoing queue; end_to_end: from receipt to the recipient's answer.
    """

    minutes: Sequence[Minute]
    to_queue: Spread
    end_to_end: Spread
    today: Today


class _Counted(msgspec.Struct):
    """A minute as it is remembered."""

    counts: dict[Passage, int] = msgspec.field(default_factory=dict)
    times: dict[Passage, Latencies] = msgspec.field(default_factory=dict)


class RecentTraffic:
    """Reads what passes just now; of the minutes only those that can have changed since the last time."""

    def __init__(self, *, store: SqliteThroughput, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._minutes: dict[int, _Counted] = {}
        self._final_until = 0

    async def now(self) -> Traffic:
        """What passes just now, in business time."""
        second = int(self._clock.now().timestamp())
        last = second - second % _MINUTE
        first = last - (MINUTES - 1) * _MINUTE
        # A minute is counted in the commits of what passes in it: at its end it may still grow a little.
        begin = max(first, self._final_until)
        final = {at: one for at, one in self._minutes.items() if first <= at < begin}
        read = {at: _Counted() for at in range(begin, last + _MINUTE, _MINUTE)}
        for side, outcomes in (_IN, _OUT):
            for one in await self._passed(begin, last + _MINUTE, _MINUTE, side, outcomes):
                if one.at in read:
                    read[one.at].counts[one.outcome] = one.count
                    read[one.at].times[one.outcome] = one.latencies
        self._minutes, self._final_until = final | read, last - _MINUTE
        kept = [(at, self._minutes[at]) for at in sorted(self._minutes)]
        return Traffic(
            minutes=[
                Minute(
                    moment(at * _MICROSECONDS), one.counts.get(Passage.TAKEN, 0), one.counts.get(Passage.DELIVERED, 0)
                )
                for at, one in kept
            ],
            to_queue=spread(one.times[Passage.TAKEN] for _, one in kept if Passage.TAKEN in one.times),
            end_to_end=spread(one.times[Passage.DELIVERED] for _, one in kept if Passage.DELIVERED in one.times),
            today=await self._today(second - second % _DAY),
        )

    async def _today(self, midnight: int) -> Today:
        counts = {
            one.outcome.value: one.count
            for side, outcomes in (_IN, _OUT)
            for one in await self._passed(midnight, midnight + _DAY, _DAY, side, outcomes)
        }
        return Today(**counts)

    async def _passed(
        self, since: int, until: int, span: int, side: Side, outcomes: Sequence[Passage]
    ) -> Sequence[Throughput]:
        return await self._store.passed(
            ThroughputFilter(since=since, until=until, span=span, bucket=span, side=side, outcomes=outcomes)
        )


def spread(times: Iterable[Latencies]) -> Spread:
    """How long all of these took together."""
    whole = Latencies()
    for one in times:
        whole.merge(one)
    if not whole.timed:
        return Spread()
    return Spread(
        timed=whole.timed,
        p50_ms=percentile(whole, 0.5),
        p90_ms=percentile(whole, 0.9),
        p99_ms=percentile(whole, 0.99),
        most_ms=round(whole.most_us / _MILLISECOND_US, 3),
        soon=sum(whole.within[:_WITHIN]) / whole.timed,
    )
