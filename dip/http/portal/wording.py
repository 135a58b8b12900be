"""How pages write times, durations and states."""

from datetime import UTC, datetime, timedelta
from typing import Final

_MICROSECOND: Final = timedelta(microseconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_SECOND: Final = timedelta(seconds=1)
_THOUSAND: Final = 1000
_UNITS: Final = ("kB", "MB", "GB", "TB")
_WITH_TENTHS: Final = 9.95


def date_and_time(moment: datetime) -> str:
    """UTC to the second: `2026-03-21 19:05:00`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def time_of_day(moment: datetime) -> str:
    """UTC to the millisecond: `19:05:00.123`."""
    return moment.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]


def hour_and_minute(moment: datetime) -> str:
    """UTC to the minute: `19:05`."""
    return moment.astimezone(UTC).strftime("%H:%M")


def when(moment: datetime, now: datetime) -> str:
    """The time of day to the second where that is today, `19:05:00`, else date and time."""
    return date_and_time(moment).rpartition(" ")[2] if date(moment) == date(now) else date_and_time(moment)


def time_since(moment: datetime, start: datetime) -> str:
    """The time of day, with its date where that is another than at the start."""
    same = date(moment) == date(start)
    return time_of_day(moment) if same else f"{date(moment)} {time_of_day(moment)}"


def date(moment: datetime) -> str:
    """The UTC date: `2026-03-21`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def duration(length: timedelta) -> str:
    """A length of time in the unit that fits: `0.4 ms`, `38 ms`, `1.2 s`, `3 min 5 s`, `14 d 2 h`."""
    if length < 10 * _MILLISECOND:
        return f"{length / _MILLISECOND:.1f} ms"
    if length < _SECOND:
        return f"{length / _MILLISECOND:.0f} ms"
    if length < timedelta(minutes=1):
        return f"{length / _SECOND:.1f} s"
    seconds = int(length / _SECOND)
    units = (
        ("d", seconds // 86400),
        ("h", seconds // 3600 % 24),
        ("min", seconds // 60 % 60),
        ("s", seconds % 60),
    )
    parts = [f"{number} {unit}" for unit, number in units if number]
    return " ".join(parts[:2])


def size(count: int) -> str:
    """A number of bytes in the unit that fits, of thousands: `512 bytes`, `1.2 MB`, `128 MB`, `2.1 GB`."""
    if count < _THOUSAND:
        return f"{count} byte" + "s" * (count != 1)
    number, unit = count / _THOUSAND, 0
    while number >= _THOUSAND - 0.5 and unit < len(_UNITS) - 1:
        number, unit = number / _THOUSAND, unit + 1
    return f"{number:.1f} {_UNITS[unit]}" if number < _WITH_TENTHS else f"{number:.0f} {_UNITS[unit]}"


def of_microseconds(count: int) -> timedelta:
    """The length of time that a count of microseconds stands for."""
    return count * _MICROSECOND
