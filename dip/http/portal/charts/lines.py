"""Lines over time: a gap where nothing was measured, dashes and markers beside the colours."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as Tree

from markupsafe import Markup

from dip.http.portal.charts.frame import VIEW_HEIGHT, Frame, Series, Threshold, Times, add, percent
from dip.http.portal.charts.scales import count, linear, logarithmic

_DASHES: Final = ("", "7 3", "2 3", "9 3 2 3", "14 4")
_SHAPES: Final = (
    "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
    "M-3 -3h6v6h-6z",
    "M0 -4l4 7h-8z",
    "M0 -4.5l4 4.5l-4 4.5l-4 -4.5z",
    "M-4 -3.5h8l-4 7z",
)
_ALL_MARKED: Final = 30
"""Up to so many buckets each point has its marker; of more, some have."""
_SOME_MARKED: Final = 8
_LEAST: Final = 0.1
"""Least value of a logarithmic scale."""


def lines(
    series: Sequence[Series],
    *,
    label: str,
    times: Times,
    words: Callable[[float], str] = count,
    thresholds: Sequence[Threshold] = (),
    is_logarithmic: bool = False,
    legend: bool = True,
) -> Markup:
    """Values over time as an SVG figure. label: what it shows, another one for each chart of a page.

    words: how a value is written. Thresholds lie within the chart, whatever was measured.
    """
    measured = [value for one in series for value in one.values if value is not None]
    shown = [*measured, *(threshold.value for threshold in thresholds)]
    if is_logarithmic:
        # A threshold alone begins at a second: times below it are what one hopes to see.
        above = [value for value in shown if value > 0] or [1.0]
        scale = logarithmic(max(_LEAST, min(above)), max(_LEAST, *above))
    else:
        scale = linear(max(shown, default=0.0))
    frame = Frame(series, times, scale, label=label, description=_told(series, words), words=words)
    for threshold in thresholds:
        frame.threshold(threshold)
    plot = frame.plot()
    for place, one in enumerate(series):
        marker = f"{frame.name}-m{place}"
        add(frame.definitions, "path", id=marker, d=_shape(place))
        path = add(plot, "path", f"line {one.tone}", d=_path(frame, one.values))
        if dashes := _dashes(place):
            path.set("stroke-dasharray", dashes)
        for bucket in _marked(one.values):
            x, y = percent(frame.x(bucket + 0.5)), percent(frame.y(one.values[bucket] or 0.0))
            add(frame.root, "use", f"marker {one.tone}", href=f"#{marker}", x=x, y=y)

    def key(place: int) -> Tree.Element:
        drawn = Tree.Element("svg", {"class": "chart-key", "viewBox": "0 0 28 12", "aria-hidden": "true"})
        line = add(drawn, "path", f"line {series[place].tone}", d="M0 6h28")
        if dashes := _dashes(place):
            line.set("stroke-dasharray", dashes)
        add(drawn, "path", f"marker {series[place].tone}", d=_shape(place), transform="translate(14 6)")
        return drawn

    return frame.finish(key if legend else None)


def runs(values: Sequence[float | None]) -> Iterator[range]:
    """The buckets in a row of which something was measured."""
    begin: int | None = None
    for place, value in enumerate((*values, None)):
        if value is not None and begin is None:
            begin = place
        elif value is None and begin is not None:
            yield range(begin, place)
            begin = None


def _path(frame: Frame, values: Sequence[float | None]) -> str:
    """A line through the middle of the buckets, broken where nothing was measured."""
    pieces = []
    for run in runs(values):
        points = (f"{place + 0.5:g} {frame.y(values[place] or 0.0) / 100 * VIEW_HEIGHT:.1f}" for place in run)
        pieces.append("M" + "L".join(points))
    return "".join(pieces)


def _marked(values: Sequence[float | None]) -> list[int]:
    """The buckets whose points have a marker: all of a few; else each that stands alone, and some of the others."""
    measured = [place for place, value in enumerate(values) if value is not None]
    if len(values) <= _ALL_MARKED:
        return measured
    alone = {run[0] for run in runs(values) if len(run) == 1}
    step = max(1, len(measured) // _SOME_MARKED)
    return sorted(alone.union(measured[step // 2 :: step]))


def _dashes(place: int) -> str:
    return _DASHES[place % len(_DASHES)]


def _shape(place: int) -> str:
    return _SHAPES[place % len(_SHAPES)]


def _told(series: Sequence[Series], words: Callable[[float], str]) -> str:
    """What the lines show, for those who do not see them."""
    told = []
    for one in series:
        measured = [value for value in one.values if value is not None]
        if measured:
            least, most = words(min(measured)), words(max(measured))
            told.append(f"{one.name}: from {least} to {most}, last {words(measured[-1])}.")
        else:
            told.append(f"{one.name}: nothing measured.")
    return " ".join(told)
