"""Shapes compiled to msgspec types: decoding a message checks it.

The check takes and refuses exactly what the JSON schema of the same shape does. Three differences between the
two worlds are levelled here: 5.0 is an integer for JSON Schema, so integers are decoded as whole floats; `$`
is the very end of the text, and `\\d` is 0 to 9.
"""

import functools
import operator
from types import GenericAlias
from typing import Annotated, Any, Literal

import msgspec

from dip.channels.listed_texts import is_listed_text
from dip.channels.shapes import Block, Scalar, Series, Shape, attribute


class Structs:
    """Types already made, one for each shape, and one for it below a list, where patterns are matched apart."""

    def __init__(self) -> None:
        self._made: dict[tuple[Shape, bool], Any] = {}

    def of(self, shape: Shape, *, listed: bool = False) -> Any:
        """The type to decode into. listed: the shape stands in the entries of a list (`listed_texts`)."""
        made = self._made.get((shape, listed))
        if made is None:
            made = self._made[shape, listed] = self._make(shape, listed)
        return made

    def _make(self, shape: Shape, listed: bool) -> Any:
        if isinstance(shape, Scalar):
            return _scalar(shape, matched=not (listed and is_listed_text(shape)))
        if isinstance(shape, Series):
            below = self.of(shape.of, listed=not isinstance(shape.of, Scalar))
            return Annotated[
                GenericAlias(list, (below,)),
                msgspec.Meta(min_length=shape.at_least or None, max_length=shape.at_most),
            ]
        return self._struct(shape, listed)

    def _struct(self, block: Block, listed: bool) -> Any:
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for item in block.items:
            kind = self.of(item.shape, listed=listed)
            if item.optional:
                fields.append((attribute(item.key), _either(kind, msgspec.UnsetType), msgspec.UNSET))
            else:
                fields.append((attribute(item.key), kind))
        return msgspec.defstruct(
            attribute(block.name),
            fields,
            rename={attribute(item.key): item.key for item in block.items},
            forbid_unknown_fields=not block.open,
            kw_only=True,
            gc=False,
        )


def _scalar(scalar: Scalar, *, matched: bool) -> Any:
    kind: Any
    if scalar.choices:
        literal: Any = Literal
        kind = literal[scalar.choices]
    elif scalar.kind == "boolean":
        kind = bool
    elif scalar.kind == "string":
        pattern = "(?a)" + scalar.pattern.removesuffix("$") + r"\Z" if scalar.pattern and matched else None
        kind = _constrained(str, min_length=scalar.min_length or None, max_length=scalar.max_length, pattern=pattern)
    else:
        multiple = scalar.multiple_of or (1 if scalar.kind == "integer" else None)
        kind = _constrained(float, ge=scalar.minimum, le=scalar.maximum, multiple_of=multiple)
    return _either(kind, None) if scalar.nullable else kind


def _constrained(kind: type, **limits: Any) -> Any:
    limits = {name: limit for name, limit in limits.items() if limit is not None}
    return Annotated[kind, msgspec.Meta(**limits)] if limits else kind


def _either(*kinds: Any) -> Any:
    return functools.reduce(operator.or_, kinds)
