"""What is looked after again and again, beside the messages."""

import asyncio
from collections.abc import Awaitable, Callable

from dip.ground.errors import StoreUnavailable
from dip.ground.log import Log


async def make_rounds(look: Callable[[], Awaitable[object]], *, every_s: float, what: str, log: Log) -> None:
    """Look, rest, and look again, until cancelled; a round that fails is logged as `<what>_failed` and ends no other.

    While the store can't write, a round is put off: `<what>_postponed`.
    """
    while True:
        try:
            await look()
        except StoreUnavailable:
            log.warning(f"{what}_postponed")
        except Exception:
            log.exception(f"{what}_failed")
        await asyncio.sleep(every_s)
