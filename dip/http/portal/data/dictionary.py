"""The data dictionary of a registry: items and blocks with everything that refers to them, and a search over them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dip.channels.channel import Channel, Event
from dip.channels.dictionary import DataItem
from dip.channels.registry import Registry
from dip.channels.shapes import Block, Scalar, Shape
from dip.http.portal.data.layouts import editions_of
from dip.http.portal.data.lines import Line, Lines, in_words, named, places_of, value_of
from dip.messages.identifiers import InterfaceId

_TYPES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Use:
    """A channel and its events, codes without brackets, in which something occurs."""

    interface: InterfaceId
    name: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A key of a block that carries an item. types: what may stand there, in words; several where channels differ."""

    block: str
    key: str
    types: tuple[str, ...]
    scalars: tuple[Scalar, ...]

    @property
    def varies(self) -> bool:
        """Whether there are too many types to list: each channel has its own."""
        return len(self.types) > _TYPES_SHOWN


@dataclass(frozen=True, slots=True)
class ItemEntry:
    """An item of the dictionary with the places and the channels that carry it."""

    item: DataItem
    places: tuple[Place, ...]
    uses: tuple[Use, ...]

    @property
    def keys(self) -> list[str]:
        """Its JSON keys, the usual one first."""
        return list(dict.fromkeys([place.key for place in self.places] or [self.item.key]))

    @property
    def values(self) -> dict[str, str]:
        """Every listed value with its meaning, '' where none is published."""
        scalars = [scalar for place in self.places if not place.varies for scalar in place.scalars]
        choices = {choice: "" for scalar in scalars for choice in scalar.choices}
        return {**choices, **self.item.values}


@dataclass(frozen=True, slots=True)
class BlockEntry:
    """A named block. inside: the named blocks that hold it."""

    name: str
    label: str
    open: bool
    variants: int
    """How many blocks have this name; each channel has its own header."""
    lines: tuple[Line, ...]
    inside: tuple[str, ...]
    uses: tuple[Use, ...]


class Dictionary:
    """Everything that is looked up by item or by block; built once for a registry."""

    def __init__(self, registry: Registry) -> None:
        self.lines = Lines(registry)
        gathered = _Gathered(self.lines)
        for shape in registry.shapes.values():
            if isinstance(shape, Block):
                gathered.note(shape)
        for channel in sorted(registry.channels.values(), key=lambda one: one.id):
            for event in channel.events.values():
                for edition in editions_of(event):
                    for block in (edition.format.common, edition.format.custom):
                        if block is not None:
                            gathered.note(block, channel, event)
        items = sorted(registry.items.values(), key=lambda one: one.id)
        self.items = {item.id: gathered.item_entry(item) for item in items}
        self.blocks = {name: gathered.block_entry(name) for name in sorted(gathered.blocks)}
        self._item_texts = {id_: _item_text(entry) for id_, entry in self.items.items()}
        self._block_texts = {name: f"{name} {block.label}".casefold() for name, block in self.blocks.items()}

    def find_items(self, query: str) -> list[ItemEntry]:
        """The items that have every word of a query in id, name, keys, blocks or values."""
        return [entry for id_, entry in self.items.items() if has_words(self._item_texts[id_], query)]

    def find_blocks(self, query: str) -> list[BlockEntry]:
        """The blocks that have every word of a query in name or label."""
        return [block for name, block in self.blocks.items() if has_words(self._block_texts[name], query)]


def has_words(text: str, query: str) -> bool:
    """Whether a text in lower case has every word of a query."""
    return all(word in text for word in query.casefold().split())


def find_channels(channels: Iterable[Channel], query: str) -> list[Channel]:
    """The channels that have every word of a query in id, name, purpose, publication or events; by id."""
    found = [channel for channel in channels if has_words(_channel_text(channel), query)]
    return sorted(found, key=lambda one: one.id)


_Events = dict[InterfaceId, dict[str, None]]
"""Channels with the codes of their events, each once, in order."""


class _Gathered:
    """What a walk over blocks and formats found, by block and key; by block alone under the key ''."""

    def __init__(self, lines: Lines) -> None:
        self.blocks: dict[str, dict[Block, None]] = {}
        self._lines = lines
        self._names: dict[InterfaceId, str] = {}
        self._inside: dict[str, dict[str, None]] = {}
        self._shapes: dict[tuple[str, str], dict[Shape, None]] = {}
        self._events: dict[tuple[str, str], _Events] = {}

    def note(self, block: Block, channel: Channel | None = None, event: Event | None = None) -> None:
        """Take note of a block and of all that it holds; of the channel and the event, where they are given."""
        if named(block):
            self.blocks.setdefault(block.name, {})[block] = None
        for line in self._lines.of(block):
            found = [(line.block, line.key)]
            self._shapes.setdefault(found[0], {})[line.shape] = None
            if line.below and isinstance(line.value, Block):
                self.blocks.setdefault(line.below, {})[line.value] = None
                self._inside.setdefault(line.below, {})[line.block] = None
                found.append((line.below, ""))
            if channel is not None and event is not None:
                self._names[channel.id] = channel.name
                for place in found:
                    self._events.setdefault(place, {}).setdefault(channel.id, {})[event.code.strip("[]")] = None

    def item_entry(self, item: DataItem) -> ItemEntry:
        """An item with what was found of it."""
        places, events = [], _Events()
        for block, key in places_of(item):
            shapes = self._shapes.get((block, key), {})
            types = tuple(dict.fromkeys(in_words(shape) for shape in shapes))
            scalars = {value: None for shape in shapes if isinstance(value := value_of(shape), Scalar)}
            places.append(Place(block, key, types, tuple(scalars)))
            for id_, codes in self._events.get((block, key), {}).items():
                events[id_] = events.get(id_, {}) | codes
        return ItemEntry(item, tuple(places), self._uses(events))

    def block_entry(self, name: str) -> BlockEntry:
        """A block with what was found of it; the first of several with its name stands for them."""
        variants = list(self.blocks[name])
        return BlockEntry(
            name=name,
            label=variants[0].label,
            open=variants[0].open,
            variants=len(variants),
            lines=tuple(self._lines.of(variants[0])),
            inside=tuple(outer for outer in self._inside.get(name, {}) if outer),
            uses=self._uses(self._events.get((name, ""), {})),
        )

    def _uses(self, events: _Events) -> tuple[Use, ...]:
        return tuple(Use(id_, self._names[id_], tuple(codes)) for id_, codes in sorted(events.items()))


def _item_text(entry: ItemEntry) -> str:
    item, values = entry.item, entry.values
    parts = (item.id, item.name, *entry.keys, *item.blocks, *values, *values.values())
    return " ".join(parts).casefold()


def _channel_text(channel: Channel) -> str:
    events = (f"{event.code} {event.meaning}" for event in channel.events.values())
    parts = (channel.id, channel.name, channel.purpose, channel.publication, *channel.processes, *events)
    return " ".join(parts).casefold()
