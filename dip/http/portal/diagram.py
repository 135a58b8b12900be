"""Sequence diagrams as SVG: lifelines, arrows between them, frames around alternatives. No script, no inline style.

Colours and type come from the portal's style sheet, so that a diagram is light, dark or printed with its page.
Lengths are units of the view box, 16 to a rem.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.etree import ElementTree as Tree

_COLUMN: Final = 148.0
_SIDE: Final = 92.0
_INSET: Final = 12.0
_HEAD: Final = 62.0
_HEAD_WIDTH: Final = 132.0
_TEXT_LINE: Final = 17.0
_NAME_LINE: Final = 15.5
_CHARACTER: Final = 6.9
_ARROW_HEAD: Final = 8.0
_GUARD: Final = 30.0
_TIMES: Final = 104.0
"""Room at the left for times, where arrows have some."""
FAILED: Final = "bad"
"""The kind of an arrow that did not get through: it ends in a cross."""


@dataclass(frozen=True, slots=True)
class Lifeline:
    """One party, or several that take the same part."""

    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Time:
    """What stands at the left of an arrow: when it was, how long after the one before, the date where that is new."""

    clock: str
    gap: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A message from any of the senders to all recipients; both are places in the row of lifelines.

    kind: a class of the style sheet that colours it.
    """

    senders: tuple[int, ...]
    recipients: tuple[int, ...]
    mark: str
    text: str
    detail: str = ""
    href: str | None = None
    dashed: bool = False
    kind: str = ""
    time: Time | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """One alternative of a frame: what has to be so, and what happens then; the flow is over after it where `ends`."""

    guard: str
    rows: tuple["Row", ...]
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """A box around alternatives, of which one happens."""

    sections: tuple[Section, ...]


Row: TypeAlias = Arrow | Frame


def sequence_diagram(title: str, lifelines: Sequence[Lifeline], rows: Sequence[Row]) -> str:
    """The `svg` element, to stand in a page."""
    return Tree.tostring(_Drawing(lifelines, rows).drawn(title, rows), encoding="unicode")


def sequence_image(title: str, description: str, style: str, lifelines: Sequence[Lifeline], rows: Sequence[Row]) -> str:
    """The same as a file that stands alone, with a style sheet of its own; lengths are pixels."""
    root = _Drawing(lifelines, rows).drawn(title, rows)
    _, _, width, height = root.attrib["viewBox"].split()
    root.attrib |= {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "width": width, "height": height}
    back = Tree.Element("rect", {"class": "back", "width": "100%", "height": "100%"})
    for place, (tag, text) in enumerate((("title", title), ("desc", description), ("style", style))):
        made = Tree.Element(tag)
        made.text = _printable(text)
        root.insert(place, made)
    root.insert(3, back)
    return Tree.tostring(root, encoding="unicode")


class _Drawing:
    """A diagram while it is drawn from the top down: frames lie behind, then lifelines, then arrows and text."""

    def __init__(self, lifelines: Sequence[Lifeline], rows: Sequence[Row]) -> None:
        self._lifelines = lifelines
        self._left = _TIMES if any(isinstance(row, Arrow) and row.time for row in rows) else 0.0
        self._width = self._left + 2 * _SIDE + _COLUMN * max(0, len(lifelines) - 1)
        self._frames, self._lines, self._front = Tree.Element("g"), Tree.Element("g"), Tree.Element("g")
        self._y = _HEAD + 14

    def drawn(self, title: str, rows: Sequence[Row]) -> Tree.Element:
        self._rows(rows, 0)
        foot = self._y + 10
        for place, lifeline in enumerate(self._lifelines):
            x = self._x(place)
            _add(self._lines, "line", {"class": "lifeline"}, x1=x, y1=_HEAD, x2=x, y2=foot)
            for top in (0.5, foot):
                self._head(lifeline, x, top)
        height = foot + _HEAD + 1
        root = Tree.Element(
            "svg",
            {
                "class": "sequence",
                "role": "group",
                "aria-label": _printable(title),
                "viewBox": f"0 0 {_number(self._width)} {_number(height)}",
                "width": f"{_number(self._width / 16)}rem",
                "height": f"{_number(height / 16)}rem",
            },
        )
        root.extend((self._frames, self._lines, self._front))
        return root

    def _head(self, lifeline: Lifeline, x: float, top: float) -> None:
        left = x - _HEAD_WIDTH / 2
        box = {"class": "head"}
        _add(self._lines, "rect", box, x=left, y=top, width=_HEAD_WIDTH, height=_HEAD - 1, rx=8)
        lines = [(line, "name") for line in wrapped(lifeline.name, _HEAD_WIDTH - 10)]
        lines += [(line, "detail") for line in wrapped(lifeline.detail, _HEAD_WIDTH)]
        first = top + _HEAD / 2 + 5 - (len(lines) - 1) * _NAME_LINE / 2
        for number, (line, kind) in enumerate(lines):
            _text(self._lines, x, first + number * _NAME_LINE, line, kind)

    def _rows(self, rows: Sequence[Row], depth: int) -> None:
        for row in rows:
            if isinstance(row, Arrow):
                self._arrow(row)
            else:
                self._frame(row, depth)

    def _frame(self, frame: Frame, depth: int) -> None:
        inset, top = 2 + _INSET * depth, self._y
        left, right = self._left + inset, self._width - inset
        for number, section in enumerate(frame.sections):
            if number:
                _add(self._frames, "line", {"class": "divider"}, x1=left, y1=self._y, x2=right, y2=self._y)
            guard = f"[{section.guard}]" + (" – the flow ends here" if section.ends else "")
            lines = wrapped(guard, right - left - 24)
            for place, line in enumerate(lines):
                _text(self._front, left + 12, self._y + 20 + place * _TEXT_LINE, line, "guard", anchor="start")
            self._y += _GUARD + _TEXT_LINE * (len(lines) - 1)
            self._rows(section.rows, depth + 1)
            self._y += 6
        height = self._y - top
        box = {"class": "frame"}
        self._frames.insert(depth, _element("rect", box, x=left, y=top, width=right - left, height=height, rx=8))
        self._y += 12

    def _arrow(self, arrow: Arrow) -> None:
        ends = [self._x(place) for place in (*arrow.senders, *arrow.recipients)]
        first, last = min(ends), max(ends)
        holder = self._front
        if arrow.href is not None:
            holder = _add(self._front, "a", {"href": arrow.href})
        if first == last:
            last = first + _COLUMN * 0.4
        room = max(last - first, _COLUMN * 1.6)
        middle = (first + last) / 2
        labels = wrapped(f"{arrow.mark} {arrow.text}", room)
        details = wrapped(arrow.detail, max(room, _COLUMN * 2.2)) if arrow.detail else []
        longest = max(len(line) for line in (*labels, *details)) * _CHARACTER / 2 + 8
        least, most = self._left + longest, self._width - longest
        centre = min(max(middle, least), most) if least < most else (self._left + self._width) / 2
        self._y += 10
        for number, line in enumerate(labels):
            self._y += _TEXT_LINE
            mark = arrow.mark if number == 0 else ""
            _text(holder, centre, self._y - 4, line.removeprefix(mark), f"label {arrow.kind}".strip(), mark=mark)
        y = self._y + 5
        if arrow.time is not None:
            self._time(arrow.time, y)
        self._line(holder, arrow, first, last, y)
        self._y = y + 4
        for line in details:
            self._y += _TEXT_LINE - 2
            _text(holder, centre, self._y, line, "detail")
        self._y += 12

    def _line(self, holder: Tree.Element, arrow: Arrow, first: float, last: float, y: float) -> None:
        kind = f"arrow {arrow.kind}".strip() + (" dashed" if arrow.dashed else "")
        _add(holder, "line", {"class": kind}, x1=first, y1=y, x2=last, y2=y)
        senders = [self._x(place) for place in arrow.senders]
        for x in senders:
            _add(holder, "circle", {"class": f"origin {arrow.kind}".strip()}, cx=x, cy=y, r=4)
        for place in arrow.recipients:
            x = self._x(place)
            nearest = min(senders, key=lambda sender: abs(sender - x), default=x)
            away = -1 if nearest < x else 1
            tip = x + (4 if nearest == x else 0)
            back = tip + away * _ARROW_HEAD
            points = " ".join(f"{_number(px)},{_number(py)}" for px, py in ((tip, y), (back, y - 5), (back, y + 5)))
            _add(holder, "polygon", {"class": f"tip {arrow.kind}".strip(), "points": points})
            if arrow.kind == FAILED:
                middle = tip + away * 2.5 * _ARROW_HEAD
                for slant in (-6, 6):
                    cross = {"class": "cross"}
                    _add(holder, "line", cross, x1=middle - 6, y1=y - slant, x2=middle + 6, y2=y + slant)

    def _time(self, time: Time, y: float) -> None:
        for text, below, kind in ((time.date, -13, "detail"), (time.clock, 4, "time"), (time.gap, 20, "detail")):
            if text:
                _text(self._front, self._left - 8, y + below, text, kind, anchor="end")

    def _x(self, place: int) -> float:
        return self._left + _SIDE + _COLUMN * place


def wrapped(text: str, width: float) -> list[str]:
    """The text in lines that are about so wide; a word is never broken."""
    most = max(8, int(width / _CHARACTER))
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _element(tag: str, attributes: dict[str, str], **numbers: float) -> Tree.Element:
    return Tree.Element(tag, attributes | {name: _number(value) for name, value in numbers.items()})


def _add(parent: Tree.Element, tag: str, attributes: dict[str, str], **numbers: float) -> Tree.Element:
    made = _element(tag, attributes, **numbers)
    parent.append(made)
    return made


def _text(
    parent: Tree.Element, x: float, y: float, text: str, kind: str, *, anchor: str = "middle", mark: str = ""
) -> None:
    made = _add(parent, "text", {"class": kind, "text-anchor": anchor}, x=x, y=y)
    if mark:
        bold = Tree.SubElement(made, "tspan", {"class": "mark"})
        bold.text, bold.tail = _printable(mark), _printable(text)
    else:
        made.text = _printable(text)


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(one if one.isprintable() or one in "\n\t" else " " for one in text)
