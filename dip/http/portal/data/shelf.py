"""The dictionary of the present registry, built at its first use and kept until the registry is replaced."""

import asyncio

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.http.portal.data.dictionary import Dictionary


class Shelf:
    """Holds one registry with its dictionary; a page takes both once and keeps them."""

    def __init__(self, registry: Current[Registry]) -> None:
        self._current = registry
        self._kept: tuple[Registry, Dictionary] | None = None
        self._building = asyncio.Lock()

    @property
    def registry(self) -> Registry:
        """The present registry."""
        return self._current.value

    async def take(self) -> tuple[Registry, Dictionary]:
        """The present registry and its dictionary; built off the event loop."""
        async with self._building:
            registry = self._current.value
            if self._kept is None or self._kept[0] is not registry:
                self._kept = registry, await asyncio.to_thread(Dictionary, registry)
            return self._kept
