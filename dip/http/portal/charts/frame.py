"""What charts have in common: lines across, times below, tooltips, a text for those who do not see it, a legend.

Everything stands at percentages of a chart's width and height, so that it fits from 390 px to a wall while its words
keep their size; only what is drawn as a path lies in a view box of its own, one unit wide for each bucket. Colours are
classes of the style sheet; never by colour alone: lines have dashes and markers, bars have textures.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from xml.etree import ElementTree as Tree

import msgspec
from markupsafe import Markup, escape

from dip.http.portal.charts.scales import Scale, count, time_ticks

TONES: Final = tuple(f"tone-{number}" for number in range(1, 10))
"""Classes of colours for what is neither good nor bad; the last one is for the others together."""
VIEW_HEIGHT: Final = 1000
"""Units of a plot's view box, from top to bottom."""
_TOP, _FOOT = 9.0, 88.0
"""Percent of a chart's height between which it is drawn; below it there are times."""
_FEW_TIMES, _TIMES = 4, 9
"""Times below a narrow chart and a wide one, at most; the style sheet shows those that fit."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn in one colour. values: one for each bucket; None: nothing was measured.

    tone: a class of the style sheet: good, bad, waiting or one of TONES.
    """

    name: str
    values: Sequence[float | None]
    tone: str


class Threshold(msgspec.Struct, frozen=True):
    """A line across a chart at a value that matters."""

    value: float
    words: str


class Times(msgspec.Struct, frozen=True):
    """The buckets of a chart: the beginning of the first one, and how long each is."""

    begin: datetime
    bucket: timedelta

    def at(self, place: int) -> datetime:
        """When a bucket begins."""
        return self.begin + self.bucket * place

    def words(self, place: int) -> str:
        """A bucket by its beginning: `2026-03-21 19:05`."""
        pattern = "%Y-%m-%d" if self.bucket >= timedelta(days=1) else "%Y-%m-%d %H:%M"
        return self.at(place).strftime(pattern)


class Drawn(msgspec.Struct, frozen=True):
    """What was drawn, as text that stands in a page as it is: whatever it says was escaped when it was made."""

    text: str

    def __html__(self) -> str:
        return self.text


class Frame:
    """A chart while it is drawn."""

    def __init__(
        self,
        series: Sequence[Series],
        times: Times,
        scale: Scale,
        *,
        label: str,
        description: str,
        words: Callable[[float], str] = count,
    ) -> None:
        """label: what the chart shows, another one for each chart of a page. words: how a value is written."""
        self.buckets = max((len(one.values) for one in series), default=0) or 1
        self.name = "chart-" + re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
        self._series, self._times, self._scale, self._words = series, times, scale, words
        self.root = titled(self.name, "chart-drawing", label, description)
        self.definitions = add(self.root, "defs")
        # Words stand before what is drawn, so that they can be read upon it.
        self._front = Tree.Element("g")
        self._across()

    def y(self, value: float) -> float:
        """Where a value stands, in percent of the chart's height."""
        return _FOOT - self._scale.height(value) * (_FOOT - _TOP)

    def x(self, place: float) -> float:
        """Where a bucket begins, in percent of the chart's width."""
        return 100 * place / self.buckets

    def plot(self) -> Tree.Element:
        """Room for paths: a view box as wide as there are buckets, as high as the whole chart."""
        box = f"0 0 {self.buckets} {VIEW_HEIGHT}"
        return add(self.root, "svg", width="100%", height="100%", viewBox=box, preserveAspectRatio="none")

    def threshold(self, threshold: Threshold) -> None:
        """A dashed line across, with its words at the right."""
        y = percent(self.y(threshold.value))
        add(self.root, "line", "threshold", x1="0", x2="100%", y1=y, y2=y)
        add(self._front, "text", "threshold-words", x="100%", y=y, dy="-4").text = threshold.words

    def finish(self, key: Callable[[int], Tree.Element] | None) -> Markup:
        """The figure, with a tooltip for each bucket. key: what a series looks like in the legend; None: no legend."""
        self.root.append(self._front)
        hits = self.plot()
        for place in range(self.buckets):
            told = [
                f"{one.name}: {self._words(value)}"
                for one in self._series
                if place < len(one.values) and (value := one.values[place]) is not None
            ]
            hit = add(hits, "rect", "hit", x=str(place), width="1", height=str(VIEW_HEIGHT))
            add(hit, "title").text = "\n".join([self._times.words(place), *(told or ["nothing measured"])])
        figure = Tree.Element("figure", {"class": "chart"})
        figure.append(self.root)
        if key is not None:
            legend = add(figure, "ul", "legend")
            for place, one in enumerate(self._series):
                entry = add(legend, "li")
                entry.append(key(place))
                add(entry, "span").text = one.name
        return markup(figure)

    def _across(self) -> None:
        for value in self._scale.ticks:
            y = percent(self.y(value))
            add(self.root, "line", "across", x1="0", x2="100%", y1=y, y2=y)
            add(self._front, "text", "value", x="0", y=y, dx="-8", dy="0.35em").text = self._words(value)
        begin, end = self._times.begin, self._times.at(self.buckets)
        few, many = (set(time_ticks(begin, end, most)) for most in (_FEW_TIMES, _TIMES))
        for tick in sorted(few | many, key=lambda tick: tick.at):
            kind = "" if tick in few & many else " few" if tick in few else " many"
            x = percent(100 * tick.at)
            add(self.root, "line", f"at{kind}", x1=x, x2=x, y1=percent(_TOP), y2=percent(_FOOT + 2))
            anchor = "start" if tick.at < 0.04 else "end" if tick.at > 0.96 else "middle"
            text = add(self.root, "text", f"time{kind}", x=x, y="100%", dy="-4", **{"text-anchor": anchor})
            text.text = tick.words


def titled(name: str, kind: str, label: str, description: str) -> Tree.Element:
    """An image with a text alternative. name: begins its ids, which no other image of a page may have."""
    words = {"aria-labelledby": f"{name}-title", "aria-describedby": f"{name}-text"}
    root = Tree.Element("svg", {"class": kind, "role": "img", **words})
    add(root, "title", id=f"{name}-title").text = label
    add(root, "desc", id=f"{name}-text").text = description
    return root


def add(parent: Tree.Element, tag: str, kind: str = "", **attributes: str) -> Tree.Element:
    """An element within another one. kind: its classes."""
    return Tree.SubElement(parent, tag, {"class": kind, **attributes} if kind else attributes)


def percent(number: float) -> str:
    """A share of the width or height, as short as it can be written."""
    return f"{number:.3f}".rstrip("0").rstrip(".") + "%"


def markup(root: Tree.Element) -> Markup:
    """An element with all that is in it, to stand in a page."""
    return escape(Drawn(Tree.tostring(root, encoding="unicode")))
