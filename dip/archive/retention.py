"""Retention: each message is kept as long as its channel says, and its evidence as long as any channel does (5.5.7)."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from dip.channels.registry import Registry
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.errors import StoreUnavailable
from dip.ground.log import Log
from dip.store.protocol import SweepStore

STEP = 200
"""Messages or calls forgotten in one transaction."""


class Retention:
    """Sweeps, on business time, what has outlived its archive time; a background task of the server."""

    def __init__(
        self, *, store: SweepStore, registry: Current[Registry], clock: Clock, every_s: float, log: Log
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._every_s = every_s
        self._log = log

    async def run(self) -> None:
        """Sweep now and then, until cancelled."""
        while True:
            try:
                swept = await self.sweep()
                if swept:
                    self._log.info("outlived_messages_forgotten", count=swept)
            except StoreUnavailable:
                self._log.warning("retention_postponed")
            await asyncio.sleep(self._every_s)

    async def sweep(self) -> int:
        """Forget everything whose time is over; returns how many messages that were."""
        now = self._clock.now()
        total = 0
        for interface in self._store.interfaces():
            while (count := await self._store.sweep_messages(interface, microseconds(now), STEP)) > 0:
                total += count
        before = microseconds(now - _longest(channel.archive_for for channel in self._registry.value.channels.values()))
        while await self._store.sweep_exchanges(before, STEP) == STEP:
            pass
        return total


def _longest(times: Iterable[timedelta]) -> timedelta:
    return max(times, default=timedelta(days=366 * 7))
