"""The dictionary follows the registry."""

import dataclasses

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.http.portal.data.shelf import Shelf
from dip.messages.identifiers import InterfaceId


async def test_a_dictionary_is_kept_until_the_registry_is_replaced(registry: Registry) -> None:
    current = Current(registry)
    shelf = Shelf(current)
    _, first = await shelf.take()
    _, again = await shelf.take()
    assert again is first
    gone = InterfaceId("IF-031")
    current.value = dataclasses.replace(
        registry, channels={id_: channel for id_, channel in registry.channels.items() if id_ != gone}
    )
    now, later = await shelf.take()
    assert now is current.value
    assert gone in [use.interface for use in first.items["DI-831"].uses]
    assert gone not in [use.interface for use in later.items["DI-831"].uses]
