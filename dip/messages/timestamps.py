"""Times on the wire: exactly 25 characters with an offset, such as `2026-03-21T19:05:00+00:00`."""

from datetime import UTC, datetime

WIRE_LENGTH = 25


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
