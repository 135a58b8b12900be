"""The internal queue: what registration messages say reaches the MPAN table in order of receipt (5.5.14)."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec

from dip.appointments.pending import Pending, PendingChanges
from dip.ground.clock import Clock, microseconds
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
        clock: Clock,
        log: Log,
    ) -> None:
        """changed: told of MPANs that the look-up must read anew."""
        self._batch = settings.appointment_update_batch
        self._limit = settings.appointment_updates_waiting
        self._store = store
        self._keeper = keeper
        self.pending = pending
        self._changed = changed
        self._clock = clock
        self.settled: tuple[Callable[[Sequence[UpdateResult]], None], ...] = ()
        """Each is told what became of updates, once it is committed; of nothing where one was given up."""
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
            results = await self._apply_or_refuse(batch)
        except StoreUnavailable:
            self._log.error("appointment_updates_wait", waiting=len(self._queue))
            await asyncio.sleep(_AGAIN_AFTER_S)
            return
        for update in batch[: len(results)]:
            self._queue.popleft()
            for mpan in update.mpans:
                self.pending.remove(mpan, update.message)
            self._changed(_names(update))
        if len(self._queue) < self._limit:
            self._has_room.set()
        for result in results:
            if result.fault is not None:
                self._log.warning("appointment_update_failed", message=result.message)
        self._tell(results)

    async def _apply_or_refuse(self, batch: Sequence[AppointmentUpdate]) -> Sequence[UpdateResult]:
        """Apply a batch; where that breaks, the first of it alone, which is reported if it was that one."""
        try:
            return await self._keeper.apply(batch)
        except StoreUnavailable:
            raise
        except Exception as exc:
            self._log.exception("appointment_update_broke", message=batch[0].message, of=len(batch))
            if len(batch) > 1:
                return await self._apply_or_refuse(batch[:1])
            return [await self._keeper.refuse(batch[0], f"an error of the DIP's own: {type(exc).__name__}")]

    def failed(self, before: int, limit: int) -> Sequence[FailedUpdate]:
        """Updates that could not be applied, newest first, before a message."""
        return self._store.failed_updates(before, limit)

    async def retry(self, message: int) -> bool:
        """Apply an update again that could not be applied; whether there was one. It comes last now."""
        found = [one for one in self._store.failed_updates(message + 1, 1) if one.update.message == message]
        # What could not be applied was not known until now.
        known_at = microseconds(self._clock.now())
        if not found or not await self._store.retry_update(message, known_at):
            return False
        self.committed([msgspec.structs.replace(found[0].update, known_at=known_at)])
        self._tell(())
        return True

    async def give_up(self, message: int) -> bool:
        """Forget an update that could not be applied; whether there was one. The journal keeps what was wrong."""
        found = [one for one in self._store.failed_updates(message + 1, 1) if one.update.message == message]
        if not found or not await self._store.forget_update(message):
            return False
        self._tell(())
        return True

    def _tell(self, results: Sequence[UpdateResult]) -> None:
        for told in self.settled:
            told(results)


def _names(update: AppointmentUpdate) -> list[Mpan]:
    return [Mpan(f"{mpan:013}") for mpan in update.mpans]
