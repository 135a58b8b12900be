"""Payloads with one fault each, made from a schema and a valid payload."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dip.messages.faults import pointer

FAULTS = (
    *("missing key", "unknown key", "null", "wrong type", "not in list"),
    *("too long", "too short", "pattern", "too large", "too few", "too many"),
)
UNKNOWN = "noSuchKey"


@dataclass(frozen=True)
class Spoiled:
    payload: Any
    pointer: str


def places(schema: dict[str, Any], value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of the payload: its schema, its value, the path to it."""
    yield schema, value, path
    if isinstance(value, dict):
        for key, held in value.items():
            yield from places(schema["properties"][key], held, (*path, key))
    elif isinstance(value, list):
        for index, held in enumerate(value):
            yield from places(schema["items"], held, (*path, index))


def with_value(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The payload with another value at the path; what leads there is copied, the rest shared."""
    if not path:
        return value
    changed = copy.copy(payload)
    changed[path[0]] = with_value(payload[path[0]], path[1:], value)
    return changed


def spoiled(fault: str, schema: dict[str, Any], payload: Any) -> Iterator[Spoiled]:
    """Every payload with one fault of this kind; both blocks stay where they are."""
    for part, value, path in places(schema, payload):
        if not path:
            continue
        for changed, below in _spoil(fault, part, value):
            yield Spoiled(with_value(payload, path, changed), pointer("payload", *path, *below))


def _spoil(fault: str, schema: dict[str, Any], value: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if fault == "missing key" and isinstance(value, dict):
        for key in schema["required"]:
            yield {name: held for name, held in value.items() if name != key}, (key,)
    elif fault == "unknown key" and schema.get("additionalProperties") is False:
        yield {**value, UNKNOWN: 1}, (UNKNOWN,)
    elif fault == "null" and "null" not in kinds:
        yield None, ()
    elif fault == "wrong type":
        yield {"object": [], "array": {}, "string": 7, "boolean": "true"}.get(kinds[0], "5"), ()
    elif fault == "not in list" and "enum" in schema:
        yield "not in the list", ()
    elif fault == "too long" and "maxLength" in schema:
        yield "1" * (schema["maxLength"] + 1), ()
    elif fault == "too short" and schema.get("minLength"):
        yield "1" * (schema["minLength"] - 1), ()
    elif fault == "pattern" and "pattern" in schema:
        yield value[:-1] + "~", ()
        yield value + "\n", ()
        yield value[:-1] + "١", ()
    elif fault == "too large" and "maximum" in schema:
        yield schema["maximum"] + 1, ()
    elif fault == "too few" and schema.get("minItems"):
        yield [], ()
    elif fault == "too many" and "maxItems" in schema:
        yield value * (schema["maxItems"] + 1), ()
