"""A bound on what many callers hold at once; who would go over it waits its turn."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Budget:
    """So many bytes (or whatever is counted) at once; first come, first served."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = limit
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, amount: int) -> AsyncIterator[None]:
        """Hold an amount for the length of the block; more than the whole budget counts as all of it."""
        wanted = min(amount, self._limit)
        if self._queue or self._free < wanted:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queue.append((wanted, turn))
            try:
                await turn
            except asyncio.CancelledError:
                self._leave(wanted, turn)
                raise
        else:
            self._free -= wanted
        try:
            yield
        finally:
            self._free += wanted
            self._admit()

    def _leave(self, wanted: int, turn: "asyncio.Future[None]") -> None:
        if not turn.cancelled():
            self._free += wanted
        elif (wanted, turn) in self._queue:
            self._queue.remove((wanted, turn))
        self._admit()

    def _admit(self) -> None:
        while self._queue and self._queue[0][0] <= self._free:
            wanted, turn = self._queue.popleft()
            if not turn.done():
                self._free -= wanted
                turn.set_result(None)
