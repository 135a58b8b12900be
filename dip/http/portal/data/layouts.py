"""The editions of an event, each with its format."""

from dataclasses import dataclass

from dip.channels.channel import Event
from dip.channels.formats import MessageFormat


@dataclass(frozen=True, slots=True)
class Edition:
    """A format, and the schemaVersions of the messages that have it."""

    versions: tuple[str, ...]
    format: MessageFormat


def editions_of(event: Event) -> list[Edition]:
    """Every edition that is accepted, the current one first."""
    versions: dict[MessageFormat, list[str]] = {event.format: []}
    for version, layout in event.editions.items():
        versions.setdefault(layout, []).append(version)
    return [Edition(tuple(names), layout) for layout, names in versions.items()]
