"""Channels under maintenance: nothing of them comes in or goes out, and everything else goes on (5.13.5)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, NotFound, StoreUnavailable
from dip.ground.log import Log
from dip.messages.identifiers import InterfaceId
from dip.store.catalogue import ChannelPause
from dip.store.protocol import CatalogueStore

_LOOKED_AT_EVERY: Final = timedelta(seconds=0.5)
_REASON_LIMIT: Final = 200


class Pauses:
    """The pauses of channels, by business time. A pause with an end is over by itself."""

    def __init__(
        self, *, store: CatalogueStore, clock: Clock, resumed: Callable[[InterfaceId], None], log: Log
    ) -> None:
        """resumed: called with each channel whose pause is over, so that what was held moves on."""
        self._store = store
        self._clock = clock
        self._resumed = resumed
        self._log = log
        self._pauses = {pause.channel: pause for pause in store.pauses()}
        self._changed = asyncio.Event()
        # Store and memory change in the same order.
        self._changing = asyncio.Lock()

    def of(self, channel: str, at: datetime) -> ChannelPause | None:
        """The pause that a channel is in at a moment of business time."""
        # Every message asks: mostly there are none at all.
        if not self._pauses or (pause := self._pauses.get(InterfaceId(channel))) is None:
            return None
        begun = pause.starts <= at and (pause.ends is None or at < pause.ends)
        return pause if begun else None

    def holds(self, channel: str) -> bool:
        """Whether nothing of a channel is to be delivered now."""
        return bool(self._pauses) and self.of(channel, self._clock.now()) is not None

    def published(self) -> Sequence[ChannelPause]:
        """Every pause under way or announced, the next first."""
        now = self._clock.now()
        left = [pause for pause in self._pauses.values() if pause.ends is None or pause.ends > now]
        return sorted(left, key=lambda pause: (pause.starts, pause.channel))

    async def begin(
        self,
        channel: InterfaceId,
        *,
        starts: datetime | None,
        ends: datetime | None,
        author: str,
        reason: str,
    ) -> ChannelPause:
        """Pause a channel, now or from a moment on; replaces its earlier pause.

        Raises BadRequest for a window that is over, or without a reason; StoreUnavailable.
        """
        (pause,) = await self.begin_all([channel], starts=starts, ends=ends, author=author, reason=reason)
        return pause

    async def begin_all(
        self,
        channels: Iterable[InterfaceId],
        *,
        starts: datetime | None,
        ends: datetime | None,
        author: str,
        reason: str,
    ) -> Sequence[ChannelPause]:
        """Pause several channels for the same time, all of them or none; as `begin` does."""
        now = self._clock.now()
        starts = now if starts is None else starts
        if ends is not None and ends <= max(starts, now):
            raise BadRequest("until lies after from, and after the present business time.")
        if not reason.strip() or len(reason) > _REASON_LIMIT:
            raise BadRequest(f"reason is a sentence of at most {_REASON_LIMIT} characters; the portal publishes it.")
        pauses = [
            ChannelPause(channel=channel, starts=starts, ends=ends, author=author, reason=reason.strip())
            for channel in dict.fromkeys(channels)
        ]
        async with self._changing:
            await self._store.save_pauses(pauses)
            self._pauses.update((pause.channel, pause) for pause in pauses)
        self._changed.set()
        for pause in pauses:
            self._log.info("channel_pause_set", channel=pause.channel)
            if not self.holds(pause.channel):
                self._resumed(pause.channel)
        return pauses

    async def end(self, channel: InterfaceId) -> None:
        """End a channel's pause, or take back an announced one. Raises NotFound."""
        async with self._changing:
            if channel not in self._pauses:
                raise NotFound("This channel is not paused.")
            await self._store.remove_pause(channel)
            self._over(channel)

    async def run(self) -> None:
        """Let channels go on whose pause is over, until cancelled."""
        while True:
            await self.bring_up_to_date()
            ends = [pause.ends for pause in self._pauses.values() if pause.ends is not None]
            # Business time may be moved: what is far away is looked at again.
            wait = min(min(ends) - self._clock.now(), _LOOKED_AT_EVERY).total_seconds() if ends else None
            self._changed.clear()
            try:
                async with asyncio.timeout(wait if wait is None else max(wait, 0.01)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def bring_up_to_date(self) -> None:
        """Let channels go on whose pause is over by now."""
        async with self._changing:
            await self._end_what_is_over()

    async def _end_what_is_over(self) -> None:
        now = self._clock.now()
        for pause in list(self._pauses.values()):
            if pause.ends is None or pause.ends > now:
                continue
            try:
                await self._store.remove_pause(pause.channel)
            except StoreUnavailable:
                # A start forgets it as well: its end is over then, too.
                self._log.warning("channel_pause_not_forgotten", channel=pause.channel)
            self._over(pause.channel)

    def _over(self, channel: InterfaceId) -> None:
        self._pauses.pop(channel, None)
        self._changed.set()
        self._resumed(channel)
        self._log.info("channel_pause_ended", channel=channel)
