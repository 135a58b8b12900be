"""For which time the look-up asks: a moment, a whole UTC day, or both sides of a change (5.5.14)."""

import functools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from dip.ground.clock import microseconds
from dip.messages.timestamps import WIRE_LENGTH, read_wire_time

_DAY = 86_400_000_000
_DATES_KEPT = 1024
_FIRST = microseconds(datetime.min.replace(tzinfo=UTC))
_LAST = microseconds(datetime.max.replace(tzinfo=UTC))


class Span(msgspec.Struct, frozen=True, gc=False):
    """A time asked for, first and last microsecond included."""

    first: int
    last: int


def at(moment: datetime) -> Span:
    """The moment itself."""
    instant = microseconds(moment)
    return Span(instant, instant)


def span(moment: datetime, covers: str) -> Span:
    """What a date item covers: `instant`; `day`, its UTC day; `boundary`, both sides of a change at that moment."""
    # An offset may put what was written before the year 1 or behind the year 9999.
    instant = min(max(microseconds(moment), _FIRST), _LAST)
    if covers == "day":
        first = instant - instant % _DAY
        return Span(first, first + _DAY - 1)
    if covers == "boundary":
        return Span(max(instant - 1, _FIRST), instant)
    return Span(instant, instant)


def spans_of(values: Iterable[object], covers: str) -> Sequence[Span]:
    """The spans of these items, each once; a value that is no time is passed over."""
    return unique(
        [
            found
            for value in values
            if isinstance(value, str) and len(value) == WIRE_LENGTH and (found := _span_of(value, covers)) is not None
        ]
    )


def unique(spans: Sequence[Span]) -> Sequence[Span]:
    """Each span once."""
    return tuple(spans) if len(spans) < 2 else tuple(dict.fromkeys(spans))


# Messages of one time name the same dates: most of them are read already (0.1 µs for 1.3).
@functools.lru_cache(_DATES_KEPT)
def _span_of(text: str, covers: str) -> Span | None:
    moment = read_wire_time(text)
    return span(moment, covers) if moment is not None else None


def periods_of(values: Iterable[tuple[object, object]], covers: str) -> Sequence[Span]:
    """The spans from one item to another (first, last), all that lies between included.

    Where only one of the two is a time, it stands for itself; the order of the two does not matter.
    """
    found: list[Span] = []
    for pair in values:
        spans = spans_of(pair, covers)
        if spans:
            found.append(Span(min(one.first for one in spans), max(one.last for one in spans)))
    return unique(found)
