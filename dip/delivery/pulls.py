"""Pull: a recipient fetches its messages itself, and waits where there are none (contract, Pull and stream)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from dip.delivery.arrivals import Arrivals, rest
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.handing_out import Ask, Batch, HandingOut
from dip.ground.budget import Budget
from dip.ground.clock import Clock
from dip.ground.errors import Conflict
from dip.ground.settings import Settings

_MOVES_WITHIN_S: Final = 1.0
"""How long a pull waits for the last calls of a webhook that was removed."""


class WebhookServes(Conflict):
    """A webhook takes the messages of this channel; remove it to fetch them."""

    code = "webhook_serves"


class Pulls:
    """Answers pulls; holds at most so many answers, by bytes, and so many waiting calls at once."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        dispatcher: Dispatcher,
        arrivals: Arrivals,
        handing_out: HandingOut,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._dispatcher = dispatcher
        self._arrivals = arrivals
        self._handing_out = handing_out
        self._budget = Budget(settings.pull_held_bytes)
        self._waiting = 0

    @asynccontextmanager
    async def pulled(self, ask: Ask, wait_s: float, *, is_wanted: Callable[[], bool]) -> AsyncIterator[Batch | None]:
        """What waits, leased; None where nothing comes in time. The answer is to be sent within the context.

        is_wanted: whether the caller is still there. Raises WebhookServes, StoreUnavailable, CertificateMissing.
        """
        waits = wait_s > 0 and self._waiting < self._settings.most_waiting_pulls
        until = self._clock.monotonic() + (wait_s if waits else 0)
        woken = asyncio.Event()
        self._waiting += waits
        try:
            with self._arrivals.watching(ask.recipient, ask.channel, woken):
                while True:
                    woken.clear()
                    async with self._budget.hold(self._settings.pull_payload_kb * 1000):
                        found = await self._found(ask, is_wanted)
                        if found is not None:
                            yield found
                            return
                    if not await self._rest(ask, woken, until):
                        break
        finally:
            self._waiting -= waits
        yield None

    async def _found(self, ask: Ask, is_wanted: Callable[[], bool]) -> Batch | None:
        if self._dispatcher.serves(ask.recipient, ask.channel):
            raise WebhookServes(f"{ask.channel}: a webhook takes these messages; remove it to fetch them.")
        await self._dispatcher.moved(ask.recipient, _MOVES_WITHIN_S)
        if self._arrivals.closed or not is_wanted():
            return None
        return await self._handing_out.batch(ask)

    async def _rest(self, ask: Ask, woken: asyncio.Event, until: float) -> bool:
        """Wait for something to come; whether there is time left."""
        left = until - self._clock.monotonic()
        if left <= 0 or self._arrivals.closed:
            return False
        await rest(woken, min(left, self._handing_out.pause_s(ask)))
        return True
