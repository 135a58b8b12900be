"""Who waits for messages of a lane, which may not exist yet: long polls and streams (contract, Pull and stream)."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from dip.messages.identifiers import DipId
from dip.store.protocol import MessageStore


class Arrivals:
    """Wakes those who wait for a recipient's messages of a channel."""

    def __init__(self, *, store: MessageStore) -> None:
        self._store = store
        self._waiting: defaultdict[tuple[DipId, str], set[asyncio.Event]] = defaultdict(set)
        self.closed = False
        """Whether the server stops: nobody waits any longer."""

    @property
    def waiting(self) -> int:
        """How many calls wait, or stream."""
        return sum(map(len, self._waiting.values()))

    @contextmanager
    def watching(self, recipient: DipId, channel: str, woken: asyncio.Event) -> Iterator[None]:
        """Have the event set whenever there may be something, as long as the context is open."""
        key = recipient, channel
        self._waiting[key].add(woken)
        try:
            yield
        finally:
            self._waiting[key].discard(woken)
            if not self._waiting[key]:
                del self._waiting[key]

    def wake(self, lanes: Iterable[int]) -> None:
        """Something waits in these lanes."""
        if not self._waiting:
            return
        for number in lanes:
            lane = self._store.lane(number)
            self._set(self._waiting.get((lane.recipient, lane.channel), ()))

    def recheck(self, *, recipient: str | None = None, channel: str | None = None) -> None:
        """Something changed for a recipient, a channel, or (None) for every one."""
        for (waiting_recipient, waiting_channel), events in self._waiting.items():
            if recipient in (None, waiting_recipient) and channel in (None, waiting_channel):
                self._set(events)

    def close(self) -> None:
        """Nobody waits any longer."""
        self.closed = True
        self.recheck()

    def _set(self, events: Iterable[asyncio.Event]) -> None:
        for event in events:
            event.set()


async def rest(woken: asyncio.Event, timeout_s: float) -> bool:
    """Wait until the event is set, no longer than that; whether it was."""
    try:
        async with asyncio.timeout(timeout_s):
            await woken.wait()
    except TimeoutError:
        return False
    return True
