"""Patterns of texts that stand in lists, matched for all entries of a message at once.

A day of consumption has forty-eight values with the same pattern. Asked one by one, the pattern would cost six
times what decoding costs; joined, they are one question.
"""

import re
from collections.abc import Iterator
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec

from dip.channels.shapes import Block, Scalar, Series, Shape, attribute

_AFTER = "\x1f"
"""Stands after each text."""
_ATOM = r"(?:[-A-Za-z0-9]|\\d|\\\.|\[(?:[A-Z]-[A-Z]|[a-z]-[a-z]|[0-9]-[0-9])+\])"
_SIMPLE = re.compile(rf"\^(?:{_ATOM}(?:[?*+]|\{{\d+(?:,\d*)?\}})?\??)+\$", re.ASCII)
"""Patterns that take neither `_AFTER` nor anything behind it, so that each text is matched by itself."""
_COUNTS = re.compile(r"\{[\d,]+\}")
_DIGIT = re.compile(r"\d", re.ASCII)
_AS_NOUGHT = bytes(ord("0") if byte in b"0123456789" else byte for byte in range(256))
_SHAPES, _SHAPE_BYTES = 16, 1000
"""How many shapes are kept of one item, and how long one may be."""
_Step = tuple[str, int, bool]
"""A name, how many lists stand one in the other below it, and whether it may be absent."""


class ListedTexts:
    """One item of the entries of a list: where its texts stand below a block, and the pattern of each.

    optional: some entries may have no such text.
    """

    def __init__(self, steps: tuple[_Step, ...], name: str, pattern: str, *, optional: bool) -> None:
        self._steps: list[tuple[attrgetter[Any], int, bool]] = []
        above = ""
        for step, lists, absent in steps:
            if lists or absent:
                self._steps.append((attrgetter(above + step), lists, absent))
                above = ""
            else:
                # What always stands there is read in one go with the name below it.
                above += step + "."
        self._texts = attrgetter(above + name)
        self._optional = optional
        # No text is tried a second time (`*+`): that takes a third of the time off a day of consumption.
        self._all = re.compile(f"(?:{pattern.removeprefix('^').removesuffix('$')}{_AFTER})*+", re.ASCII)
        self._tells_digits_apart = _DIGIT.search(_COUNTS.sub("", pattern)) is not None
        self._good: dict[bytes, int] = {}
        """How many texts were matched, by their shape."""

    def fit(self, block: Any) -> bool:
        """Whether every one of the texts in this decoded block has the pattern."""
        holders = [block]
        for read, lists, absent in self._steps:
            holders = list(map(read, holders))
            if absent:
                holders = [held for held in holders if held is not msgspec.UNSET]
            for _ in range(lists):
                # A single list, such as that of one day, is not copied.
                holders = holders[0] if len(holders) == 1 else list(chain.from_iterable(holders))
        texts = list(map(self._texts, holders))
        if self._optional:
            texts = [text for text in texts if type(text) is str]
        texts.append("")
        joined = _AFTER.join(texts)
        # Days whose numbers are equally long differ in their digits alone, and most days of a household do:
        # one that was matched stands for the others (0.3 µs for 1.6).
        shape = joined.encode().translate(_AS_NOUGHT)
        return self._good.get(shape) == len(texts) or self._match(joined, shape, len(texts))

    def _match(self, joined: str, shape: bytes, texts: int) -> bool:
        if joined.count(_AFTER) != texts - 1 or self._all.fullmatch(joined) is None:
            return False
        if len(shape) <= _SHAPE_BYTES and not self._tells_digits_apart:
            if len(self._good) >= _SHAPES:
                self._good.clear()
            self._good[shape] = texts
        return True


def is_listed_text(shape: Shape) -> bool:
    """Whether an item of this shape, in the entries of a list, has its pattern matched here."""
    return (
        isinstance(shape, Scalar)
        and shape.pattern is not None
        and not shape.choices
        and _SIMPLE.fullmatch(shape.pattern) is not None
    )


def listed_texts(block: Block) -> tuple[ListedTexts, ...]:
    """What has to be matched here for a block and everything below it."""
    return tuple(_below(block, (), in_list=False))


def _below(block: Block, steps: tuple[_Step, ...], *, in_list: bool) -> Iterator[ListedTexts]:
    for item in block.items:
        name, shape, lists = attribute(item.key), item.shape, 0
        while isinstance(shape, Series):
            shape, lists = shape.of, lists + 1
        if isinstance(shape, Block):
            yield from _below(shape, (*steps, (name, lists, item.optional)), in_list=in_list or lists > 0)
        elif in_list and not lists and is_listed_text(shape) and shape.pattern is not None:
            yield ListedTexts(steps, name, shape.pattern, optional=item.optional or shape.nullable)
