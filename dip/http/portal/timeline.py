"""The history of one MPAN as SVG: a lane for each role, a bar for each holder. No script, no inline style.

Places across are shares of the width, so that a drawing fits a telephone and a wall alike; heights are pixels.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as Tree

import msgspec

from dip.appointments.history import OPEN, Row
from dip.ground.clock import moment
from dip.messages.identifiers import DipId, Mpan, RoleCode
from dip.routing.near_misses import in_words

_DAY: Final = 86_400
_MONTH: Final = 365.25 / 12 * _DAY
_OLDEST: Final = 631_152_000
"""1990: bars that begin earlier begin at the left edge."""
_TOP: Final = 52
_LANE_HEAD: Final = 24
_BAR: Final = 38
_FORMER: Final = 9
_GAP: Final = 14
_AXIS: Final = 26
_COLOURS: Final = 6
_STEPS_MONTHS: Final = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200)
_MOST_TICKS: Final = 7


class Timeline(msgspec.Struct, frozen=True):
    """What is drawn. rows: those that stand; former: those that were replaced; used: of them, who gets the message.

    now, asked: moments that are marked, seconds since 1970 UTC.
    """

    mpan: Mpan
    rows: Sequence[Row]
    former: Sequence[Row]
    used: frozenset[Row]
    now: int
    asked: int


def draw(timeline: Timeline, lanes: Mapping[RoleCode, str], name_of: Callable[[str], str]) -> str:
    """The `svg` element. lanes: the names of the roles, in the order in which they are drawn."""
    return _Drawing(timeline, name_of).drawn(lanes)


class _Drawing:
    def __init__(self, timeline: Timeline, name_of: Callable[[str], str]) -> None:
        self._timeline = timeline
        self._name_of = name_of
        moments = [timeline.now, timeline.asked]
        for row in (*timeline.rows, *timeline.former):
            moments += [at for at in (row.starts, row.ends) if _OLDEST <= at < OPEN]
        first, last = min(moments), max(moments)
        pad = max(int((last - first) * 0.04), 30 * _DAY)
        self._first, self._last = max(first - pad // 4, _OLDEST - pad), last + pad
        held = dict.fromkeys(row.dip_id for row in sorted(timeline.rows, key=lambda row: (row.role, row.starts)))
        self._colours: dict[DipId, int] = {dip_id: place % _COLOURS for place, dip_id in enumerate(held)}
        self._svg = Tree.Element("svg", {"class": "timeline", "role": "img", "width": "100%"})
        self._bars, self._marks, self._words = Tree.Element("g"), Tree.Element("g"), Tree.Element("g")

    def drawn(self, lanes: Mapping[RoleCode, str]) -> str:
        present = {row.role for row in (*self._timeline.rows, *self._timeline.former)}
        roles = [role for role in lanes if role in present] + sorted(present - lanes.keys())
        title = Tree.SubElement(self._svg, "title")
        title.text = "Who was appointed, and when; the same as in the table below"
        # From the back: years, bars, marked days, words.
        grid = Tree.SubElement(self._svg, "g")
        self._svg.extend((self._bars, self._marks, self._words))
        y = _TOP
        for role in roles:
            y = self._lane(role, lanes.get(role, ""), y)
        self._axis(grid, y)
        self._mark(self._timeline.now, "now", "today", 16, y)
        if abs(self._timeline.asked - self._timeline.now) >= _DAY:
            self._mark(self._timeline.asked, "asked", f"asked: {in_words(self._timeline.asked)[:10]}", 36, y)
        self._svg.set("height", str(y + _AXIS))
        return Tree.tostring(self._svg, encoding="unicode")

    def _lane(self, role: RoleCode, name: str, y: int) -> int:
        head = Tree.SubElement(self._words, "text", {"class": "lane-name", "x": "0", "y": str(y + 15)})
        code = Tree.SubElement(head, "tspan", {"class": "code"})
        code.text, code.tail = role, f"  {name}"
        y += _LANE_HEAD
        self._box(self._bars, "track", self._first, self._last, y, _BAR)
        for row in self._timeline.rows:
            if row.role == role:
                self._bar(row, y)
        y += _BAR
        former = [row for row in self._timeline.former if row.role == role]
        if former:
            for row in former:
                self._former(row, y + 4)
            y += _FORMER + 4
        return y + _GAP

    def _bar(self, row: Row, y: int) -> None:
        kind = f"bar colour-{self._colours[row.dip_id]}"
        if row in self._timeline.used:
            kind += " used"
        self._box(self._bars, kind, row.starts, row.ends, y, _BAR, rounded=7, title=self._said(row))
        # A box of its own cuts off what is too long for the bar.
        inside = Tree.SubElement(
            self._words, "svg", {**self._span(row.starts, row.ends), "y": str(y), "height": str(_BAR)}
        )
        name = self._name_of(row.dip_id)
        lines = [(name, "holder", 16), (row.dip_id, "id", 31)] if name else [(row.dip_id, "holder", 24)]
        for text, kind, below in lines:
            line = Tree.SubElement(inside, "text", {"class": kind, "x": "9", "y": str(below)})
            line.text = text

    def _former(self, row: Row, y: int) -> None:
        said = f"thought before: {self._said(row)}"
        self._box(self._bars, "former", row.starts, row.ends, y, _FORMER, rounded=3, title=said)

    def _said(self, row: Row) -> str:
        until = "open" if row.ends >= OPEN else f"until {in_words(row.ends)}"
        return f"{row.role} {self._name_of(row.dip_id)} {row.dip_id}, from {in_words(row.starts)}, {until}"

    def _axis(self, grid: Tree.Element, bottom: int) -> None:
        months = (self._last - self._first) / _MONTH
        step = next((step for step in _STEPS_MONTHS if months / step <= _MOST_TICKS), _STEPS_MONTHS[-1])
        first, last = (moment(at * 1_000_000) for at in (self._first, self._last))
        for count in range(first.year * 12 // step * step, last.year * 12 + last.month, step):
            year, month = divmod(count, 12)
            begins = datetime(max(year, 1), month + 1, 1, tzinfo=UTC)
            at = int(begins.timestamp())
            share = self._share(at)
            if not 0 < share < 0.97 or at < self._first:
                continue
            place = _percent(share)
            line = {"class": "tick", "x1": place, "x2": place, "y1": str(_TOP - 6), "y2": str(bottom)}
            Tree.SubElement(grid, "line", line)
            label = Tree.SubElement(grid, "text", {"class": "year", "x": place, "y": str(bottom + 16)})
            label.text = str(year) if month == 0 else f"{begins:%b}"

    def _mark(self, at: int, kind: str, text: str, y: int, bottom: int) -> None:
        share = self._share(at)
        place = _percent(share)
        Tree.SubElement(
            self._marks,
            "line",
            {"class": f"mark {kind}", "x1": place, "x2": place, "y1": str(y + 5), "y2": str(bottom)},
        )
        anchor = "end" if share > 0.7 else "start" if share < 0.3 else "middle"
        label = Tree.SubElement(
            self._words, "text", {"class": f"mark-name {kind}", "x": place, "y": str(y), "text-anchor": anchor}
        )
        label.text = text

    def _box(
        self,
        parent: Tree.Element,
        kind: str,
        starts: int,
        ends: int,
        y: int,
        height: int,
        *,
        rounded: int = 0,
        title: str = "",
    ) -> None:
        shape = {"class": kind, **self._span(starts, ends), "y": str(y), "height": str(height)}
        if rounded:
            shape["rx"] = str(rounded)
        box = Tree.SubElement(parent, "rect", shape)
        if title:
            Tree.SubElement(box, "title").text = title

    def _span(self, starts: int, ends: int) -> dict[str, str]:
        left, right = self._share(starts), self._share(ends)
        return {"x": _percent(left), "width": _percent(max(0.0, right - left))}

    def _share(self, at: int) -> float:
        """Where a moment stands across, 0 to 1."""
        return min(1.0, max(0.0, (at - self._first) / (self._last - self._first)))


def _percent(share: float) -> str:
    return f"{100 * share:.3f}%"
