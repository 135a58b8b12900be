"""What may stand where in a message: scalars, lists, and blocks of items.

Shapes are compared by identity: one object for each type and block of the dictionary, so that whatever is
compiled from a shape is compiled once.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

ScalarKind: TypeAlias = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A single value. Lengths count characters; a pattern is anchored at both ends."""

    kind: ScalarKind
    nullable: bool = False
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    multiple_of: int | None = None
    choices: tuple[str, ...] = ()
    format: str | None = None
    """Says more to the reader; it is not checked."""
    example: str | float | bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A list."""

    of: "Shape"
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A key of a block and what it holds."""

    key: str
    shape: "Shape"
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A JSON object of named items; an open one takes further keys."""

    name: str
    items: tuple[Item, ...]
    open: bool = False
    label: str = ""

    def item(self, key: str) -> Item | None:
        """The item of that key."""
        return next((item for item in self.items if item.key == key), None)


Shape: TypeAlias = Scalar | Series | Block


def attribute(key: str) -> str:
    """The name under which a typed block holds the item of that key."""
    return key.replace("-", "_")
