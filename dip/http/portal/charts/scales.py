"""Where a value or a moment stands in a chart, and what is written along its sides. All times are UTC."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

_NICE: Final = (1, 2, 5, 10)
_MOST_UP: Final = 4
"""Steps between the lines across a chart, at most."""
_MINUTE: Final = 60
_DAY: Final = 86_400
_STEPS_S: Final = (
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(days * _DAY for days in (1, 2, 5, 10)),
)
"""Seconds between the times that are written below a chart; longer ones are months."""
_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
_YEAR: Final = 12
_WHOLE_FROM: Final = 100
"""From here on parts of one are not written."""


class Scale(msgspec.Struct, frozen=True):
    """The values from the foot of a chart to its top, and those that a line across marks."""

    foot: float
    top: float
    ticks: Sequence[float]
    is_logarithmic: bool = False

    def height(self, value: float) -> float:
        """How far up a value stands: 0 at the foot, 1 at the top; what lies outside stands at the edge."""
        value = min(max(value, self.foot), self.top)
        if self.is_logarithmic:
            return math.log(value / self.foot) / math.log(self.top / self.foot)
        return (value - self.foot) / (self.top - self.foot)


def linear(most: float, *, whole: bool = False) -> Scale:
    """From nothing to at least this value, by steps of 1, 2 or 5. whole: of whole numbers."""
    if most <= 0:
        most = 1.0
    power = 10.0 ** math.floor(math.log10(most / _MOST_UP))
    step = next(nice * power for nice in _NICE if nice * power * _MOST_UP >= most * (1 - 1e-9))
    if whole:
        step = max(1.0, step)
    many = math.ceil(most / step - 1e-9)
    return Scale(0.0, step * many, [round(step * place, 10) for place in range(many + 1)])


def logarithmic(least: float, most: float) -> Scale:
    """By powers of ten around these values, which are more than nothing; one power at least."""
    low = math.floor(math.log10(least) + 1e-9)
    high = max(low + 1, math.ceil(math.log10(most) - 1e-9))
    return Scale(10.0**low, 10.0**high, [10.0**power for power in range(low, high + 1)], is_logarithmic=True)


class Tick(msgspec.Struct, frozen=True):
    """A time below a chart. at: how far to the right, 0 to 1."""

    at: float
    words: str


def time_ticks(begin: datetime, end: datetime, most: int) -> Sequence[Tick]:
    """The times to write below a chart, at most so many, on whole minutes, hours, days or months; one at least."""
    length = (end - begin).total_seconds()
    step = next((one for one in _STEPS_S if length / one <= most), None)
    moments = _months(begin, end, most) if step is None else _even(begin, end, step)
    by_day = step is None or step >= _DAY
    return [Tick((at - begin).total_seconds() / length, _words(at, by_day=by_day)) for at in moments or [begin]]


def _even(begin: datetime, end: datetime, step: int) -> list[datetime]:
    first = math.ceil(begin.timestamp() / step) * step
    many = max(0, math.ceil((end.timestamp() - first) / step))
    return [datetime.fromtimestamp(first, UTC) + timedelta(seconds=step * place) for place in range(many)]


def _months(begin: datetime, end: datetime, most: int) -> list[datetime]:
    first, last = (at.year * _YEAR + at.month - 1 for at in (begin, end))
    step = next((one for one in _MONTHS if (last - first) / one <= most), _MONTHS[-1])
    numbers = range(-(-first // step) * step, last + 1, step)
    found = [datetime(number // _YEAR, number % _YEAR + 1, 1, tzinfo=UTC) for number in numbers]
    return [at for at in found if begin <= at < end]


def _words(at: datetime, *, by_day: bool) -> str:
    if by_day:
        return f"{at:%-d %b %Y}" if at.month == at.day == 1 else f"{at:%-d %b}"
    return f"{at:%-d %b}" if at.hour == at.minute == 0 else f"{at:%H:%M}"


def count(value: float) -> str:
    """A number as a chart writes it: `12,000`, `0.5`."""
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= _WHOLE_FROM else f"{value:,.3g}"


def milliseconds(value: float) -> str:
    """A length of time in the unit that fits: `0.4 ms`, `38 ms`, `1.2 s`, `1.5 min`."""
    if value < 9.95:
        return f"{value:.2g} ms"
    if value < 999.5:
        return f"{value:.0f} ms"
    if value < 120_000:
        return f"{value / 1000:.3g} s"
    return f"{value / 60_000:.3g} min"
