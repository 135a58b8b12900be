"""A line as small as a word, without axes: how a figure went."""

from collections.abc import Callable, Sequence
from typing import Final

from markupsafe import Markup

from dip.http.portal.charts.frame import add, markup, percent, titled
from dip.http.portal.charts.lines import runs
from dip.http.portal.charts.scales import count

_HEIGHT: Final = 100
_ROOM: Final = 8.0
"""Above and below the line, so that its whole width is seen."""


def sparkline(
    values: Sequence[float | None], *, label: str, words: Callable[[float], str] = count, tone: str = "tone-1"
) -> Markup:
    """A line from nothing to the most, broken where nothing was measured; its last point is marked.

    label: what it shows, another one for each of a page.
    """
    name = "spark-" + "".join(character if character.isalnum() else "-" for character in label.lower())
    measured = [value for value in values if value is not None]
    told = f"Last {words(measured[-1])}, most {words(max(measured))}." if measured else "Nothing measured."
    root = titled(name, "sparkline", label, told)
    many, most = max(1, len(values)), max(measured, default=0.0) or 1.0

    def y(value: float) -> float:
        return _HEIGHT - _ROOM - (_HEIGHT - 2 * _ROOM) * value / most

    box = f"0 0 {many} {_HEIGHT}"
    plot = add(root, "svg", width="100%", height="100%", viewBox=box, preserveAspectRatio="none")
    pieces = (
        "M"
        + "L".join(f"{place + 0.5:g} {y(values[place] or 0.0):.1f}" for place in run)
        # A point alone is a line of no length, which round ends show.
        + (f"L{run[0] + 0.5:g} {y(values[run[0]] or 0.0):.1f}" if len(run) == 1 else "")
        for run in runs(values)
    )
    add(plot, "path", f"line {tone}", d="".join(pieces))
    if values and (last := values[-1]) is not None:
        x = percent(100 * (many - 0.5) / many)
        add(root, "circle", f"marker {tone}", cx=x, cy=percent(y(last)), r="3.5")
    return markup(root)
