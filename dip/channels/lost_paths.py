"""Paths of a channel's file that lead nowhere in any of its formats, and values that can't stand in for an item."""

from collections.abc import Iterable, Mapping, Sequence

from dip.channels.addressing import AddressingReader
from dip.channels.document import Entry
from dip.channels.formats import MessageFormat
from dip.channels.paths import ItemPath
from dip.channels.shapes import Scalar, Shape

_DATES = (("addressing_dates", "path"), ("addressing_dates", "until"), ("also", "before"))


def report_lost_paths(
    fields: Mapping[str, Entry], addressing: AddressingReader, formats: Sequence[MessageFormat]
) -> None:
    """Report them; `fields` are what the file says itself, not its template, which serves other formats too."""
    for part in _paths(fields):
        path = addressing.path(part)
        if path:
            _shapes(path, formats, part)
    for held in addressing.by_role(fields.get("obfuscation")).values():
        for part in held.entries():
            item = addressing.hidden_item(part)
            shapes = _shapes(item.path, formats, part) if item else []
            if item and item.instead is not None and not all(_takes(shape, item.instead) for shape in shapes):
                part.fault(f"the list of values of {item.path} has no {item.instead!r}")


def _paths(fields: Mapping[str, Entry]) -> Iterable[Entry]:
    if "routing_mpans" in fields:
        yield from fields["routing_mpans"].entries()
    for key, name in _DATES:
        for part in fields[key].entries() if key in fields else ():
            held = {"path": part} if part.is_text else part.mapping()
            if name in held:
                yield held[name]
    if "secondary_and_always_when" in fields:
        yield from (held for key, held in fields["secondary_and_always_when"].mapping().items() if key == "path")


def _shapes(path: ItemPath, formats: Sequence[MessageFormat], part: Entry) -> list[Shape]:
    found = [shape for layout in formats if (shape := path.shape(layout.common, layout.custom)) is not None]
    if not found:
        part.fault(f"no format of this channel has an item {path}")
    return found


def _takes(shape: Shape, value: str) -> bool:
    return isinstance(shape, Scalar) and value in shape.choices
