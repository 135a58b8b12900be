"""Waiting for a condition, the fallback where no event says that it came about, and for the turns of other tasks."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

_PAUSE_S = 0.02
_TURNS = 5


async def until(condition: Callable[[], Any | Awaitable[Any]], timeout_s: float = 30) -> Any:
    """Ask until the condition's result is true, and return it; the condition may be a coroutine function.

    A condition that fails an assertion is not met yet. Raises AssertionError with the last reason.
    """
    reason: object = "it was never asked"
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    found = condition()
                    if inspect.isawaitable(found):
                        found = await found
                except AssertionError as exc:
                    reason = exc
                else:
                    if found:
                        return found
                    reason = repr(found)
                await asyncio.sleep(_PAUSE_S)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s} s: {reason}") from None


async def settled() -> None:
    """Let every task that can run come to its next wait."""
    loop = asyncio.get_running_loop()
    for _ in range(_TURNS):
        turn = asyncio.Event()
        loop.call_soon(turn.set)
        await turn.wait()
