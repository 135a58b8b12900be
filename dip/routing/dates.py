"""For which time the look-up asks: a moment, a whole UTC day, or both sides of a change (5.5.14)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from dip.ground.clock import microseconds
from dip.messages.timestamps import read_wire_time
from dip.store.records import Appointment

_DAY = 86_400_000_000


class Span(msgspec.Struct, frozen=True):
    """A time asked for, first and last microsecond included."""

    first: int
    last: int

    def meets(self, appointment: Appointment) -> bool:
        """Whether the appointment, half-open, holds at any part of the span."""
        return appointment.effective_from <= self.last and (
            appointment.effective_to is None or appointment.effective_to > self.first
        )


def at(moment: datetime) -> Span:
    """The moment itself."""
    instant = microseconds(moment)
    return Span(instant, instant)


def span(moment: datetime, covers: str) -> Span:
    """What a date item covers: `instant`; `day`, its UTC day; `boundary`, both sides of a change at that moment."""
    instant = microseconds(moment)
    if covers == "day":
        first = instant - instant % _DAY
        return Span(first, first + _DAY - 1)
    if covers == "boundary":
        return Span(instant - 1, instant)
    return Span(instant, instant)


def spans_of(values: Iterable[tuple[object, str]]) -> Sequence[Span]:
    """The spans of these items (value, what it covers); a value that is no time is passed over."""
    found: dict[Span, None] = {}
    for value, covers in values:
        moment = read_wire_time(value) if isinstance(value, str) else None
        if moment is not None:
            found[span(moment, covers)] = None
    return tuple(found)


def periods_of(values: Iterable[tuple[object, object]], covers: str) -> Sequence[Span]:
    """The spans from one item to another (first, last), all that lies between included.

    Where only one of the two is a time, it stands for itself; the order of the two does not matter.
    """
    found: dict[Span, None] = {}
    for pair in values:
        spans = spans_of((value, covers) for value in pair)
        if spans:
            found[Span(min(one.first for one in spans), max(one.last for one in spans))] = None
    return tuple(found)
