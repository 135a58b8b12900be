"""Latency as bars against the lines of 3 and 30 seconds (5.10.3, FS-49): half of all, nine of ten, and so on."""

from datetime import timedelta
from math import log10
from typing import Final
from xml.etree import ElementTree as Tree

from markupsafe import Markup

from dip.http.portal.charts.frame import add, markup, titled
from dip.http.portal.wording import duration
from dip.reporting.traffic import LATE_MS, SOON_MS, Spread

_WIDTH: Final = 360
_LEFT: Final = 44
_RIGHT: Final = 66
_TOP: Final = 22
_ROW: Final = 26
_BAR: Final = 16
_LEAST_MS: Final = 1.0
_MOST_MS: Final = 120_000.0
_LINES: Final = ((SOON_MS, "3 s"), (LATE_MS, "30 s"))


def latency_bars(spread: Spread, label: str) -> Markup:
    """A drawing of a spread: a bar each for p50, p90, p99 and the longest, on a scale of powers of ten.

    label: what was timed; with the figures it is the drawing's text for who does not see it.
    """
    rows = [
        (name, found)
        for name, found in (
            ("p50", spread.p50_ms),
            ("p90", spread.p90_ms),
            ("p99", spread.p99_ms),
            ("max", spread.most_ms),
        )
        if found is not None
    ]
    height = _TOP + _ROW * len(rows)
    told = ", ".join(f"{name} {_words(found)}" for name, found in rows)
    name = "latency-" + "".join(character if character.isalnum() else "-" for character in label.lower())
    root = titled(name, "latency-bars", label, f"{told}; lines at 3 s and 30 s.")
    root.set("viewBox", f"0 0 {_WIDTH} {height}")
    for at_ms, words in _LINES:
        _line(root, at_ms, words, height)
    for number, (words, found) in enumerate(rows):
        _bar(root, words, found, _TOP + _ROW * number)
    return markup(root)


def tone_of_time(milliseconds: float) -> str:
    """How a time stands to the lines: good, waiting (behind the first) or bad (behind the second)."""
    if milliseconds <= SOON_MS:
        return "good"
    return "waiting" if milliseconds <= LATE_MS else "bad"


def _words(milliseconds: float) -> str:
    return duration(timedelta(milliseconds=milliseconds))


def _place(milliseconds: float) -> float:
    least, most = log10(_LEAST_MS), log10(_MOST_MS)
    given = log10(min(max(milliseconds, _LEAST_MS), _MOST_MS))
    return round(_LEFT + (given - least) / (most - least) * (_WIDTH - _LEFT - _RIGHT), 1)


def _line(root: Tree.Element, milliseconds: float, words: str, height: int) -> None:
    x = f"{_place(milliseconds):g}"
    add(root, "line", "limit", x1=x, x2=x, y1=str(_TOP - 5), y2=str(height))
    _text(root, "limit-name", words, x, _TOP - 9, "middle")


def _bar(root: Tree.Element, words: str, milliseconds: float, y: int) -> None:
    long = max(_place(milliseconds) - _LEFT, 3)
    _text(root, "row-name", words, str(_LEFT - 8), y + _BAR - 3.5, "end")
    add(
        root,
        "rect",
        tone_of_time(milliseconds),
        x=str(_LEFT),
        y=str(y),
        width=f"{long:.1f}",
        height=str(_BAR),
        rx="3",
    )
    _text(root, "row-value", _words(milliseconds), str(_WIDTH), y + _BAR - 3.5, "end")


def _text(root: Tree.Element, kind: str, words: str, x: str, y: float, anchor: str) -> None:
    add(root, "text", kind, x=x, y=f"{y:g}", **{"text-anchor": anchor}).text = words
