"""The items of a block line by line, each with its entry in the data dictionary."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dip.channels.dictionary import DataItem
from dip.channels.explanation import describe
from dip.channels.registry import Registry
from dip.channels.shapes import Block, Item, Scalar, Series, Shape

_UNNAMED = frozenset({"Group", "CommonBlock", "CustomBlock"})
"""What blocks are called that are written out where they stand; the dictionary knows none of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One key. block: the nearest block with a name; depth: how many keys of that block stand above it."""

    path: str
    """Dotted, below the payload or the block; `[*]` stands for every entry of a list."""
    key: str
    depth: int
    block: str
    shape: Shape
    required: bool
    item: DataItem | None
    type_name: str

    @property
    def value(self) -> Shape:
        """What stands here, or in each entry of the list that stands here."""
        return value_of(self.shape)

    @property
    def nullable(self) -> bool:
        """Whether null may stand here, or in the list."""
        value = self.value
        return isinstance(value, Scalar) and value.nullable

    @property
    def words(self) -> str:
        """The type in words."""
        return in_words(self.shape)

    @property
    def below(self) -> str:
        """The name of the block that stands here, where it has one."""
        return named(self.value)


class Lines:
    """Makes lines, with what a registry knows of names and items."""

    def __init__(self, registry: Registry) -> None:
        self._types: Mapping[Shape, str] = {shape: name for name, shape in registry.shapes.items()}
        self._items = {(block, key): item for item in registry.items.values() for block, key in places_of(item)}

    def of(self, block: Block, *, path: str = "", within: str = "") -> Iterator[Line]:
        """Every key of a block and of what it holds, from the top down."""
        return self._below(block, path, named(block) or within, 0)

    def of_item(self, item: Item, *, path: str, within: str) -> Line:
        """The line of one key."""
        return self._line(item, path, within, 0)

    def _below(self, block: Block, path: str, within: str, depth: int) -> Iterator[Line]:
        for item in block.items:
            line = self._line(item, path, within, depth)
            yield line
            value = line.value
            if isinstance(value, Block):
                yield from self._below(value, line.path, named(value) or within, depth + 1)

    def _line(self, item: Item, path: str, within: str, depth: int) -> Line:
        key = item.key + "[*]" * isinstance(item.shape, Series)
        return Line(
            path=f"{path}.{key}" if path else key,
            key=item.key,
            depth=depth,
            block=within,
            shape=item.shape,
            required=not item.optional,
            item=self._items.get((within, item.key)),
            type_name=self._types.get(value_of(item.shape), ""),
        )


def places_of(item: DataItem) -> list[tuple[str, str]]:
    """The blocks that the dictionary names for an item, with its key in each."""
    return [(block, item.key_in_block.get(block, item.key)) for block in item.blocks]


def value_of(shape: Shape) -> Shape:
    """What a list holds, however deep; anything else is itself."""
    while isinstance(shape, Series):
        shape = shape.of
    return shape


def named(shape: Shape) -> str:
    """The name of a block of the dictionary or of a channel; '' for one written out where it stands."""
    return shape.name if isinstance(shape, Block) and shape.name not in _UNNAMED else ""


def in_words(shape: Shape) -> str:
    """A type in words, lists with what they hold."""
    if isinstance(shape, Series):
        held = "" if isinstance(value_of(shape), Block) else f", each {in_words(shape.of)}"
        return describe(shape) + held
    return describe(shape)
