"""The slow, complete check of a refused message: every fault, where it stands, what was expected there."""

import json
from collections.abc import Sequence
from typing import Any

import jsonschema_rs

from dip.channels.item_names import ItemNames
from dip.channels.schemas import json_schema
from dip.channels.shapes import Block, Scalar, Series, Shape
from dip.messages.faults import Fault, pointer

_SHOWN = 60
_CHOICES_SHOWN = 12


class Explanation:
    """The complete check of one block; values of personal items never show."""

    def __init__(self, block: Block, personal: frozenset[str], names: ItemNames) -> None:
        self._block = block
        self._personal = personal
        self._names = names
        self._validator = jsonschema_rs.Draft202012Validator(json_schema(block))

    def faults(self, value: Any, above: Sequence[str], limit: int) -> list[Fault]:
        """At most `limit` faults, one for each place; pointers start with the keys `above`."""
        found: dict[str, Fault] = {}
        for error in self._validator.iter_errors(value):
            for fault in self._of(error, above):
                found.setdefault(fault.pointer, fault)
            if len(found) >= limit:
                break
        return list(found.values())[:limit]

    def _of(self, error: jsonschema_rs.ValidationError, above: Sequence[str]) -> list[Fault]:
        path = error.instance_path
        kind: Any = error.kind
        shape = _at(self._block, path)
        if kind.name == "required" and isinstance(shape, Block):
            item = shape.item(kind.property)
            expected = f"the key, with {describe(item.shape)}" if item else "the key"
            name = self._names.of(shape.name, kind.property)
            return [Fault(pointer(*above, *path, kind.property), expected, item=name)]
        if kind.name == "additionalProperties":
            return [Fault(pointer(*above, *path, key), "no key of this name") for key in kind.unexpected]
        hidden = any(key in self._personal for key in path)
        found = None if hidden else _short(error.instance, shape)
        expected = describe(shape) if shape else error.message
        return [Fault(pointer(*above, *path), expected, found, self._item(path))]

    def _item(self, path: Sequence[str | int]) -> str | None:
        """The item at a path, or the one whose list of values it leads into."""
        keys = list(path)
        while keys and isinstance(keys[-1], int):
            keys.pop()
        holder = _at(self._block, keys[:-1])
        return self._names.of(holder.name, str(keys[-1])) if keys and isinstance(holder, Block) else None


def describe(shape: Shape) -> str:
    """What a shape expects, in words."""
    if isinstance(shape, Block):
        return "an object"
    if isinstance(shape, Series):
        return f"a list{_range(shape.at_least, shape.at_most, ' of {} entries')}"
    return _scalar(shape) + (", or null" if shape.nullable else "")


def _scalar(scalar: Scalar) -> str:
    if scalar.choices:
        shown = ", ".join(scalar.choices[:_CHOICES_SHOWN])
        rest = len(scalar.choices) - _CHOICES_SHOWN
        if len(scalar.choices) == 1:
            return f"the text {shown}"
        return f"one of {shown}" + (f" and {rest} more" if rest > 0 else "")
    if scalar.kind == "string":
        length = _range(scalar.min_length or 0, scalar.max_length, " of {} characters")
        return f"text{length}" + (f" that matches {scalar.pattern}" if scalar.pattern else "")
    if scalar.kind == "boolean":
        return "true or false"
    number = "a whole number" if scalar.kind == "integer" else "a number"
    if scalar.minimum is not None and scalar.maximum is not None:
        return f"{number} from {scalar.minimum:g} to {scalar.maximum:.15g}"
    return f"{number} of at most {scalar.maximum:.15g}" if scalar.maximum is not None else number


def _range(least: int, most: int | None, words: str) -> str:
    if most is None:
        return words.format(f"at least {least}") if least else ""
    if least == most:
        return words.format(least)
    return words.format(f"{least} to {most}" if least else f"at most {most}")


def _at(shape: Shape | None, path: Sequence[str | int]) -> Shape | None:
    for part in path:
        if isinstance(shape, Series):
            shape = shape.of
        elif isinstance(shape, Block):
            item = shape.item(str(part))
            shape = item.shape if item else None
        else:
            return None
    return shape


def _short(value: Any, shape: Shape | None) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if value is not None and not isinstance(shape, Scalar):
        # Personal items stand further down here: whatever came in their place may be one.
        return "text" if isinstance(value, str) else "a number or truth value"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
