"""Throughput and latency of any interval, from what was counted by minute, hour and day (5.11.1, 5.11.2)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from dip.ground.clock import microseconds, moment
from dip.ground.errors import BadRequest
from dip.store.throughput import BOUNDS_MS, SPANS, Latencies, Passage, Throughput

MOST_BUCKETS: Final = 2000
_SECOND: Final = timedelta(seconds=1)
_MILLISECOND_US: Final = 1000
_MICROSECONDS: Final = 1_000_000
_WIDE: Final = 400
"""Buckets of an interval, at most, where nobody says how long they are."""
_USUAL: Final = (60, 300, 900, 3600, 4 * 3600, 86_400)


class Figures(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What passed in a bucket of a report. at: its beginning. Times in milliseconds; percentiles are read off counts.

    channel, party: None where all are counted together.
    """

    at: datetime
    channel: str | None
    party: str | None
    outcome: Passage
    count: int
    timed: int
    least_ms: float | None
    average_ms: float | None
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    most_ms: float | None


class Interval(msgspec.Struct, frozen=True):
    """From and before a second, in buckets of so many seconds, read from a span of the store."""

    since: int
    until: int
    bucket: int
    span: int


def interval(since: datetime, until: datetime, bucket: timedelta | None) -> Interval:
    """The buckets that lie in the interval, whole ones. Raises BadRequest."""
    seconds = _bucket(until - since, bucket)
    begin = microseconds(since) // _MICROSECONDS
    end = -(-microseconds(until) // _MICROSECONDS // seconds) * seconds
    begin -= begin % seconds
    if end <= begin:
        raise BadRequest("to: expected a time after from.")
    if (end - begin) // seconds > MOST_BUCKETS:
        raise BadRequest(f"bucket: expected at most {MOST_BUCKETS} buckets; ask for longer ones.")
    span = max(one for one in SPANS if seconds % one == 0)
    return Interval(begin, end, seconds, span)


def figures(passed: Iterable[Throughput]) -> Sequence[Figures]:
    """What passed as a report shows it."""
    return [
        Figures(
            at=moment(one.at * _MICROSECONDS),
            channel=one.channel,
            party=one.party,
            outcome=one.outcome,
            count=one.count,
            timed=one.latencies.timed,
            least_ms=_ms(one.latencies.least_us, one.latencies),
            average_ms=_ms(one.latencies.sum_us // max(1, one.latencies.timed), one.latencies),
            p50_ms=percentile(one.latencies, 0.5),
            p90_ms=percentile(one.latencies, 0.9),
            p99_ms=percentile(one.latencies, 0.99),
            most_ms=_ms(one.latencies.most_us, one.latencies),
        )
        for one in passed
    ]


def percentile(times: Latencies, part: float) -> float | None:
    """The time, milliseconds, in which this part of all were done; between two bounds it is taken as even."""
    if not times.timed:
        return None
    least, most = times.least_us / _MILLISECOND_US, times.most_us / _MILLISECOND_US
    wanted, passed = part * times.timed, 0
    below = 0.0
    for bound, count in zip((*BOUNDS_MS, max(most, BOUNDS_MS[-1])), times.within, strict=True):
        if count and passed + count >= wanted:
            found = below + (bound - below) * (wanted - passed) / count
            return round(min(max(found, least), most), 3)
        passed += count
        below = float(bound)
    return round(most, 3)


def _bucket(length: timedelta, bucket: timedelta | None) -> int:
    if bucket is None:
        return next((one for one in _USUAL if length <= one * _WIDE * _SECOND), _USUAL[-1])
    seconds = int(bucket // _SECOND)
    if seconds < SPANS[0] or seconds % SPANS[0] or bucket % _SECOND:
        raise BadRequest("bucket: expected whole minutes, such as PT1M, PT15M, PT1H or P1D.")
    return seconds


def _ms(microseconds: int, times: Latencies) -> float | None:
    return round(microseconds / _MILLISECOND_US, 3) if times.timed else None
