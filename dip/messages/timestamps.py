"""Times on the wire: exactly 25 characters with an offset, such as `2026-03-21T19:05:00+00:00`."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

WIRE_LENGTH = 25
_DATE_LENGTH = len("2026-01-01")
_LOCAL = ZoneInfo("Europe/London")


def wire_time(moment: datetime) -> str:
    """The moment as the DIP writes it: UTC, whole seconds, offset `+00:00`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def read_wire_time(text: str) -> datetime | None:
    """The moment that the text names, or None when it is not a 25-character time with an offset."""
    if len(text) != WIRE_LENGTH:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def end_of_day(moment: datetime) -> datetime:
    """The local midnight that ends the local day (Europe/London) of the moment; itself at the end of all time."""
    try:
        following = moment.astimezone(_LOCAL).date() + timedelta(days=1)
    except OverflowError:
        return moment
    return datetime.combine(following, time(), tzinfo=_LOCAL)


def moment_of(text: str) -> datetime | None:
    """The moment that a date (its local midnight) or a 25-character time names; None for anything else."""
    if len(text) != _DATE_LENGTH:
        return read_wire_time(text)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=_LOCAL)
    except ValueError:
        return None


def day_or_time(moment: datetime) -> str:
    """The moment as people read it: a local midnight as the date that begins then, anything else as a UTC time."""
    try:
        local = moment.astimezone(_LOCAL)
    except OverflowError:
        return wire_time(moment)
    return local.date().isoformat() if local.time() == time() else wire_time(moment)
