"""ISO 8601 durations without months and years: `P14D`, `PT336H`."""

import re
from datetime import timedelta

from dip.channels.document import Entry

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)


def duration(text: str) -> timedelta:
    """Read `P[nD]T[nH][nM][nS]`.

    Raises ValueError where it is no such duration, or is longer than can be counted.
    """
    match = _DURATION.fullmatch(text)
    parts = {unit: int(number) for unit, number in match.groupdict().items() if number} if match else {}
    if not parts:
        raise ValueError(f"{text!r} is no duration such as P14D or PT336H")
    try:
        return timedelta(**parts)
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long") from error


def read_duration(entry: Entry) -> timedelta:
    """The duration that stands at a place of a file; no time at all where it is none, with the fault reported."""
    try:
        return duration(entry.text())
    except ValueError as error:
        entry.fault(str(error))
        return timedelta(0)


def written(span: timedelta) -> str:
    """A duration of whole seconds in that form, `P14D`, `PT1H30M`."""
    minutes, seconds = divmod(span.seconds, 60)
    parts = ((span.days, "D"), (minutes // 60, "H"), (minutes % 60, "M"), (seconds, "S"))
    days, *times = (f"{number}{unit}" if number else "" for number, unit in parts)
    time = "".join(times)
    return f"P{days}T{time}" if time else f"P{days}" if days else "PT0S"
