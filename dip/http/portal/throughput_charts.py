"""The charts of a throughput report: volumes in and out, and how long it took (5.11.1, 5.11.2)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import msgspec
from markupsafe import Markup

from dip.http.portal.charts.bars import bars
from dip.http.portal.charts.frame import TONES, Series, Threshold, Times
from dip.http.portal.charts.lines import lines
from dip.http.portal.charts.scales import milliseconds
from dip.http.portal.throughput_query import ThroughputQuery
from dip.reporting.throughput import percentile
from dip.reporting.throughput_summary import CAME_IN, OTHERS, WENT_OUT, Row, Summary, altogether, apart, buckets, rows
from dip.store.throughput import Latencies, Passage, Side, Throughput

OUTCOMES: Final[Mapping[Passage, str]] = MappingProxyType(
    {
        Passage.TAKEN: "Taken in",
        Passage.REFUSED: "Refused",
        Passage.DELIVERED: "Delivered",
        Passage.REJECTED: "Rejected",
        Passage.DEAD: "Dead",
        Passage.FAILED: "Failed attempts",
    }
)
"""What the outcomes are called."""
THRESHOLDS: Final = (Threshold(3000, "90% within 3 s"), Threshold(30_000, "all within 30 s"))
"""How long the functional specification lets messages take from end to end (5.10)."""
_TONES: Final[Mapping[Passage, str]] = MappingProxyType(
    {
        Passage.TAKEN: "good",
        Passage.REFUSED: "bad",
        Passage.DELIVERED: "good",
        Passage.REJECTED: "bad",
        Passage.DEAD: TONES[3],
        Passage.FAILED: "waiting",
    }
)
_ENDED: Final = (Passage.DELIVERED, Passage.REJECTED, Passage.DEAD)
_MEASURES: Final[Mapping[str, Callable[[Latencies], float | None]]] = MappingProxyType(
    {
        "Half within (p50)": lambda times: percentile(times, 0.5),
        "90% within (p90)": lambda times: percentile(times, 0.9),
        "99% within (p99)": lambda times: percentile(times, 0.99),
        "Slowest": lambda times: times.most_us / 1000 if times.timed else None,
    }
)


class Chart(msgspec.Struct, frozen=True):
    """A chart with its heading, and a sentence on what it shows."""

    title: str
    about: str
    drawing: Markup


class Shown(msgspec.Struct, frozen=True):
    """A report as its page shows it."""

    total: Summary
    charts: Sequence[Chart]
    rows: Sequence[Row]


def shown(asked: ThroughputQuery, passed: Sequence[Throughput], name_of: Callable[[str], str]) -> Shown:
    """Put a report together; takes its time, so do it off the event loop. name_of: a participant's name, or empty."""
    drawn = _apart(asked, passed, name_of) if asked.by else _together(asked, passed)
    return Shown(altogether(passed), drawn, rows(passed))


def _together(asked: ThroughputQuery, passed: Sequence[Throughput]) -> list[Chart]:
    by_bucket, times = buckets(passed, asked.interval), Times(asked.since, timedelta(seconds=asked.interval.bucket))
    charts = []
    for title, about, outcomes in _volumes(asked.side):
        present = [one for one in outcomes if one is outcomes[0] or any(each.counts[one] for each in by_bucket)]
        series = [
            Series(name=OUTCOMES[one], values=[each.counts[one] for each in by_bucket], tone=_TONES[one])
            for one in present
        ]
        charts.append(Chart(title, about, bars(series, label=title, times=times)))
    for title, about, latencies, thresholds in _latencies(asked.side):
        series = [
            Series(name=name, values=[measure(latencies(each)) for each in by_bucket], tone=tone)
            for (name, measure), tone in zip(_MEASURES.items(), TONES, strict=False)
        ]
        charts.append(_lines(title, about, series, times, thresholds))
    return charts


def _apart(asked: ThroughputQuery, passed: Sequence[Throughput], name_of: Callable[[str], str]) -> list[Chart]:
    times = Times(asked.since, timedelta(seconds=asked.interval.bucket))
    charts, latencies = [], {one[0]: one for one in _latencies(asked.side)}
    for title, about, outcomes in _volumes(asked.side):
        counted = tuple(one for one in outcomes if one is not Passage.FAILED)
        found = {name: buckets(some, asked.interval) for name, some in apart(passed, counted).items()}
        label = f"{title}, told apart"
        series = [
            Series(name=_named(name, name_of), values=[each.count(*counted) for each in some], tone=_tone(place, name))
            for place, (name, some) in enumerate(found.items())
        ]
        charts.append(Chart(label, f"{about} {_LARGEST}", bars(series, label=label, times=times)))
        timed, words, taken, thresholds = latencies[_TIMED[title]]
        series = [
            Series(
                name=_named(name, name_of),
                values=[percentile(taken(each), 0.9) for each in some],
                tone=_tone(place, name),
            )
            for place, (name, some) in enumerate(found.items())
        ]
        charts.append(_lines(f"{timed}: 90% within (p90), told apart", words, series, times, thresholds))
    return charts


_IN: Final = "In: messages taken in"
_OUT: Final = "Out: deliveries"
_QUEUED: Final = "Receipt to queue"
_DELIVERED: Final = "End to end"
_TIMED: Final = MappingProxyType({_IN: _QUEUED, _OUT: _DELIVERED})
_LARGEST: Final = "The largest eight; all further ones are “others”."


def _volumes(side: Side) -> list[tuple[str, str, tuple[Passage, ...]]]:
    """What is counted, with its outcomes. Only what is counted by its sender comes in."""
    way_in = (_IN, "Messages that participants sent, each once.", CAME_IN)
    way_out = (_OUT, "A message to three recipients is three deliveries.", WENT_OUT)
    return [way_in, way_out] if side is Side.SENDER else [way_out]


def _latencies(side: Side) -> list[tuple[str, str, Callable[[Summary], Latencies], tuple[Threshold, ...]]]:
    """What is timed, with the thresholds that it is held against."""
    delivered = (_DELIVERED, "From receipt of a message to its recipient's answer.", _of_delivered, THRESHOLDS)
    queued = (_QUEUED, "From receipt of a message until it lies in its recipients' queues.", _of_queued, ())
    return [delivered, queued] if side is Side.SENDER else [delivered]


def _of_delivered(summary: Summary) -> Latencies:
    return summary.delivered


def _of_queued(summary: Summary) -> Latencies:
    return summary.queued


def _lines(title: str, about: str, series: Sequence[Series], times: Times, thresholds: Sequence[Threshold]) -> Chart:
    drawing = lines(series, label=title, times=times, words=milliseconds, thresholds=thresholds, is_logarithmic=True)
    return Chart(title, about, drawing)


def _named(name: str, name_of: Callable[[str], str]) -> str:
    """A channel, a participant with its name, both, or who sent to whom."""
    return " ".join(f"{word} {known}" if (known := name_of(word)) else word for word in name.split())


def _tone(place: int, name: str) -> str:
    return TONES[-1] if name == OTHERS else TONES[place]
