"""The data dictionary: types, blocks and data items by name, read from `dictionary/*.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from dip.channels.document import Entry
from dip.channels.shapes import Block, Item, Scalar, ScalarKind, Series, Shape

_SCALAR_KEYS = (
    "type",
    "nullable",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "multipleOf",
    "enum",
    "format",
    "example",
)
_BLOCK_KEYS = ("label", "open", "items", "specification_items")
_KEY = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class DataItem:
    """An item of the data dictionary; `values` gives meanings where they are published, else ''."""

    id: str
    name: str
    key: str
    blocks: tuple[str, ...]
    key_in_block: Mapping[str, str]
    personal: bool
    values: Mapping[str, str]


class Vocabulary:
    """Named types and blocks, made into shapes when asked for; a channel's own come first."""

    def __init__(
        self,
        types: Mapping[str, Entry],
        blocks: Mapping[str, Entry],
        *,
        specification_items: bool,
        shared: "Vocabulary | None" = None,
    ) -> None:
        self._types = types
        self._blocks = blocks
        self._specification_items = specification_items
        self._shared = shared
        self._made: dict[str, Shape] = {}
        self._open: list[str] = []

    def extended(self, types: Mapping[str, Entry], blocks: Mapping[str, Entry]) -> "Vocabulary":
        """A channel's vocabulary: its own types and blocks, then these."""
        for name, entry in [*types.items(), *blocks.items()]:
            if self._defines(name):
                entry.fault(f"{name!r} stands in the dictionary already", at_key=True)
        return Vocabulary(types, blocks, specification_items=self._specification_items, shared=self)

    def shapes(self) -> dict[str, Shape]:
        """Every type and block by name."""
        for name in self._types.keys() & self._blocks.keys():
            self._blocks[name].fault(f"{name!r} is a type already", at_key=True)
        definitions = {**self._types, **self._blocks}
        return {name: self.named(name, entry) for name, entry in definitions.items()}

    def named(self, name: str, at: Entry) -> Shape:
        """The shape of that name; an unknown one is a fault of `at`."""
        if name in self._made:
            return self._made[name]
        if name in self._open:
            at.fault(f"{name!r} holds itself")
        elif name in self._types:
            return self._make(name, lambda: self.scalar(self._types[name]))
        elif name in self._blocks:
            return self._make(name, lambda: self.block(name, self._blocks[name]))
        elif self._shared is not None:
            return self._shared.named(name, at)
        elif name:
            at.fault(f"no type or block {name!r}")
        return Scalar("string")

    def items(self, entry: Entry) -> tuple[Item, ...]:
        """The items of a list such as `[B013, B002?, B035List?: [B035]]`."""
        found: dict[str, Item] = {}
        for part in entry.entries():
            pairs = [(part.text(), part)] if part.is_text else list(part.mapping().items())
            if len(pairs) != 1:
                part.fault("expected one key")
            for text, held in pairs:
                key = text.removesuffix("?")
                if not _KEY.fullmatch(key):
                    held.fault(f"{key!r} can't be a key", at_key=True)
                elif key in found:
                    held.fault(f"the key {key!r} comes twice", at_key=True)
                else:
                    shape = self.named(key, held) if held is part else self.shape(held)
                    found[key] = Item(key, shape, text.endswith("?"))
        return tuple(found.values())

    def shape(self, entry: Entry) -> Shape:
        """What stands after a key: a name, a list of one name, a list with bounds, or a shape written out."""
        if entry.is_text:
            return self.named(entry.text(), entry)
        if entry.is_list:
            parts = entry.entries()
            if len(parts) != 1:
                entry.fault("expected a list of one name")
            return Series(self.shape(parts[0]) if parts else Scalar("string"))
        keys = entry.mapping()
        if "list" in keys:
            fields = entry.fields(("list", "at_least", "at_most"))
            least = fields["at_least"].whole() if "at_least" in fields else 0
            most = fields["at_most"].whole() if "at_most" in fields else None
            return Series(self.shape(keys["list"]), least, most)
        return self.block("Group", entry) if "items" in keys else self.scalar(entry)

    def block(self, name: str, entry: Entry) -> Block:
        """A block written out."""
        fields = entry.fields(_BLOCK_KEYS, required=("items",))
        items = self.items(fields["items"]) if "items" in fields else ()
        if "specification_items" in fields:
            added = self.items(fields["specification_items"])
            items += added if self._specification_items else ()
        return Block(
            name,
            items,
            open="open" in fields and fields["open"].flag(),
            label=fields["label"].text() if "label" in fields else "",
        )

    def scalar(self, entry: Entry) -> Scalar:
        """A type written out."""
        fields = entry.fields(_SCALAR_KEYS, required=("type",))
        kind = fields["type"].one_of(("string", "integer", "number", "boolean")) if "type" in fields else "string"

        def whole(key: str) -> int | None:
            return fields[key].whole() if key in fields else None

        def number(key: str) -> float | None:
            return fields[key].number() if key in fields else None

        scalar = Scalar(
            cast(ScalarKind, kind or "string"),
            nullable="nullable" in fields and fields["nullable"].flag(),
            min_length=whole("minLength"),
            max_length=whole("maxLength"),
            pattern=_pattern(fields.get("pattern")),
            minimum=number("minimum"),
            maximum=number("maximum"),
            multiple_of=whole("multipleOf"),
            choices=tuple(fields["enum"].texts()) if "enum" in fields else (),
            format=fields["format"].text() if "format" in fields else None,
            example=_example(fields.get("example"), kind),
        )
        if "enum" in fields:
            _check_choices(scalar, fields["enum"])
        return scalar

    def _defines(self, name: str) -> bool:
        return name in self._types or name in self._blocks

    def _make(self, name: str, make: Any) -> Shape:
        self._open.append(name)
        self._made[name] = shape = make()
        self._open.remove(name)
        return cast(Shape, shape)


def data_items(entry: Entry) -> dict[str, DataItem]:
    """The data items of `dictionary/items.yaml` by id."""
    found = {}
    for name, held in entry.mapping().items():
        fields = held.fields(("name", "key", "blocks", "key_in_block", "personal", "values"), required=("name", "key"))
        values = fields["values"].mapping() if "values" in fields else {}
        keys = fields["key_in_block"].mapping() if "key_in_block" in fields else {}
        found[name] = DataItem(
            id=name,
            name=fields["name"].text() if "name" in fields else "",
            key=fields["key"].text() if "key" in fields else "",
            blocks=tuple(fields["blocks"].texts()) if "blocks" in fields else (),
            key_in_block={block: key.text() for block, key in keys.items()},
            personal="personal" in fields and fields["personal"].flag(),
            values={value: "" if meaning.missing else meaning.text() for value, meaning in values.items()},
        )
    return found


def personal_keys(items: Mapping[str, DataItem]) -> frozenset[str]:
    """The JSON keys whose values are masked wherever they would show."""
    personal = [item for item in items.values() if item.personal]
    return frozenset(key for item in personal for key in (item.key, *item.key_in_block.values()))


def _pattern(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    text = entry.text()
    if not (text.startswith("^") and text.endswith("$")):
        entry.fault("a pattern begins with ^ and ends with $")
        return None
    try:
        re.compile(text, re.ASCII)
    except re.error as error:
        entry.fault(f"no regular expression: {error}")
        return None
    return text


def _example(entry: Entry | None, kind: str) -> str | float | bool | None:
    if entry is None:
        return None
    if kind == "boolean":
        return entry.flag()
    return entry.text() if kind == "string" else entry.number()


def _check_choices(scalar: Scalar, entry: Entry) -> None:
    if scalar.kind != "string":
        entry.fault("only a string has a list of values")
    if len(set(scalar.choices)) != len(scalar.choices) or not scalar.choices:
        entry.fault("expected values, each once")
    pattern = re.compile(scalar.pattern, re.ASCII) if scalar.pattern else None
    most = scalar.max_length if scalar.max_length is not None else float("inf")
    for choice in scalar.choices:
        if not (scalar.min_length or 0) <= len(choice) <= most or (pattern and not pattern.search(choice)):
            entry.fault(f"the value {choice!r} does not keep to the lengths and the pattern beside it")
