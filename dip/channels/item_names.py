"""How a fault names the data item that it is about."""

from collections.abc import Mapping

from dip.channels.dictionary import DataItem


class ItemNames:
    """The data items by block and key, as faults name them: `DI-997 Sender DIP ID`."""

    def __init__(self, items: Mapping[str, DataItem]) -> None:
        self._names = {
            (block, item.key_in_block.get(block, item.key)): f"{item.id} {item.name}"
            for item in items.values()
            for block in item.blocks
        }

    def of(self, block: str, key: str) -> str | None:
        """The item that stands in a block under a key; None where the dictionary has none."""
        return self._names.get((block, key))

    def at(self, place: str) -> str | None:
        """The item at a JSON pointer that ends in a block's key, or below it in a list of values."""
        parts = [part for part in place.split("/") if not part.isdecimal()]
        return self.of(parts[-2], parts[-1]) if len(parts) > 1 else None
