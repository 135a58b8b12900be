"""Outcomes of calls that are being committed while the next call goes out already (5.5.10)."""

import asyncio
from collections import deque
from collections.abc import Coroutine

from dip.ground.errors import StoreUnavailable


class Outcomes:
    """What is being committed, the earliest first."""

    def __init__(self) -> None:
        self._under_way: deque[asyncio.Task[None]] = deque()

    def add(self, settling: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Begin to commit one."""
        task = asyncio.create_task(settling)
        self._under_way.append(task)
        return task

    async def settled(self, left: int = 0) -> None:
        """Until at most so many are under way.

        Raises StoreUnavailable for one that can't be committed, once the others have ended.
        """
        unavailable: StoreUnavailable | None = None
        while len(self._under_way) > left:
            try:
                await self._under_way.popleft()
            except StoreUnavailable as exc:
                unavailable = exc
        if unavailable is not None:
            raise unavailable
