"""What the data portal gives to programs: rows of tables, and records for JSON."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from dip.channels.channel import AppointmentRule, Channel, Event, Routing
from dip.channels.registry import Registry
from dip.channels.schemas import json_schema
from dip.channels.shapes import Scalar, Series
from dip.http.portal.data.dictionary import BlockEntry, ItemEntry, Use
from dip.http.portal.data.interfaces import parts_of, sender_rules
from dip.http.portal.data.layouts import editions_of
from dip.http.portal.data.lines import Line, Lines

ITEM_HEAD: Final = ("id", "name", "keys", "blocks", "types", "values", "personal", "interfaces")
BLOCK_HEAD: Final = ("block", "label", "path", "key", "item", "name", "type", "required", "nullable")
INTERFACE_HEAD: Final = (
    *("id", "name", "event", "meaning", "senders", "primary", "secondary", "always", "correlation"),
    *("category", "signed", "encrypted", "archiveDays", "deadLetterDays", "processes"),
)
LINE_HEAD: Final = (
    *("event", "versions", "path", "key", "block", "item", "name", "type", "required", "nullable", "personal"),
    *("minLength", "maxLength", "pattern", "minimum", "maximum", "values"),
)


def item_row(entry: ItemEntry) -> tuple[object, ...]:
    """A data item as a line of a table."""
    record = item_record(entry)
    values = (f"{value}: {meaning}" if meaning else value for value, meaning in entry.values.items())
    types = dict.fromkeys(words for place in entry.places if not place.varies for words in place.types)
    interfaces = [use.interface for use in entry.uses]
    item = entry.item
    return (
        *(item.id, item.name, " ".join(entry.keys), " ".join(record["blocks"]), "; ".join(types), "; ".join(values)),
        *(item.personal, " ".join(interfaces)),
    )


def item_record(entry: ItemEntry) -> dict[str, Any]:
    """A data item with everything that refers to it."""
    item = entry.item
    return {
        "id": item.id,
        "name": item.name,
        "keys": entry.keys,
        "personal": item.personal,
        "values": entry.values,
        "blocks": {
            place.block: {
                "key": place.key,
                "schemas": [] if place.varies else [json_schema(one) for one in place.scalars],
            }
            for place in entry.places
        },
        "interfaces": _uses(entry.uses),
    }


def block_rows(block: BlockEntry) -> list[tuple[object, ...]]:
    """A block as lines of a table, one for each key."""
    return [
        (block.name, block.label, line.path, line.key, *_item(line), line.words, line.required, line.nullable)
        for line in block.lines
    ]


def block_record(block: BlockEntry) -> dict[str, Any]:
    """A block with its items."""
    return {
        "name": block.name,
        "label": block.label,
        "open": block.open,
        "items": [_line_record(line) for line in block.lines],
        "inside": block.inside,
        "interfaces": _uses(block.uses),
    }


def interface_rows(channel: Channel) -> list[tuple[object, ...]]:
    """A channel as lines of a table, one for each event and group of senders."""
    return [
        (
            *(channel.id, channel.name, event.code.strip("[]"), event.meaning, " ".join(rule.senders)),
            *(" ".join(roles) for roles in (rule.routing.primary, rule.routing.secondary, rule.routing.always)),
            *(rule.correlation, channel.category, channel.signed, channel.encrypted),
            *(channel.archive_for.days, channel.dead_letter_after.days, " ".join(channel.processes)),
        )
        for event in channel.events.values()
        for rule in sender_rules(event)
    ]


def interface_record(channel: Channel, registry: Registry) -> dict[str, Any]:
    """A channel with its events, for programs."""
    category = registry.categories.get(channel.category)
    return {
        "id": channel.id,
        "name": channel.name,
        "publication": channel.publication,
        "purpose": channel.purpose,
        "exchange": channel.exchange,
        "processes": channel.processes,
        "pattern": channel.pattern,
        "category": channel.category,
        "security": category.meaning if category else "",
        "signed": channel.signed,
        "encrypted": channel.encrypted,
        "archiveDays": channel.archive_for.days,
        "deadLetterDays": channel.dead_letter_after.days,
        "optionalRoles": sorted(channel.optional_roles),
        "hidden": channel.hidden,
        "events": [_event_record(event) for event in channel.events.values()],
        "schema": f"/data/interfaces/{channel.id}/schema.json",
        "example": f"/data/interfaces/{channel.id}/example.json",
    }


def line_rows(events: Iterable[Event], lines: Lines) -> list[tuple[object, ...]]:
    """The items of events as lines of a table."""
    return [
        _line_row(event.code.strip("[]"), " ".join(edition.versions), line)
        for event in events
        for edition in editions_of(event)
        for part in parts_of(edition.format, lines)
        for line in (part.top, *part.lines)
    ]


def _uses(uses: Iterable[Use]) -> dict[str, tuple[str, ...]]:
    return {use.interface: use.events for use in uses}


def _item(line: Line) -> tuple[str, str]:
    return (line.item.id, line.item.name) if line.item else ("", "")


def _line_record(line: Line) -> dict[str, Any]:
    return {
        "path": line.path,
        "key": line.key,
        "item": line.item.id if line.item else None,
        "type": line.type_name or line.below or None,
        "required": line.required,
        "list": isinstance(line.shape, Series),
        "schema": json_schema(line.value) if isinstance(line.value, Scalar) else None,
    }


def _line_row(event: str, versions: str, line: Line) -> tuple[object, ...]:
    value = line.value
    limits: Sequence[object] = (None,) * 6
    if isinstance(value, Scalar):
        lengths = (value.min_length, value.max_length, value.pattern, value.minimum, value.maximum)
        limits = (*lengths, " ".join(value.choices))
    personal = bool(line.item and line.item.personal)
    return (
        *(event, versions, line.path, line.key, line.block, *_item(line)),
        *(line.words, line.required, line.nullable, personal),
        *limits,
    )


def _event_record(event: Event) -> dict[str, Any]:
    return {
        "code": event.code,
        "meaning": event.meaning,
        "rules": [
            {"senders": rule.senders, "correlation": rule.correlation, **_routing(rule.routing)}
            for rule in sender_rules(event)
        ],
        "addressingDates": [{"path": str(date.path), "covers": date.covers} for date in event.addressing_dates],
        "mpans": [str(path) for path in event.routing_mpans],
        "appointments": [_appointment(rule) for rule in event.appointments],
    }


def _appointment(rule: AppointmentRule) -> dict[str, Any]:
    return {
        "verb": rule.verb.value,
        "roles": rule.roles,
        "party": str(rule.party) if rule.party else None,
        "at": str(rule.at),
        "lastDay": rule.last_day,
        "onlyNew": rule.only_new,
        "when": {"path": str(rule.when.path), "is": rule.when.value} if rule.when else None,
    }


def _routing(routing: Routing) -> dict[str, Any]:
    return {"primary": routing.primary, "secondary": routing.secondary, "always": routing.always}
