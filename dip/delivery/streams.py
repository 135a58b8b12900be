"""Streams: a recipient's messages as server-sent events, resumed from the last one (contract, Pull and stream)."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from dip.delivery.arrivals import Arrivals, rest
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.handing_out import Ask, Batch, HandingOut
from dip.delivery.leases import Holder, Leases
from dip.delivery.pulls import WebhookServes
from dip.ground.clock import Clock
from dip.ground.errors import DipError
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.store.protocol import MessageStore

_OTHER: Final = "another stream took over"
_WEBHOOK: Final = "a webhook takes these messages now"
_ENDS: Final = "the server stops"
_GONE: Final = "nobody reads any more, or may"


class TooManyStreams(DipError):
    """As many streams are open as this server takes; try again later."""

    code = "too_many_streams"


class BrokenOff(Exception):
    """A fault on demand ends the stream here: the connection is to be closed in the middle of the answer."""


class Streams:
    """The open streams, one for each recipient and channel: a new one ends the earlier one."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: MessageStore,
        dispatcher: Dispatcher,
        arrivals: Arrivals,
        leases: Leases,
        handing_out: HandingOut,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._dispatcher = dispatcher
        self._arrivals = arrivals
        self._leases = leases
        self._handing_out = handing_out
        self._open: dict[tuple[DipId, str], Holder] = {}
        self._count = 0

    @contextmanager
    def opened(
        self, ask: Ask, after: int | None, is_wanted: Callable[[], bool]
    ) -> Iterator[AsyncGenerator[bytes, None]]:
        """A stream, as pieces to be written one after the other; it ends when they do.

        after: the sequence number of the last event that an earlier stream brought. is_wanted: whether its reader is
        still there; nothing is leased to one who is gone. Raises WebhookServes, TooManyStreams; the pieces raise
        BrokenOff.
        """
        if self._dispatcher.serves(ask.recipient, ask.channel):
            raise WebhookServes(f"{ask.channel}: a webhook takes these messages; remove it to stream them.")
        key = ask.recipient, ask.channel
        if self._count >= self._settings.most_streams and key not in self._open:
            raise TooManyStreams
        holder = Holder()
        if (earlier := self._open.get(key)) is not None:
            earlier.woken.set()
        self._open[key] = holder
        self._count += 1
        try:
            yield self._pieces(ask, after, holder, is_wanted)
        finally:
            self._count -= 1
            if self._open.get(key) is holder:
                del self._open[key]

    async def _pieces(
        self, ask: Ask, after: int | None, holder: Holder, is_wanted: Callable[[], bool]
    ) -> AsyncGenerator[bytes, None]:
        yield _comment(f"{ask.channel} for {ask.recipient}")
        with self._arrivals.watching(ask.recipient, ask.channel, holder.woken):
            beat = self._clock.monotonic() + self._settings.stream_heartbeat_s
            try:
                if after is not None:
                    await self._resume(ask, after)
                while (end := self._end(ask, holder) if is_wanted() else _GONE) is None:
                    holder.woken.clear()
                    batches = await self._next(ask, holder)
                    if batches:
                        # A fault of the call has struck.
                        ask = msgspec.structs.replace(ask, fault=None)
                    for batch in batches:
                        if batch.struck is not None:
                            await batch.struck.hold_back()
                            if self._end(ask, holder) is not None:
                                break
                        # One that a slow reader has not got in its lease's time waits again by now.
                        if self._leases.is_open(_delivery(batch)):
                            for piece in _pieces_of(batch):
                                yield piece
                            beat = self._clock.monotonic() + self._settings.stream_heartbeat_s
                        if batch.struck is not None and batch.struck.breaks_off:
                            raise BrokenOff
                    left = beat - self._clock.monotonic()
                    if left > 0:
                        await rest(holder.woken, min(left, self._handing_out.pause_s(ask)))
                    else:
                        beat += self._settings.stream_heartbeat_s
                        yield _comment("heartbeat")
            except DipError as exc:
                end = exc.message
            yield _comment(end)

    async def _resume(self, ask: Ask, after: int) -> None:
        """What was handed out behind that event, and is not acknowledged, is handed out again at once."""
        lane = self._store.lane_of(ask.recipient, ask.channel)
        if lane is not None:
            async with self._leases.turn(lane.id):
                await self._leases.take_back(lane, after)

    async def _next(self, ask: Ask, holder: Holder) -> list[Batch]:
        room = self._settings.stream_in_flight - holder.unacknowledged
        if room <= 0:
            return []
        handed = await self._handing_out.events(msgspec.structs.replace(ask, most=room), holder)
        if handed:
            # There may be more.
            holder.woken.set()
        return list(handed)

    def _end(self, ask: Ask, holder: Holder) -> str | None:
        """Why the stream ends; None while it goes on."""
        if self._arrivals.closed:
            return _ENDS
        if self._open.get((ask.recipient, ask.channel)) is not holder:
            return _OTHER
        if self._dispatcher.serves(ask.recipient, ask.channel):
            return _WEBHOOK
        return None


def _delivery(batch: Batch) -> int:
    return batch.outgoing.items[0].waiting.id


def _pieces_of(batch: Batch) -> Sequence[bytes]:
    """An event as it is written; a fault on demand may write it otherwise."""
    sequence = batch.outgoing.items[0].waiting.sequence
    event = b"id: %d\ndata: %b\n\n" % (sequence, batch.outgoing.body)
    return [event] if batch.struck is None else batch.struck.pieces(event)


def _comment(text: str) -> bytes:
    return f": {text}\n\n".encode()
