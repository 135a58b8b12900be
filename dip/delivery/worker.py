"""A worker for each endpoint: takes what waits in order of receipt, calls, judges, settles (5.5.10, 5.5.13 A to D)."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import timedelta
from functools import partial

import msgspec

from dip.archive.archive import Archive
from dip.delivery.answers import Fate, judge
from dip.delivery.caller import WebhookCaller
from dip.delivery.endpoint import Endpoint, Pace
from dip.delivery.ledger import Ledger
from dip.delivery.outgoing import Item, Outgoing, build, fit, platform_headers
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.errors import DipError, StoreUnavailable
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.participants.registry import Participants
from dip.reporting.metrics import Metrics
from dip.security.signing import Signer
from dip.security.vault import Vault
from dip.store.protocol import MessageStore
from dip.store.records import Lane, Settlement, Waiting

_SERVER_ERROR = 500
_STORE_WAIT_S = 1.0


class Postman(msgspec.Struct, frozen=True):
    """What every worker shares."""

    settings: Settings
    clock: Clock
    store: MessageStore
    archive: Archive
    vault: Vault
    participants: Current[Participants]
    signer: Signer
    caller: WebhookCaller
    executor: Executor
    ledger: Ledger
    metrics: Metrics
    wake: Callable[[Iterable[int]], None]
    holds: Callable[[str], bool]
    """Whether nothing of a channel is to be delivered now."""
    log: Log


class Worker:
    """Delivers the lanes of one endpoint, one call at a time.

    Reading runs ahead of settling: the next call may go out while the last one's outcome is being
    committed; `_after` says how far each lane was read. A failure reads again from the head. What was
    set aside goes alone once it is due, in turns with the queue, so that neither waits for the other.
    """

    def __init__(self, postman: Postman, endpoint: Endpoint, lanes: Iterable[Lane], pace: Pace) -> None:
        self.endpoint = endpoint
        self.pace = pace
        self._postman = postman
        self._lanes = {lane.id: lane for lane in lanes}
        self._after = dict.fromkeys(self._lanes, 0)
        self._more = True
        self._due: int | None = 0
        self._was_alone = False
        self._woken = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._settling: asyncio.Task[None] | None = None
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name=f"delivery {endpoint.key.recipient}")

    def wake(self, lane: Lane) -> None:
        """Something new waits in a lane of this endpoint."""
        self._lanes[lane.id] = lane
        self._after.setdefault(lane.id, 0)
        self._more = True
        self._woken.set()

    def resume(self, lane: Lane) -> None:
        """A lane that was held goes on, from its head and with what was set aside."""
        self._due = 0
        self.wake(lane)

    async def time_moved(self) -> None:
        """Business time moved: make the attempts that are due now; returns when nothing more can be done at once."""
        self._at_rest.clear()
        self._woken.set()
        await self._at_rest.wait()

    async def stop(self) -> None:
        """Finish the call in flight and what it settles, then end."""
        self._stopping = True
        self._woken.set()
        await self._task

    async def cancel(self) -> None:
        """End at once; what is in flight will be sent again."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        log = self._postman.log
        while not self._stopping:
            try:
                items, alone = self._next()
                if items:
                    await self._deliver(items, alone=alone)
                else:
                    await self._wait()
            except StoreUnavailable:
                await self._start_over(_STORE_WAIT_S)
            except DipError as exc:
                log.error("delivery_not_prepared", recipient=self.endpoint.key.recipient, reason=exc.message)
                self.pace.failed(0, server_error=False)
                await self._start_over(self.pace.wait_s())
            except Exception:
                log.exception("delivery_failed_unexpectedly", recipient=self.endpoint.key.recipient)
                self.pace.failed(0, server_error=False)
                await self._start_over(self.pace.wait_s())
        try:
            await self._settled()
        except StoreUnavailable:
            log.error("delivery_not_recorded", recipient=self.endpoint.key.recipient)
        self._at_rest.set()

    async def _wait(self) -> None:
        """Until something new waits, or one that was set aside is due."""
        await self._settled()
        if self._more or self._stopping:
            return
        timeout = None
        if self._due is not None:
            timeout = max(0.01, (self._due - microseconds(self._postman.clock.now())) / 1_000_000)
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

    async def _start_over(self, wait_s: float) -> None:
        """Read the queue from its head again, after a while."""
        try:
            await self._settled()
        except StoreUnavailable:
            self._settling = None
        self._after = dict.fromkeys(self._lanes, 0)
        self._more = True
        self._due = 0
        if not self._stopping:
            await self._pause(wait_s)

    async def _pause(self, wait_s: float) -> None:
        """Wait on business time, unless the worker is to stop; new messages don't shorten a back-off."""
        clock = self._postman.clock
        until = clock.now() + timedelta(seconds=wait_s)
        while not self._stopping and (left := (until - clock.now()).total_seconds()) > 0:
            await self._rest(left)

    def _next(self) -> tuple[Sequence[Item], bool]:
        """The next call's items, and whether it is one that was set aside and goes alone."""
        if self._was_alone or not (due := self._due_now()):
            self._was_alone = False
            if items := self._queued():
                return items, False
            due = self._due_now()
        self._was_alone = bool(due)
        return due, True

    def _queued(self) -> Sequence[Item]:
        """The next of the queue, as many as one call carries."""
        while self._more:
            batch = self._postman.store.waiting(self._open(), min(self.pace.size, self.endpoint.max_count))
            if not batch:
                self._more = False
            elif items := fit(self._contents(batch), self.endpoint):
                return items
            else:
                # Their archive time is over: there is nothing left to send.
                self._passed(batch)
                self._postman.log.error("waiting_messages_without_content", count=len(batch))
        return ()

    def _open(self) -> Mapping[int, int]:
        """How far each lane was read, without the lanes that are held."""
        holds = self._postman.holds
        return {lane: after for lane, after in self._after.items() if not holds(self._lanes[lane].channel)}

    def _passed(self, batch: Iterable[Waiting]) -> None:
        for waiting in batch:
            self._after[waiting.lane] = waiting.id

    def _due_now(self) -> Sequence[Item]:
        """One message that was set aside and is due; none costs a comparison only."""
        now = microseconds(self._postman.clock.now())
        if self._due is None or now < self._due:
            return ()
        store = self._postman.store
        open_lanes = self._open()
        for lane in open_lanes:
            if (due := store.set_aside(lane, now, 1)) and (items := self._contents(due)):
                return items
        times = (store.next_set_aside(lane) for lane in open_lanes)
        self._due = min((at for at in times if at is not None and at > now), default=None)
        return ()

    def _contents(self, batch: Sequence[Waiting]) -> Sequence[Item]:
        if self.endpoint.key.for_status:
            numbers = [waiting.status_message for waiting in batch if waiting.status_message is not None]
            sealed = self._postman.store.status_contents(numbers)
            return [
                Item(waiting, self._postman.vault.open(content, waiting.transaction_id.encode()))
                for waiting in batch
                if (content := sealed.get(waiting.status_message or 0)) is not None
            ]
        envelopes = self._postman.archive.envelopes(waiting.message for waiting in batch)
        return [Item(waiting, envelopes[waiting.message]) for waiting in batch if waiting.message in envelopes]

    async def _deliver(self, items: Sequence[Item], *, alone: bool) -> None:
        outgoing = await self._build(items)
        clock = self._postman.clock
        started = clock.monotonic()
        call = await self._postman.caller.post(self.endpoint.key.url, outgoing.body, outgoing.headers)
        duration_us = int((clock.monotonic() - started) * 1_000_000)
        judged = judge(call, [item.waiting for item in items])
        failed = all(one.fate is Fate.RETRIED for one in judged)
        set_aside = alone
        if failed and not alone:
            set_aside = self.pace.failed(len(items), server_error=call.status == _SERVER_ERROR)
        elif not failed:
            self.pace.succeeded()
        settlement = self._postman.ledger.settlement(
            outgoing, call, judged, endpoint=self.endpoint, pace=self.pace, duration_us=duration_us, set_aside=set_aside
        )
        self._postman.metrics.called(settlement, self._delays(items))
        await self._settled()
        self._settling = asyncio.create_task(self._settle(settlement))
        if failed and not set_aside:
            await self._start_over(self.pace.wait_s(call.retry_after_s))
        elif not alone:
            self._passed(item.waiting for item in items)
        else:
            # Its due time has to be committed before it is read again.
            await self._settled()

    async def _build(self, items: Sequence[Item]) -> Outgoing:
        postman = self._postman
        settings = postman.settings
        wall = postman.clock.wall()
        extra = platform_headers(items, self._lanes, settings.environment) if settings.switches.platform_headers else {}
        encryptor = None
        if any(item.waiting.protected for item in items) and not self.endpoint.key.for_status:
            encryptor = postman.participants.value.encryptor(self.endpoint.key.recipient, wall)
        return await asyncio.get_running_loop().run_in_executor(
            postman.executor,
            partial(
                build,
                items,
                url=self.endpoint.key.url,
                signer=postman.signer,
                encryptor=encryptor,
                at=wall,
                extra_headers=extra,
            ),
        )

    async def _settle(self, settlement: Settlement) -> None:
        """Commit the outcome of a call; while the store can't, nothing further is sent."""
        while True:
            try:
                done = await self._postman.store.settle(settlement)
            except StoreUnavailable:
                if self._stopping:
                    raise
                await self._pause(_STORE_WAIT_S)
            else:
                break
        times = (self._due, *(one.set_aside_until for one in settlement.settled))
        self._due = min((at for at in times if at is not None), default=None)
        self._postman.wake(done.lanes)

    async def _settled(self) -> None:
        if self._settling is not None:
            settling, self._settling = self._settling, None
            await settling

    def _delays(self, items: Sequence[Item]) -> list[float]:
        now = microseconds(self._postman.clock.now())
        return [(now - item.waiting.received_at) * 1e-6 for item in items]
