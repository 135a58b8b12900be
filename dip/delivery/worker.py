"""A worker for each endpoint: takes what waits in order of receipt, calls, judges, settles (5.5.10, 5.5.13 A to D)."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from dip.delivery.ahead import Ahead
from dip.delivery.answers import Fate, judge
from dip.delivery.building import built
from dip.delivery.delivery_faults import Struck
from dip.delivery.endpoint import Endpoint, Pace
from dip.delivery.logical_queue import LogicalQueue, Turn
from dip.delivery.outcomes import Outcomes
from dip.delivery.outgoing import Item, Outgoing
from dip.delivery.postman import Postman
from dip.ground.clock import microseconds
from dip.ground.errors import DipError, StoreUnavailable
from dip.ground.steps import Milestone
from dip.store.records import Lane, Settlement, Waiting

_SERVER_ERROR = 500
_STORE_WAIT_S = 1.0
_MOST_SETTLING = 4
"""Calls whose outcome is being committed while the next one goes out; what is not, is sent again after a crash."""


class Worker:
    """Delivers the lanes of one endpoint, as many calls at once as it allows; one keeps the order.

    While one full call is under way, the next one is built and signed, so that it follows at once.
    The next call may go out while the last ones' outcomes are being committed. A failure reads the queue again
    from its head, once the other calls have come back.
    """

    def __init__(self, postman: Postman, endpoint: Endpoint, lanes: Iterable[Lane]) -> None:
        self.endpoint = endpoint
        self.pace = Pace(postman.settings, endpoint, random.SystemRandom())
        self._postman = postman
        self._queue = LogicalQueue(store=postman.store, contents=postman.contents, holds=postman.holds, lanes=lanes)
        self._woken = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._landed = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()
        self._ahead = Ahead()
        self._flying: Counter[int] = Counter()
        self._retry_at: datetime | None = None
        self._again = False
        self._outcomes = Outcomes()
        self._next_call = 0.0
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name=f"delivery {endpoint.key.recipient}")

    @property
    def lanes(self) -> Iterable[int]:
        """The lanes that it reads."""
        return self._queue.lanes.keys()

    def wake(self, lane: Lane, fresh: Sequence[Waiting] = ()) -> None:
        """Something new waits in a lane of this endpoint. fresh: what it is, where that is known."""
        self._queue.add(lane, fresh)
        self._woken.set()

    def again(self, lane: Lane) -> None:
        """Lanes are read again from their heads: this one goes on after a pause, or something in it waits anew."""
        self._queue.add(lane)
        self._again = True
        self._woken.set()

    def change(self, endpoint: Endpoint) -> None:
        """The endpoint's settings changed; its address is the same."""
        self.endpoint = self.pace.endpoint = endpoint
        self.pace.size = endpoint.max_count
        self._woken.set()

    def try_now(self) -> None:
        """Forget the failures and call at once."""
        if self.pace.paused:
            self._postman.paused(self.endpoint, 0)
        self.pace.succeeded()
        if self._retry_at is not None:
            self._retry_at = self._in(0.0)
        self._woken.set()

    async def release(self, lanes: Iterable[int]) -> None:
        """Let go of these lanes; returns when no call carries anything of them any more."""
        leaving = list(lanes)
        self._queue.remove(leaving)
        self._again = self._ahead.drop() or self._again
        while any(self._flying[lane] for lane in leaving):
            self._landed.clear()
            await self._landed.wait()

    async def time_moved(self) -> None:
        """Business time moved: make the attempts that are due now; returns when nothing more can be done at once."""
        self._at_rest.clear()
        self._woken.set()
        await self._at_rest.wait()

    async def stop(self) -> None:
        """Finish the calls in flight and what they settle, then end."""
        self._stopping = True
        self._woken.set()
        await self._task

    async def cancel(self) -> None:
        """End at once; what is in flight will be sent again."""
        self._ahead.drop()
        tasks = [self._task, *self._calls]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._step()
            except StoreUnavailable:
                await self._start_over(self._in(_STORE_WAIT_S))
            except Exception as exc:
                self._unprepared(exc)
                await self._start_over(self._in(self.pace.wait_s()))
        try:
            await self._landing()
        except StoreUnavailable:
            self._postman.log.error("delivery_not_recorded", recipient=self.endpoint.key.recipient)
        self._ahead.drop()
        self._at_rest.set()

    async def _step(self) -> None:
        """Make the next call, or wait until there is one to make."""
        if self._retry_at is not None:
            until, self._retry_at = self._retry_at, None
            await self._start_over(until)
        elif self._again:
            self._again = False
            await self._landing()
            self._ahead.drop()
            self._queue.start_over()
        elif self.endpoint.held:
            await self._landing()
            if self._ahead.drop():
                self._queue.start_over()
            await self._rest(None)
        elif len(self._calls) >= self.endpoint.calls_in_flight:
            await asyncio.wait(self._calls, return_when=asyncio.FIRST_COMPLETED)
        elif (ahead := self._ahead.take()) is not None:
            turn, building = ahead
            if self._queue.holds(turn) or self._ahead.is_stale(self._postman.participants.value):
                building.cancel()
                self._again = True
            else:
                await self._call(turn.items, building=building)
        else:
            turn = self._turn()
            if turn.items or turn.unreadable:
                await self._take(turn)
            else:
                await self._wait()

    def _turn(self) -> Turn:
        now = microseconds(self._postman.clock.now())
        return self._queue.next(self.endpoint, min(self.pace.size, self.endpoint.max_count), now)

    async def _take(self, turn: Turn) -> None:
        if turn.unreadable:
            await self._give_up(turn.unreadable)
        if not turn.items:
            return
        await self._keep_distance()
        if turn.alone:
            # It is read again as long as its outcome is not committed: nothing else may be under way.
            await self._landing()
            await self._call(turn.items, alone=True)
            await self._outcomes.settled()
        elif self.endpoint.calls_in_flight == 1:
            await self._call(turn.items)
        else:
            call = asyncio.create_task(self._call_guarded(turn.items))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _keep_distance(self) -> None:
        """Wait until the endpoint may be called again, by its calls a second."""
        rate = self.endpoint.calls_a_second
        if rate is None:
            return
        clock = self._postman.clock
        while not self._stopping and (left := self._next_call - clock.monotonic()) > 0:
            await self._rest(left)
        self._next_call = max(clock.monotonic(), self._next_call) + 1 / rate

    async def _call_guarded(self, items: Sequence[Item]) -> None:
        try:
            await self._call(items)
        except StoreUnavailable:
            self._retry_at = self._in(_STORE_WAIT_S)
        except Exception as exc:
            self._unprepared(exc)
            self._retry_at = self._in(self.pace.wait_s())

    async def _call(
        self,
        items: Sequence[Item],
        *,
        building: "asyncio.Task[Outgoing] | None" = None,
        alone: bool = False,
        overtakes: bool = False,
    ) -> None:
        """building: the call, where it is being made ready already."""
        lanes = Counter(item.waiting.lane for item in items)
        self._flying += lanes
        settling: asyncio.Task[None] | None = None
        try:
            struck, faults = None, self._postman.faults
            if faults is not None and faults.active:
                waits = None if alone or overtakes else self._give_way
                struck = await faults.begin(self.endpoint.key.recipient, items, waits)
            settling = await self._delivered(items, struck, building, alone=alone)
        finally:
            if settling is None:
                self._land(lanes)
            else:
                settling.add_done_callback(lambda _: self._land(lanes))

    def _land(self, lanes: Counter[int]) -> None:
        self._flying -= lanes
        self._landed.set()

    async def _give_way(self, longest_s: float) -> None:
        """Let what comes next go first, where it comes in time: a fault on demand."""
        if not (turn := self._turn()).items:
            await self._rest(longest_s)
            turn = self._turn()
        if turn.items and not turn.alone:
            await self._call(turn.items, overtakes=True)

    async def _delivered(
        self, items: Sequence[Item], struck: Struck | None, building: "asyncio.Task[Outgoing] | None", *, alone: bool
    ) -> "asyncio.Task[None]":
        """Make one call; the result commits what came of it."""
        self._postman.steps.reached(Milestone.TAKEN_UP)
        if struck is not None and building is not None:
            building.cancel()
        if struck is not None or building is None:
            outgoing = await built(self._postman, self.endpoint.key, items, None if struck is None else struck.build)
        else:
            outgoing = await building
        self._postman.steps.reached(Milestone.BUILT)
        clock = self._postman.clock
        if not alone and struck is None:
            asyncio.get_running_loop().call_soon(self._make_ready)
        started = clock.monotonic()
        call = await (struck or self._postman.caller).post(self.endpoint.key.url, outgoing.body, outgoing.headers)
        self._postman.steps.reached(Milestone.SENT)
        duration_us = int((clock.monotonic() - started) * 1_000_000)
        judged = judge(call, [item.waiting for item in items])
        failed = all(one.fate is Fate.RETRIED for one in judged)
        set_aside = alone
        if failed and not alone:
            set_aside = self._failure(len(items), server_error=call.status == _SERVER_ERROR)
        elif not failed:
            self._success()
        settlement = self._postman.ledger.settlement(
            outgoing, call, judged, endpoint=self.endpoint, pace=self.pace, duration_us=duration_us, set_aside=set_aside
        )
        if struck is not None:
            struck.note(settlement.exchange)
        self._postman.metrics.called(settlement, self._delays(items))
        if failed and not set_aside:
            self._retry_at = self._in(self.pace.wait_s(call.retry_after_s))
        await self._postman.called(self.endpoint, outgoing, call, duration_us)
        await self._outcomes.settled(_MOST_SETTLING - 1)
        return self._outcomes.add(self._settle(settlement))

    def _make_ready(self) -> None:
        """Have the next call built and signed, where there is enough for a full one."""
        endpoint, faults = self.endpoint, self._postman.faults
        paced = endpoint.calls_in_flight > 1 or endpoint.calls_a_second is not None
        changing = endpoint.held or self._again or self._stopping or self._retry_at is not None
        if paced or changing or (faults is not None and faults.active):
            return
        now = microseconds(self._postman.clock.now())
        try:
            turn = self._queue.full(endpoint, min(self.pace.size, endpoint.max_count), now)
        except Exception:
            self._postman.log.exception("queue_not_read_ahead", recipient=endpoint.key.recipient)
            turn, self._again = Turn(), True
        if turn.unreadable:
            # The next step reads it again, and deals with it.
            self._again = True
        elif turn.items:
            building = asyncio.create_task(built(self._postman, endpoint.key, turn.items))
            self._ahead.put(turn, building, self._postman.participants.value)

    async def _give_up(self, unreadable: Sequence[Waiting]) -> None:
        """What can't be opened any more is dead, and its sender told."""
        self._postman.log.error("waiting_messages_unreadable", count=len(unreadable))
        ledger, key = self._postman.ledger, self.endpoint.key
        await self._outcomes.settled()
        await self._settle(ledger.unreadable(unreadable, key.recipient, for_status=key.for_status))

    def _failure(self, sent: int, *, server_error: bool) -> bool:
        was_paused = self.pace.paused
        set_aside = self.pace.failed(sent, server_error=server_error)
        if self.pace.paused and not was_paused:
            self._postman.paused(self.endpoint, self.pace.failures)
        return set_aside

    def _success(self) -> None:
        if self.pace.paused:
            self._postman.paused(self.endpoint, 0)
        self.pace.succeeded()

    def _unprepared(self, error: Exception) -> None:
        """A call could not even be made."""
        recipient = self.endpoint.key.recipient
        if isinstance(error, DipError):
            self._postman.log.error("delivery_not_prepared", recipient=recipient, reason=error.message)
        else:
            self._postman.log.exception("delivery_failed_unexpectedly", recipient=recipient)
        self._failure(0, server_error=False)

    async def _wait(self) -> None:
        """Until something new waits, or one that was set aside is due."""
        if self._calls:
            # What is under way may fail and be the next; waking for what is new goes on meanwhile.
            waking = asyncio.create_task(self._woken.wait())
            await asyncio.wait([*self._calls, waking], return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
            self._woken.clear()
            return
        await self._outcomes.settled()
        if self._queue.more or self._stopping or self._retry_at is not None:
            return
        self._queue.rewind()
        timeout = None
        if self._queue.next_due is not None:
            timeout = max(0.01, (self._queue.next_due - microseconds(self._postman.clock.now())) / 1_000_000)
        await self._rest(timeout)

    async def _rest(self, timeout_s: float | None) -> None:
        """Until somebody wakes the worker, or the time is over."""
        self._woken.clear()
        self._at_rest.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return

    def _in(self, seconds: float) -> datetime:
        """The moment of business time after so many seconds."""
        return self._postman.clock.now() + timedelta(seconds=seconds)

    async def _start_over(self, until: datetime) -> None:
        """Read the queue from its head again, not before that moment."""
        # Before the outcomes are committed: an administrator's word may come meanwhile.
        failures = self.pace.failures
        with suppress(StoreUnavailable):
            await self._landing()
        self._retry_at = None
        self._ahead.drop()
        self._queue.start_over()
        clock = self._postman.clock
        # On business time; what is new does not shorten it, but a word from the administrator does.
        while (
            not self._stopping
            and self.pace.failures >= failures
            and (left := (until - clock.now()).total_seconds()) > 0
        ):
            await self._rest(left)

    async def _settle(self, settlement: Settlement) -> None:
        """Commit the outcome of a call; while the store can't, nothing further is sent."""
        while True:
            try:
                done = await self._postman.store.settle(settlement, patient=True)
            except StoreUnavailable:
                if self._stopping:
                    raise
                await asyncio.sleep(_STORE_WAIT_S)
            else:
                break
        for one in settlement.settled:
            if one.set_aside_until is not None:
                self._queue.set_aside(one.set_aside_until)
        self._postman.wake(done.lanes)

    async def _landing(self) -> None:
        """Until no call is under way and what they made is committed."""
        if self._calls:
            await asyncio.wait(self._calls)
        await self._outcomes.settled()

    def _delays(self, items: Sequence[Item]) -> list[float]:
        now = microseconds(self._postman.clock.now())
        return [(now - item.waiting.received_at) * 1e-6 for item in items]
