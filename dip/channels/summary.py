"""A channel's whole behaviour as plain values, for people, for JSON and for comparing two of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from dip.channels.channel import AddressingDate, Channel, Correlation, Event, Routing
from dip.channels.durations import written
from dip.channels.formats import MessageFormat
from dip.channels.schemas import json_schema
from dip.channels.shapes import Block, Item, Series, Shape

_NOT_COMPARED = ("title", "examples")


def summary(channel: Channel) -> dict[str, Any]:
    """What a channel's file and its template come to; empty parts are left out."""
    found = {
        "id": channel.id,
        "name": channel.name,
        "publication": channel.publication,
        "purpose": channel.purpose,
        "exchange": channel.exchange,
        "note": channel.note,
        "processes": list(channel.processes),
        "pattern": channel.pattern,
        "category": channel.category,
        "signed": channel.signed,
        "encrypted": channel.encrypted,
        "senders": sorted(channel.senders),
        "recipients": sorted(channel.recipients),
        "optionalRoles": sorted(channel.optional_roles),
        "archiveFor": written(channel.archive_for),
        "deadLetterAfter": written(channel.dead_letter_after),
        "replyWithin": written(channel.reply_within) if channel.reply_within is not None else None,
        "payloads": str(channel.payloads) if channel.payloads is not None else "",
        "servedByDip": str(channel.service) if channel.service is not None else "",
        "obfuscation": {role: list(items) for role, items in channel.hidden.items() if items},
        "events": {code: _event(event) for code, event in channel.events.items()},
    }
    return _filled(found)


def blocks(layout: MessageFormat) -> dict[str, str]:
    """The blocks of a format in a line each, as in a channel's file: `S0, S1, A0?, D0?, M0`."""
    parts = {"CommonBlock": layout.common, "CustomBlock": layout.custom}
    return {name: ", ".join(_short(item) for item in block.items) for name, block in parts.items() if block}


def items(layout: MessageFormat) -> dict[str, dict[str, Any]]:
    """Every item of a format by its path: whether it may be left out, and the keywords of its schema."""
    return {path: held for block in (layout.common, layout.custom) if block for path, held in _items(block, block.name)}


def _event(event: Event) -> dict[str, Any]:
    condition = f"{event.wider_when.path} is {event.wider_when.value}" if event.wider_when else ""
    routings = {role: _routing(routing) for role, routing in event.routing_by_sender.items() if role in event.senders}
    return _filled(
        {
            "meaning": event.meaning,
            "senders": sorted(event.senders),
            "routing": _routing(event.usual_routing) if len(routings) < len(event.senders) else None,
            "routingBySender": routings,
            "correlation": event.usual_correlation.value,
            "correlationBySender": _correlations(event.correlation_by_sender),
            "secondaryAndAlwaysWhen": condition,
            "addressingDates": [_date(date) for date in event.addressing_dates],
            "routingMpans": [str(path) for path in event.routing_mpans],
            "also": [f"{holder.role} before {holder.before}" for holder in event.also],
            "appointments": [str(rule) for rule in event.appointments],
            "formats": {version: items(layout) for version, layout in event.editions.items()},
        }
    )


def _routing(routing: Routing) -> dict[str, list[str]]:
    return {
        "primary": list(routing.primary),
        "secondary": list(routing.secondary),
        "always": list(routing.always),
    }


def _correlations(by_sender: Mapping[Any, Correlation]) -> dict[str, str]:
    return {role: correlation.value for role, correlation in by_sender.items()}


def _date(date: AddressingDate) -> str:
    until = f" until {date.until}" if date.until else ""
    return f"{date.path}{until} ({date.covers})"


def _items(shape: Shape, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(shape, Block):
        for item in shape.items:
            yield from _item(item, f"{path}.{item.key}")


def _item(item: Item, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    shape = item.shape
    held: dict[str, Any] = {"optional": item.optional}
    while isinstance(shape, Series):
        path += "[*]"
        held |= {"at_least": shape.at_least, "at_most": shape.at_most}
        shape = shape.of
    if isinstance(shape, Block):
        held |= {"type": "object", "open": shape.open}
    else:
        held |= {name: value for name, value in json_schema(shape).items() if name not in _NOT_COMPARED}
    yield path, {name: value for name, value in held.items() if value is not None and value is not False}
    yield from _items(shape, path)


def _short(item: Item) -> str:
    shape, many = item.shape, ""
    while isinstance(shape, Series):
        shape, many = shape.of, "[]"
    held = shape.name if isinstance(shape, Block) else ""
    other = f" ({held})" if held and held not in {item.key, "Group", item.key.removesuffix("List")} else ""
    return f"{item.key}{many}{other}" + "?" * item.optional


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}
