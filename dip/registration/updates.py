"""The internal queue: what registration messages say reaches the MPAN table in order of receipt (5.5.14)."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from dip.appointments.pending import Pending, PendingChanges
from dip.ground.errors import StoreUnavailable
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.identifiers import Mpan
from dip.registration.keeper import Keeper
from dip.store.appointments import AppointmentUpdate, FailedUpdate, SqliteAppointments, UpdateResult

_PAGE = 1_000
_AGAIN_AFTER_S = 1.0


class Updates:
    """Applies updates; they are committed with their messages, so none is lost, and dequeued with their effect.

    `pending` holds what is committed and not yet applied: a look-up counts it already.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: SqliteAppointments,
        keeper: Keeper,
        pending: PendingChanges,
        changed: Callable[[Iterable[Mpan]], None],
        log: Log,
    ) -> None:
        """changed: told of MPANs that the look-up must read anew."""
        self._batch = settings.appointment_update_batch
        self._limit = settings.appointment_updates_waiting
        self._store = store
        self._keeper = keeper
        self.pending = pending
        self._changed = changed
        self.settled: tuple[Callable[[Sequence[UpdateResult]], None], ...] = ()
        """Each is told what became of updates, once it is committed."""
        self._log = log
        self._queue: deque[AppointmentUpdate] = deque()
        self._new = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def load(self) -> None:
        """Take up what the last run of the server left; before any message comes in."""
        after = 0
        while found := self._store.waiting_updates(after, _PAGE):
            self.committed(found)
            after = found[-1].message

    def committed(self, updates: Iterable[AppointmentUpdate]) -> None:
        """These were committed to the queue, in order of receipt."""
        for update in updates:
            for mpan in update.mpans:
                self.pending.add(mpan, Pending(update.message, update.known_at, update.changes))
            self._queue.append(update)
            self._changed(_names(update))
        if self._queue:
            self._new.set()
        if len(self._queue) >= self._limit:
            self._has_room.clear()

    async def room(self) -> None:
        """Return when the queue has room: under load a message that changes appointments waits for its answer."""
        await self._has_room.wait()

    @property
    def waiting(self) -> int:
        """How many updates wait."""
        return len(self._queue)

    async def run(self) -> None:
        """Apply updates as they come, for as long as the server runs."""
        while True:
            await self._new.wait()
            self._new.clear()
            while self._queue:
                await self._apply(list(islice(self._queue, self._batch)))

    async def _apply(self, batch: Sequence[AppointmentUpdate]) -> None:
        try:
            results = await self._keeper.apply(batch)
        except StoreUnavailable:
            self._log.error("appointment_updates_wait", waiting=len(self._queue))
            await asyncio.sleep(_AGAIN_AFTER_S)
            return
        for update in batch:
            self._queue.popleft()
            for mpan in update.mpans:
                self.pending.remove(mpan, update.message)
            self._changed(_names(update))
        if len(self._queue) < self._limit:
            self._has_room.set()
        for result in results:
            if result.fault is not None:
                self._log.warning("appointment_update_failed", message=result.message)
        for told in self.settled:
            told(results)

    def failed(self, before: int, limit: int) -> Sequence[FailedUpdate]:
        """Updates that could not be applied, newest first, before a message."""
        return self._store.failed_updates(before, limit)

    async def retry(self, message: int) -> bool:
        """Apply an update again that could not be applied; whether there was one. It comes last now."""
        found = [one for one in self._store.failed_updates(message + 1, 1) if one.update.message == message]
        if not found or not await self._store.retry_update(message):
            return False
        self.committed([found[0].update])
        return True

    async def give_up(self, message: int) -> bool:
        """Forget an update that could not be applied; whether there was one. The journal keeps what was wrong."""
        found = [one for one in self._store.failed_updates(message + 1, 1) if one.update.message == message]
        return bool(found) and await self._store.forget_update(message)


def _names(update: AppointmentUpdate) -> list[Mpan]:
    return [Mpan(f"{mpan:013}") for mpan in update.mpans]
