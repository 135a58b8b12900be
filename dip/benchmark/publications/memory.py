"""What a server holds while a run goes on, looked at twice a second."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from dip.benchmark.processes import own_mb, resident_mb

_EVERY_S: Final = 0.5


class Memory:
    """Readings of one process. idle_mb: what it held at the beginning, None where the system does not tell."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: list[tuple[float, float, float]] = []
        self.idle_mb = resident_mb(pid)
        self.idle_own_mb = own_mb(pid)

    def look(self) -> None:
        """One more reading."""
        self._seen.append((time.monotonic(), resident_mb(self._pid) or 0.0, own_mb(self._pid) or 0.0))

    def growth_mb(self, began: float, ended: float) -> float | None:
        """The most between two moments, or just beside them, over idle."""
        seen = [all_mb for at, all_mb, _ in self._seen if began - _EVERY_S <= at <= ended + _EVERY_S]
        return None if self.idle_mb is None or not seen else round(max(seen) - self.idle_mb, 1)

    def own_growth_mb(self, began: float, ended: float) -> float | None:
        """The same without the pages of files."""
        seen = [own for at, _, own in self._seen if began - _EVERY_S <= at <= ended + _EVERY_S]
        return None if self.idle_own_mb is None or not seen else round(max(seen) - self.idle_own_mb, 1)


@asynccontextmanager
async def watched(pid: int) -> AsyncIterator[Memory]:
    """Look again and again while the block runs."""
    memory = Memory(pid)

    async def look() -> None:
        while True:
            memory.look()
            await asyncio.sleep(_EVERY_S)

    looking = asyncio.create_task(look())
    try:
        yield memory
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        memory.look()
