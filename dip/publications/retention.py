"""How long publications stay: payloads by age and versions, messages' contents until everybody has them (5.6.1)."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from typing import Final

from dip.channels.channel import Channel
from dip.channels.durations import written
from dip.channels.registry import Registry
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.rounds import make_rounds
from dip.ground.settings import Settings
from dip.publications.shelf import Shelf
from dip.store.publications import SqlitePublications

_AT_ONCE: Final = 100


class PublicationRetention:
    """Sweeps, on business time, what has outlived its time. What somebody reads stays until that is done."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: SqlitePublications,
        shelf: Shelf,
        registry: Current[Registry],
        executor: Executor,
        clock: Clock,
        log: Log,
    ) -> None:
        """Made before any upload is taken. executor: deletes files."""
        self._settings = settings
        self._store = store
        self._shelf = shelf
        self._registry = registry
        self._executor = executor
        self._clock = clock
        self._log = log
        self._sweeping = asyncio.Lock()
        self._strays = shelf.strays(frozenset(store.with_files()))

    async def run(self) -> None:
        """Sweep now and then, until cancelled; what an earlier run of the server left behind goes first."""
        strays, self._strays = self._strays, ()
        for payload in strays:
            await self._file_work(partial(self._shelf.remove, payload))
        if strays:
            self._log.info("payload_files_tidied", count=len(strays))
        await make_rounds(
            self.sweep, every_s=self._settings.retention_sweep_s, what="publication retention", log=self._log
        )

    async def sweep(self) -> None:
        """Take away what is over. Raises StoreUnavailable."""
        async with self._sweeping:
            await _all(self._store.sweep_contents)
            for channel in self._registry.value.channels.values():
                await self._sweep_channel(channel)
            longest = max((channel.archive_for for channel in self._registry.value.channels.values()), default=None)
            if longest is not None:
                before = microseconds(self._clock.now() - longest)
                await _all(lambda limit: self._store.sweep_removed(before, limit))

    async def remove(self, payload: int, why: str) -> bool:
        """Take a published payload away, its file when its last reader is done; False where it is none any more.

        It stays listed, with the reason. Raises StoreUnavailable.
        """
        is_removed = await self._store.remove(payload, why, self._clock.now())
        if is_removed:
            await self._file_work(partial(self._shelf.remove, payload))
            self._log.info("payload_removed", payload=payload, why=why)
        return is_removed

    async def _sweep_channel(self, channel: Channel) -> None:
        kept = channel.payloads
        if kept is None:
            return
        before = microseconds(self._clock.now() - kept.kept_for)
        while outlived := self._store.outlived(channel.id, kept.versions, before, _AT_ONCE):
            for payload, place in outlived:
                is_beyond = place > kept.versions
                why = f"{kept.versions} newer versions" if is_beyond else f"kept for {written(kept.kept_for)}"
                await self.remove(payload, why)
        archived_before = microseconds(self._clock.now() - channel.archive_for)
        await _all(lambda limit: self._store.sweep_publications(channel.id, archived_before, limit))

    async def _file_work(self, work: Callable[[], int]) -> int:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


async def _all(sweep: Callable[[int], Awaitable[int]]) -> None:
    while await sweep(_AT_ONCE) == _AT_ONCE:
        pass
