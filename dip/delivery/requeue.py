"""Requeue: what a recipient was sent is queued for it once more, in the background and across restarts (5.5.11)."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Final
from uuid import uuid4

import msgspec

from dip.archive.archive import Archive
from dip.delivery.replay_request import ReplayRequest, Selecting
from dip.ground.clock import Clock, microseconds
from dip.ground.errors import StoreUnavailable
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.security.vault import SealBroken, Vault
from dip.store.page_records import Parties
from dip.store.protocol import MessageStore, ReplayStore, RequeueStore
from dip.store.records import Exchange, Lane
from dip.store.replay import Selection, Sent, Span
from dip.store.requeue import NewRequeue, Requeue, RequeueState, RequeueStep

_ROWS: Final = 250
"""Deliveries looked at between two turns of the event loop."""
_OPENED: Final = 50
_STORE_WAIT_S: Final = 1.0
_SELECTION: Final = msgspec.msgpack.Decoder(Selection)

Wake = Callable[[Iterable[int]], None]


class Requeues:
    """Begins requeues and carries them on; so many are under way at once, the others wait their turn.

    wake: of lanes behind whose end something new waits; wake_again: of lanes in whose midst something waits again.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: RequeueStore,
        replay: ReplayStore,
        messages: MessageStore,
        archive: Archive,
        vault: Vault,
        executor: Executor,
        wake: Wake,
        wake_again: Wake,
        log: Log,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._replay = replay
        self._messages = messages
        self._archive = archive
        self._vault = vault
        self._executor = executor
        self._wake = wake
        self._wake_again = wake_again
        self._log = log
        self._selecting = Selecting(store=replay, vault=vault)
        self._at_once = asyncio.Semaphore(settings.requeues_at_once)
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Go on with what was under way when the server ended."""
        for run in self._store.running():
            self._go_on(run)

    async def close(self) -> None:
        """Stop between two steps; the next start goes on."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def begin(self, recipient: DipId, channel: str, request: ReplayRequest, exchange: Exchange) -> str:
        """Begin a requeue; returns its name once it is kept, with the call that asked for it.

        Raises BadRequest, RequeueRunning where one of this recipient and channel is under way, StoreUnavailable.
        """
        lane = self._messages.lane_of(recipient, channel)
        selection = self._selecting.selection(request, channel, lane)
        span = self._replay.span(lane.id, selection) if lane is not None else Span(0, 0)
        name = str(uuid4())
        exchange.note = f"requeue {name}" if exchange.note is None else f"requeue {name}, {exchange.note}"
        new = NewRequeue(
            name=name,
            recipient=recipient,
            channel=channel,
            at=microseconds(self._clock.now()),
            request=self._vault.seal(msgspec.msgpack.encode(selection), _context(name)),
            after=span.after,
            upto=span.upto,
        )
        await self._store.begin(new, exchange)
        self._log.info("requeue_begun", requeue=name, recipient=recipient, channel=channel)
        for run in self.of(recipient, channel, name):
            self._go_on(run)
        return name

    def of(self, recipient: str, channel: str, name: str | None, limit: int = 100) -> Sequence[Requeue]:
        """The last requeues of a recipient and channel, newest first; or the one of that name."""
        return self._store.of(recipient, channel, name, limit)

    def newest(self, before: int | None, limit: int, parties: Parties = None) -> Sequence[Requeue]:
        """The last requeues of the parties, newest first, below a number."""
        return self._store.newest(before, limit, parties)

    def _go_on(self, run: Requeue) -> None:
        task = asyncio.create_task(self._carry_out(run), name=f"requeue {run.name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, run: Requeue) -> None:
        async with self._at_once:
            while True:
                try:
                    await self._advance(run)
                except StoreUnavailable:
                    await asyncio.sleep(_STORE_WAIT_S)
                except Exception:
                    self._log.exception("requeue_failed_unexpectedly", requeue=run.name)
                    await self._give_up(run)
                    return
                else:
                    self._log.info("requeue_ended", requeue=run.name, recipient=run.recipient, channel=run.channel)
                    return
                (run,) = self.of(run.recipient, run.channel, run.name)

    async def _advance(self, run: Requeue) -> None:
        """Carry a requeue on from where it stands to its end. Raises StoreUnavailable."""
        lane = self._messages.lane_of(run.recipient, run.channel)
        if lane is None:
            await self._step(run, None, [], run.position, run.upto, 0, last=True)
            return
        selection = _SELECTION.decode(self._vault.open(run.request, _context(run.name)))
        if run.total == 0 and run.processed == 0:
            await self._store.count(run, await self._count(lane.id, selection, Span(run.position, run.upto)))
        stood = after = run.position
        pending: list[Sent] = []
        done = False
        while not done:
            stretch = self._replay.stretch(lane.id, selection, Span(after, run.upto), _ROWS)
            pending += stretch.found
            after, done = stretch.position, stretch.done
            await asyncio.sleep(0)
            # Less than a whole step is left for the next rows, unless there are none.
            while len(pending) >= self._settings.requeue_step or done:
                here, pending = pending[: self._settings.requeue_step], pending[self._settings.requeue_step :]
                last = done and not pending
                position = pending[0].sequence - 1 if pending else after
                wanted = await self._of_version(here, selection.version)
                await self._step(run, lane, [sent.delivery for sent in wanted], stood, position, len(here), last=last)
                stood = position
                if last:
                    return

    async def _step(
        self,
        run: Requeue,
        lane: Lane | None,
        deliveries: Sequence[int],
        after: int,
        position: int,
        processed: int,
        *,
        last: bool,
    ) -> None:
        requeued = await self._store.step(
            RequeueStep(
                run=run,
                deliveries=deliveries,
                after=after,
                position=position,
                processed=processed,
                at=microseconds(self._clock.now()),
                last=last,
            )
        )
        if lane is None:
            return
        if requeued.revived:
            self._wake_again([lane.id])
        if requeued.revived or requeued.added:
            self._wake([lane.id])

    async def _count(self, lane: int, selection: Selection, span: Span) -> int:
        counted, done, after = 0, False, span.after
        while not done:
            stretch = self._replay.stretch(lane, selection, Span(after, span.upto), _ROWS)
            counted += len(stretch.found)
            after, done = stretch.position, stretch.done
            await asyncio.sleep(0)
        return counted

    async def _of_version(self, found: Sequence[Sent], version: str | None) -> Sequence[Sent]:
        """Those whose format has the version; opened off the event loop."""
        if version is None:
            return found
        fitting: list[Sent] = []
        for start in range(0, len(found), _OPENED):
            some = found[start : start + _OPENED]
            contents = self._messages.contents(sent.message for sent in some)

            fitting += await asyncio.get_running_loop().run_in_executor(
                self._executor, self._fitting, some, contents, version
            )
        return fitting

    def _fitting(
        self, found: Sequence[Sent], contents: Mapping[int, tuple[str, bytes]], version: str
    ) -> Sequence[Sent]:
        return [sent for sent in found if self._version(contents.get(sent.message)) == version]

    def _version(self, content: tuple[str, bytes] | None) -> object:
        if content is None:
            return None
        try:
            return self._archive.open(*content).edition()
        except SealBroken:
            return None

    async def _give_up(self, run: Requeue) -> None:
        """A requeue that can't go on: failed, or in part complete."""
        now = microseconds(self._clock.now())
        try:
            (stands,) = self.of(run.recipient, run.channel, run.name)
            status = RequeueState.PARTIAL_COMPLETION if stands.processed else RequeueState.FAILED
            await self._store.end(run, status, now)
        except StoreUnavailable:
            self._log.error("requeue_end_not_recorded", requeue=run.name)


def _context(name: str) -> bytes:
    return f"requeue|{name}".encode()
