"""Paths to items of a message: `CustomBlock.B900.settlementDayConsumptionPeriods[*].settlementDay`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from dip.channels.shapes import Block, Series, Shape, attribute

_STEP = re.compile(r"([A-Za-z_][\w-]*)(\[\*\])?", re.ASCII)
_ROOTS = ("CommonBlock", "CustomBlock")


@dataclass(frozen=True, slots=True)
class ItemPath:
    """Keys from a root down; `[*]` after a key stands for every entry of its list."""

    root: str
    steps: tuple[tuple[str, bool], ...]

    @classmethod
    def parse(cls, text: str) -> "ItemPath":
        """Read the dotted form.

        Raises ValueError where it is none.
        """
        root, *names = text.split(".")
        matches = [_STEP.fullmatch(name) for name in names]
        if root not in _ROOTS or not names or None in matches:
            raise ValueError(f"{text!r} is no path such as CustomBlock.B900.list[*].item")
        return cls(root, tuple((match[1], match[2] is not None) for match in matches if match))

    def __str__(self) -> str:
        return ".".join([self.root, *(key + "[*]" * many for key, many in self.steps)])

    def values(self, common: Any, custom: Any) -> list[Any]:
        """Every value that stands there in the typed blocks; what is absent or null yields nothing."""
        found = [common if self.root == "CommonBlock" else custom]
        for key, many in self.steps:
            name = attribute(key)
            below: list[Any] = []
            for holder in found:
                value = getattr(holder, name, None)
                if value is None or value is msgspec.UNSET:
                    continue
                if many:
                    below.extend(entry for entry in value if entry is not None)
                else:
                    below.append(value)
            found = below
        return found

    def fits(self, common: Block, custom: Block | None) -> bool:
        """Whether a message made of these blocks can hold such an item."""
        shape: Shape | None = common if self.root == "CommonBlock" else custom
        for key, many in self.steps:
            item = shape.item(key) if isinstance(shape, Block) else None
            if item is None or many is not isinstance(item.shape, Series):
                return False
            shape = item.shape.of if isinstance(item.shape, Series) else item.shape
        return True


def without(payload: dict[str, Any], paths: Iterable[str]) -> None:
    """Take the items at these paths out of a plain payload, in place (5.5.6); absent ones are fine."""
    for text in paths:
        path = ItemPath.parse(text)
        *steps, (last, _) = path.steps
        holders: list[Any] = [payload.get(path.root)]
        for key, many in steps:
            below = [holder.get(key) for holder in holders if isinstance(holder, dict)]
            holders = [entry for part in below if isinstance(part, list) for entry in part] if many else below
        for holder in holders:
            if isinstance(holder, dict):
                holder.pop(last, None)
