"""What a flow's step says of the catalogue, compared with the catalogue."""

from collections.abc import Iterable, Mapping

from dip.channels.channel import EVERY_ROLE, Event
from dip.channels.document import Entry
from dip.channels.flow import MessageStep, ResponsePlace
from dip.channels.registry import Registry
from dip.channels.shapes import Block, Scalar, Series, Shape

RESPONSE_KEY = "responseCode"
"""The item that carries the outcome of a request, in whichever block."""


def report_lost_references(step: MessageStep, fields: Mapping[str, Entry], registry: Registry) -> None:
    """Report channels, events, roles and responses that the catalogue doesn't have, or not on this channel."""
    channel = registry.find(step.interface)
    if channel is None:
        fields["interface"].fault(f"no channel {step.interface}")
        return
    for way in step.ways:
        events = []
        for code in way.events:
            event = channel.events.get(code)
            if event is None:
                fields["events"].fault(f"{channel.id} has no event {code.strip('[]')}")
            else:
                events.append(event)
        for role in way.senders:
            if events and not any(role in event.senders for event in events):
                fields["from"].fault(f"{role} sends none of these events of {channel.id}")
        reached = {role for event in events for role in event.recipients()}
        for role in way.recipients:
            if events and role not in reached and EVERY_ROLE not in reached:
                fields["to"].fault(f"{role} gets none of these events of {channel.id}")
        if "response" in fields and events and step.response not in _responses(events):
            fields["response"].fault(f"no message of {channel.id} has the response code {step.response!r} here")


def report_lost_place(steps: Iterable[MessageStep], place: ResponsePlace, entry: Entry, registry: Registry) -> None:
    """Report a place of response codes that no format of the steps' events has."""
    for step in steps:
        channel = registry.find(step.interface)
        events = channel.events if channel is not None else {}
        codes = [code for way in step.ways for code in way.events if code in events]
        if step.response is None or not codes:
            continue
        formats = [layout for code in codes for layout in events[code].editions.values()]
        root, *keys = place.path
        parts = [layout.common if root == "CommonBlock" else layout.custom for layout in formats]
        if not any(part is not None and _holds(part, keys) for part in parts):
            entry.fault(f"no message of {step.interface} has {'.'.join(place.path)} here")
            return


def _holds(shape: Shape, keys: list[str]) -> bool:
    if not keys:
        return True
    if not isinstance(shape, Block):
        return False
    return any(item.key == keys[0] and _holds(item.shape, keys[1:]) for item in shape.items)


def _responses(events: Iterable[Event]) -> set[str]:
    formats = {layout for event in events for layout in event.editions.values()}
    parts = [part for layout in formats for part in (layout.common, layout.custom) if part is not None]
    return {choice for part in parts for choice in _choices(part)}


def _choices(shape: Shape) -> Iterable[str]:
    if isinstance(shape, Series):
        yield from _choices(shape.of)
    elif isinstance(shape, Block):
        for item in shape.items:
            if item.key == RESPONSE_KEY and isinstance(item.shape, Scalar):
                yield from item.shape.choices
            else:
                yield from _choices(item.shape)
