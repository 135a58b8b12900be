"""Calls to webhooks about alarms: in the background, in order for each address, a few times (5.11.4)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from dip.delivery.answers import Call
from dip.ground.log import Log

_MOST_OF_ONE: Final = 50
"""Calls that wait for one address."""
_MOST_ADDRESSES: Final = 500
_AT_ONCE: Final = 8
_WAITS: Final = 3
"""How often a call is made again; each wait is ten times the one before."""
_GOOD: Final = range(200, 300)


class AlarmCalls:
    """Takes calls and makes them; one address that is slow holds up no other, and nothing of the server."""

    def __init__(self, *, post: Callable[[str, bytes], Awaitable[Call]], first_wait_s: float, log: Log) -> None:
        """post: one attempt, bounded in time. first_wait_s: before the second attempt."""
        self._post = post
        self._waits_s = [first_wait_s * 10**number for number in range(_WAITS)]
        self._log = log
        self._lines: dict[str, deque[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)

    def send(self, url: str, body: bytes) -> None:
        """Make a call soon. Where too many wait already, it is left out, and the log says so."""
        line = self._lines.get(url)
        if line is None and len(self._lines) < _MOST_ADDRESSES:
            line = self._lines[url] = deque()
            task = asyncio.create_task(self._work(url, line), name="alarm calls")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if line is None or len(line) >= _MOST_OF_ONE:
            self._log.error("alarm_call_left_out", waiting=_MOST_OF_ONE)
            return
        line.append(body)

    async def close(self) -> None:
        """Let go of what waits."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, url: str, line: "deque[bytes]") -> None:
        try:
            while line:
                await self._call(url, line.popleft())
        finally:
            del self._lines[url]

    async def _call(self, url: str, body: bytes) -> None:
        """One call, until it is taken or was made often enough. The address may hold a secret: no log names it."""
        for wait_s in (*self._waits_s, None):
            async with self._room:
                call = await self._post(url, body)
            if call.status is not None and call.status in _GOOD:
                self._log.info("alarm_call_made", status=call.status)
                return
            self._log.warning("alarm_call_failed", status=call.status, again_in_s=wait_s)
            if wait_s is not None:
                await asyncio.sleep(wait_s)
