"""Retention: each message is kept as long as its channel says, and its evidence as long as any channel does (5.5.7)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from functools import partial

from dip.channels.registry import Registry
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.rounds import make_rounds
from dip.ground.settings import Settings
from dip.store.protocol import SweepStore
from dip.store.sweep import ArchiveEnd
from dip.store.throughput import SPANS


class Retention:
    """Sweeps, on business time, what has outlived its time; a background task of the server."""

    def __init__(
        self, *, store: SweepStore, registry: Current[Registry], clock: Clock, settings: Settings, log: Log
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._settings = settings
        self._log = log
        self._sweeping = asyncio.Lock()

    async def run(self) -> None:
        """Sweep now and then, until cancelled; between steps the writer is free at least as long as it was not."""
        await make_rounds(
            partial(self.sweep, rests=True), every_s=self._settings.retention_sweep_s, what="retention", log=self._log
        )

    async def sweep(self, *, rests: bool = False) -> int:
        """Forget everything whose time is over; returns how many messages that were.

        rests: leave the writer to others half of the time. Raises StoreUnavailable.
        """
        async with self._sweeping:
            now = self._clock.now()
            total = await self._messages(microseconds(now), rests=rests)
            before = microseconds(now - self._longest())
            await self._all(self._store.sweep_exchanges, before, rests=rests)
            await self._all(self._store.sweep_requeues, before, rests=rests)
            days = timedelta(days=self._settings.alarm_kept_days)
            alarms = partial(self._store.sweep_alarms, most=self._settings.alarm_kept_most)
            await self._all(alarms, microseconds(now - days), rests=rests)
            for span, kept in zip(SPANS, self._settings.throughput_kept, strict=True):
                await self._all(partial(self._store.sweep_throughput, span), microseconds(now - kept), rests=rests)
        if total:
            self._log.info("outlived_messages_forgotten", count=total)
        return total

    async def _messages(self, now: int, *, rests: bool) -> int:
        total = 0
        after: ArchiveEnd | None = ArchiveEnd()
        while after is not None:
            begun = self._clock.monotonic()
            step = await self._store.sweep_messages(now, after, self._settings.retention_step)
            after = step.last
            total += step.forgotten
            await self._rest(begun, rests=rests and after is not None)
        return total

    async def _all(self, sweep: Callable[[int, int], Awaitable[int]], before: int, *, rests: bool) -> None:
        limit = self._settings.retention_step
        while True:
            begun = self._clock.monotonic()
            if await sweep(before, limit) < limit:
                return
            await self._rest(begun, rests=rests)

    async def _rest(self, begun: float, *, rests: bool) -> None:
        if rests:
            await asyncio.sleep(self._clock.monotonic() - begun)

    def _longest(self) -> timedelta:
        return _longest(channel.archive_for for channel in self._registry.value.channels.values())


def _longest(times: Iterable[timedelta]) -> timedelta:
    return max(times, default=timedelta(days=366 * 7))
