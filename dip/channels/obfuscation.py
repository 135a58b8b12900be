"""Items that a recipient may not see: taken out, or replaced by a value that says no more (5.5.6).

In a channel's file, and with a message that waits, an item stands as its path; `path=x` puts the value x in its
place, which the list of values of that item must have.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dip.channels.paths import ItemPath


@dataclass(frozen=True, slots=True)
class HiddenItem:
    """An item, and the value that stands in its place; None where nothing does."""

    path: ItemPath
    instead: str | None = None

    @classmethod
    def parse(cls, text: str) -> "HiddenItem":
        """Read `CustomBlock.B071.contractReferenceDataService` or `CustomBlock.B068.consentGranularity=x`.

        Raises ValueError where it is neither.
        """
        path, equals, instead = text.partition("=")
        return cls(ItemPath.parse(path), instead if equals else None)

    def __str__(self) -> str:
        return str(self.path) if self.instead is None else f"{self.path}={self.instead}"


def without(payload: dict[str, Any], items: Iterable[str]) -> None:
    """Hide these items of a plain payload, in place; absent ones are fine."""
    for text in items:
        item = HiddenItem.parse(text)
        *steps, (last, _) = item.path.steps
        holders: list[Any] = [payload.get(item.path.root)]
        for key, many in steps:
            below = [holder.get(key) for holder in holders if isinstance(holder, dict)]
            holders = [entry for part in below if isinstance(part, list) for entry in part] if many else below
        for holder in holders:
            if not isinstance(holder, dict) or last not in holder:
                continue
            if item.instead is None:
                del holder[last]
            else:
                holder[last] = item.instead


def hidden_by_all(hidden: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """What each of several roles does not get; what one loses whole and another in part is hidden in part."""
    lists = [[HiddenItem.parse(text) for text in texts] for texts in hidden]
    found = {item for items in lists for item in items if all(_hides(others, item) for others in lists)}
    return tuple(sorted(str(item) for item in found if not _replaced(item, found)))


def _hides(items: Iterable[HiddenItem], item: HiddenItem) -> bool:
    """Whether these items hide as much as that one does."""
    return any(one == item or (one.instead is None and one.path.leads_to(item.path)) for one in items)


def _replaced(item: HiddenItem, found: set[HiddenItem]) -> bool:
    """Whether the item goes anyway, with another one that is taken out."""
    return any(one != item and one.instead is None and one.path.leads_to(item.path) for one in found)
