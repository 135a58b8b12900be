"""Patterns of texts that stand in lists, matched for all entries of a message at once.

A day of consumption has forty-eight values with the same pattern. Asked one by one, the pattern would cost six
times what decoding costs; joined, they are one question.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from dip.channels.shapes import Block, Scalar, Series, Shape, attribute

_BETWEEN = "\x1f"
_Step = tuple[str, int]
"""A name, and how many lists stand one in the other below it."""


class ListedTexts:
    """One item of the entries of a list: where its texts stand below a block, and the pattern of each."""

    def __init__(self, steps: tuple[_Step, ...], name: str, pattern: str) -> None:
        self._steps = steps
        self._name = name
        one = f"(?:{pattern.removeprefix('^').removesuffix('$')})"
        self._all = re.compile(f"{one}(?:{_BETWEEN}{one})*", re.ASCII)

    def fit(self, block: Any) -> bool:
        """Whether every one of the texts in this decoded block has the pattern."""
        holders = [block]
        for name, lists in self._steps:
            holders = [held for holder in holders if (held := getattr(holder, name)) is not msgspec.UNSET]
            for _ in range(lists):
                holders = [entry for entries in holders for entry in entries]
        name = self._name
        texts = [text for holder in holders if type(text := getattr(holder, name)) is str]
        joined = _BETWEEN.join(texts)
        return not texts or (joined.count(_BETWEEN) == len(texts) - 1 and self._all.fullmatch(joined) is not None)


def is_listed_text(shape: Shape) -> bool:
    """Whether an item of this shape, in the entries of a list, has its pattern matched here."""
    return isinstance(shape, Scalar) and shape.pattern is not None and not shape.choices and "|" not in shape.pattern


def listed_texts(block: Block) -> tuple[ListedTexts, ...]:
    """What has to be matched here for a block and everything below it."""
    return tuple(_below(block, (), in_list=False))


def _below(block: Block, steps: tuple[_Step, ...], *, in_list: bool) -> Iterator[ListedTexts]:
    for item in block.items:
        name, shape, lists = attribute(item.key), item.shape, 0
        while isinstance(shape, Series):
            shape, lists = shape.of, lists + 1
        if isinstance(shape, Block):
            yield from _below(shape, (*steps, (name, lists)), in_list=in_list or lists > 0)
        elif in_list and not lists and is_listed_text(shape) and shape.pattern is not None:
            yield ListedTexts(steps, name, shape.pattern)
