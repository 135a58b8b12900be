"""Dead letters: what waited too long is given up, its sender told; it can be queued again or withdrawn (5.5.8)."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Final

import msgspec

from dip.channels.registry import Registry
from dip.delivery.returns import Returns
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.errors import Conflict, NotFound
from dip.ground.log import Log
from dip.ground.rounds import make_rounds
from dip.ground.settings import Settings
from dip.messages.identifiers import DIP
from dip.store.dead_letters import DeadLetterFilter, Found
from dip.store.evidence import own_step
from dip.store.protocol import DeadLetterStore, MessageStore, WatchStore
from dip.store.records import (
    STATUS_CHANNEL,
    DeliveryState,
    Lane,
    Overdue,
    Settled,
    Settlement,
    Stage,
    Status,
    stage_of,
)

_STEP: Final = 250
"""Most deliveries that one settlement moves."""

Wake = Callable[[Iterable[int]], None]


class QueuedAgain(msgspec.Struct, frozen=True):
    """How many dead letters wait again; more: whether others that fit were left."""

    requeued: int
    more: bool


class DeadLetters:
    """Gives up what waited longer than its channel says, on business time, and moves what was given up.

    wake: of lanes behind whose end something new waits; wake_again: of lanes in whose midst something changed.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        messages: MessageStore,
        watch: WatchStore,
        store: DeadLetterStore,
        returns: Returns,
        wake: Wake,
        wake_again: Wake,
        log: Log,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._messages = messages
        self._watch = watch
        self._store = store
        self._returns = returns
        self._wake = wake
        self._wake_again = wake_again
        self._log = log
        self._sweeping = asyncio.Lock()

    async def run(self) -> None:
        """Give up what is due, again and again, until cancelled."""
        await make_rounds(self.sweep, every_s=self._settings.dead_letter_sweep_s, what="dead_letters", log=self._log)

    async def sweep(self) -> int:
        """Give up everything whose time is over, in the order in which it became due; returns how many.

        Raises StoreUnavailable.
        """
        async with self._sweeping:
            now = self._clock.now()
            due = [
                _Queue(self._messages, age.lane, now, self._time_of(age.lane))
                for age in await self._watch.ages()
                if age.since + self._time_of(age.lane) <= now
            ]
            total = 0
            while batch := _next(due):
                total += await self._give_up(batch, now)
        if total:
            self._log.warning("dead_letters_made", count=total)
        return total

    async def requeue(self, number: int) -> Found:
        """Have a dead letter wait again, under its number; returns it as it stood.

        Raises NotFound, Conflict where it is not dead any more, StoreUnavailable.
        """
        return await self._move(number, Status.REQUEUED, "requeued by hand")

    async def withdraw(self, number: int) -> Found:
        """Have nobody get a dead letter any more; returns it as it stood.

        Raises NotFound, Conflict where it is not dead any more, StoreUnavailable.
        """
        return await self._move(number, Status.WITHDRAWN, "withdrawn by hand")

    async def requeue_all(self, wanted: DeadLetterFilter) -> QueuedAgain:
        """Have all that fit wait again, in order of receipt, up to a limit. Raises StoreUnavailable."""
        limit, after, total = self._settings.dead_letter_requeue_limit, 0, 0
        while total < limit:
            found = await self._store.in_order(wanted, after=after, limit=min(_STEP, limit - total))
            if not found:
                return QueuedAgain(total, more=False)
            total += len(await self._settle(found, Status.REQUEUED, "requeued by hand"))
            after = found[-1].letter.id
        return QueuedAgain(total, more=bool(await self._store.in_order(wanted, after=after, limit=1)))

    async def _give_up(self, batch: Sequence["_Due"], now: datetime) -> int:
        settled = [
            Settled(
                one.overdue.id,
                one.overdue.message,
                Status.RETRIES_EXHAUSTED,
                detail=f"not delivered within {_in_words(one.after)}",
                returned=self._returns.given_up(one.overdue, one.lane.recipient, now, _help(one)),
                recipient=one.lane.recipient,
                stage=one.lane.stage,
            )
            for one in batch
        ]
        done = await self._messages.settle(
            Settlement(
                exchange=own_step(microseconds(now), DIP, "dead letter"),
                recipient=DIP,
                stage=Stage.OUTBOUND,
                settled=settled,
            )
        )
        # A worker may hold what was given up in memory: it reads its lanes again.
        changed = {one.overdue.lane for one in batch}
        self._wake_again(changed)
        self._wake(done.lanes - changed)
        return len(done.taken)

    async def _move(self, number: int, status: Status, why: str) -> Found:
        found = await self._store.one(number)
        if found is None:
            raise NotFound("No dead letter has this number.")
        if found.state is not DeliveryState.DEAD or not await self._settle([found], status, why):
            raise Conflict("This is not a dead letter any more; look at its message.")
        return found

    async def _settle(self, found: Sequence[Found], status: Status, why: str) -> frozenset[int]:
        now = self._clock.now()
        settled = [
            Settled(
                one.letter.id,
                one.message,
                status,
                detail=why,
                lane=one.lane if status is Status.REQUEUED else None,
                recipient=one.letter.recipient,
                stage=stage_of(for_status=one.letter.channel == STATUS_CHANNEL),
            )
            for one in found
        ]
        done = await self._messages.settle(
            Settlement(
                exchange=own_step(microseconds(now), DIP, why), recipient=DIP, stage=Stage.OUTBOUND, settled=settled
            )
        )
        self._wake_again(done.again)
        self._wake(done.lanes - done.again)
        self._log.info("dead_letters_moved", status=status, count=len(done.taken))
        return done.taken

    def _time_of(self, lane: Lane) -> timedelta:
        """How long a lane's deliveries may wait."""
        channel = None if lane.for_status else self._registry.value.find(lane.channel)
        return timedelta(days=self._settings.status_dead_letter_days) if channel is None else channel.dead_letter_after


class _Due(msgspec.Struct, frozen=True):
    """A delivery whose time is over. at: when that was; after: how long it was."""

    at: int
    overdue: Overdue
    lane: Lane
    after: timedelta


class _Queue:
    """What is due of one lane, the oldest first, read as it is needed. more: there may be more than was read."""

    def __init__(self, store: MessageStore, lane: Lane, now: datetime, after: timedelta) -> None:
        self._store = store
        self._lane = lane
        self._after = after
        self._before = microseconds(now - after)
        self.more = True
        self.read: deque[_Due] = deque()

    def fill(self) -> None:
        """Read on where all that was read is taken, and committed."""
        if self.read or not self.more:
            return
        found = self._store.overdue(self._lane.id, self._before, _STEP)
        self.more = len(found) == _STEP
        length = self._after // timedelta(microseconds=1)
        self.read.extend(_Due(one.queued_at + length, one, self._lane, self._after) for one in found)


def _next(queues: Sequence[_Queue]) -> list[_Due]:
    """What became due first, of all queues, at most a step of it."""
    for queue in queues:
        queue.fill()
    heads = [(queue.read[0].at, queue.read[0].overdue.id, place) for place, queue in enumerate(queues) if queue.read]
    heapify(heads)
    batch: list[_Due] = []
    while heads and len(batch) < _STEP:
        _, _, place = heappop(heads)
        queue = queues[place]
        batch.append(queue.read.popleft())
        if queue.read:
            heappush(heads, (queue.read[0].at, queue.read[0].overdue.id, place))
        elif queue.more:
            break
    return batch


def _help(due: _Due) -> str:
    return (
        f"Not delivered to {due.lane.recipient} within {_in_words(due.after)}. The message is kept and can be requeued."
    )


def _in_words(length: timedelta) -> str:
    """`14 days`, `36 hours`, `90 seconds`: the largest unit that it is a whole number of."""
    for name, unit in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if length >= unit and not length % unit:
            count = length // unit
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{int(length.total_seconds())} seconds"
