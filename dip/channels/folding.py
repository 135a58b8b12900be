"""Keys in any case, renamed to their published case: the live profile does not enforce it on ingress."""

from typing import Any

from dip.channels.shapes import Block, Item, Scalar, Series, Shape


def fold(shape: Shape, value: Any) -> Any:
    """The value with the keys that the shape knows in published case; other keys and all values stay.

    Where a key stands there in both cases, neither is renamed: the second is unknown, and refused as such.
    """
    if isinstance(shape, Block) and isinstance(value, dict):
        published = {item.key.casefold(): item for item in shape.items}
        folded: dict[Any, Any] = {}
        for key, held in value.items():
            item = published.get(key.casefold()) if isinstance(key, str) else None
            if item is None:
                folded[key] = held
                continue
            name = item.key if key == item.key or item.key not in value else key
            folded[key if name in folded else name] = fold(item.shape, held)
        return folded
    if isinstance(shape, Series) and isinstance(value, list):
        return [fold(shape.of, entry) for entry in value]
    return value


def fold_header(element: Any) -> Any:
    """An element of an array with the keys folded that lead to its channel and event."""
    return fold(_ELEMENT, element)


def _group(name: str, **held: Shape) -> Block:
    return Block(name, tuple(Item(key, shape) for key, shape in held.items()))


_TEXT = Scalar("string")
_HEADER = _group("S0", interfaceID=_TEXT, eventCode=_TEXT)
_PAYLOAD = _group("Payload", CommonBlock=_group("CommonBlock", S0=_HEADER), CustomBlock=_TEXT)
_ELEMENT = _group("Element", payload=_PAYLOAD)
