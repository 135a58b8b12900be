"""Bars over time, one upon another: colours and textures by series, the first at the foot."""

from collections.abc import Callable, Sequence
from typing import Final
from xml.etree import ElementTree as Tree

from markupsafe import Markup

from dip.http.portal.charts.frame import Frame, Series, Times, add, percent
from dip.http.portal.charts.scales import count, linear

_TEXTURES: Final = ("", "M0 0h6", "M0 0h6M0 0v6", "M3 0v6M0 3h6", "M0 3h6")
"""What is drawn upon the colour, within 6 units to each side."""
_TURNED: Final = (0, 45, 45, 0, 0)
_SIDE: Final = "6"
_GAPS_UP_TO: Final = 120
"""Buckets up to which there is a gap between bars."""
_FILLED: Final = 0.84


def bars(
    series: Sequence[Series],
    *,
    label: str,
    times: Times,
    words: Callable[[float], str] = count,
    legend: bool = True,
) -> Markup:
    """Counts over time as an SVG figure. label: what it shows, another one for each chart of a page."""
    many = max((len(one.values) for one in series), default=0)
    totals = [sum(_value(one, place) for one in series) for place in range(many)]
    scale = linear(max(totals, default=0.0), whole=True)
    frame = Frame(series, times, scale, label=label, description=_told(series, totals, times, words), words=words)
    filled = _FILLED if many <= _GAPS_UP_TO else 1.0
    width = percent(frame.x(filled))
    below = [0.0] * many
    for place, one in enumerate(series):
        group = add(frame.root, "g", f"fill {one.tone}")
        if texture := _texture(frame, place, one.tone):
            group.set("fill", f"url(#{texture})")
            group.set("class", "bar")
        if many > _GAPS_UP_TO:
            # Bars side by side show no seams then.
            group.set("shape-rendering", "crispEdges")
        for bucket in range(many):
            value = _value(one, bucket)
            if value:
                foot, top = frame.y(below[bucket]), frame.y(below[bucket] + value)
                x = percent(frame.x(bucket + (1 - filled) / 2))
                add(group, "rect", x=x, y=percent(top), width=width, height=percent(foot - top))
                below[bucket] += value

    def key(place: int) -> Tree.Element:
        drawn = Tree.Element("svg", {"class": "chart-key", "viewBox": "0 0 28 12", "aria-hidden": "true"})
        swatch = add(drawn, "rect", f"fill {series[place].tone}", width="28", height="12")
        if place % len(_TEXTURES):
            swatch.set("class", "bar")
            swatch.set("fill", f"url(#{frame.name}-t{place})")
        return drawn

    return frame.finish(key if legend else None)


def _value(one: Series, place: int) -> float:
    return one.values[place] or 0.0 if place < len(one.values) else 0.0


def _texture(frame: Frame, place: int, tone: str) -> str:
    """The id of a texture of its own for a series; empty for plain colour."""
    drawn = _TEXTURES[place % len(_TEXTURES)]
    if not drawn:
        return ""
    name = f"{frame.name}-t{place}"
    pattern = add(frame.definitions, "pattern", id=name, width=_SIDE, height=_SIDE, patternUnits="userSpaceOnUse")
    if turned := _TURNED[place % len(_TURNED)]:
        pattern.set("patternTransform", f"rotate({turned})")
    add(pattern, "rect", f"fill {tone}", width=_SIDE, height=_SIDE)
    add(pattern, "path", "texture", d=drawn)
    return name


def _told(series: Sequence[Series], totals: Sequence[float], times: Times, words: Callable[[float], str]) -> str:
    """What the bars show, for those who do not see them."""
    told = [f"{one.name}: {words(sum(value or 0.0 for value in one.values))} altogether." for one in series]
    most = max(totals, default=0.0)
    if most:
        told.append(f"Most at {times.words(totals.index(most))}: {words(most)}.")
    return " ".join(told) or "Nothing was counted."
