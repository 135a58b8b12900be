"""The head of a lane is handed out to who asks for it: read, built, signed, leased, and only then answered (FS-12)."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import msgspec

from dip.conformance.faults import Fault
from dip.delivery.contents import Contents
from dip.delivery.delivery_faults import DeliveryFaults, Struck
from dip.delivery.events import build_event
from dip.delivery.leases import Holder, Leases
from dip.delivery.ledger import Ledger
from dip.delivery.outgoing import Item, Outgoing, build, encryptor_for, fit, platform_headers
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.participants.registry import Participants
from dip.security.encryption import Encryptor
from dip.security.signing import Signer
from dip.store.protocol import MessageStore
from dip.store.records import Done, Lane, Waiting

Made = TypeVar("Made")

_READ_AT_ONCE: Final = 50
"""Messages opened between two turns of the event loop."""
_EVENTS_AT_ONCE: Final = 25
_NO_ROOM_PAUSE_S: Final = 1.0


class Ask(msgspec.Struct, frozen=True):
    """A call for a recipient's messages of a channel. url: the address that the signature of the answer covers.

    fault: one on demand that strikes the call itself: its answer suffers it, or the first event of its stream.
    agent: who makes the call for the recipient, where that is not itself.
    """

    recipient: DipId
    channel: str
    url: str
    most: int
    fault: Fault | None = None
    agent: DipId | None = None


class Batch(msgspec.Struct, frozen=True):
    """What was handed out. lease: the number of the exchange; a message of it that is handed out again has another.

    struck: the fault on demand that the writing of an event has to reckon with.
    """

    outgoing: Outgoing
    lease: int
    struck: Struck | None = None


class HandingOut:
    """Hands out what waits, in order of receipt; what was set aside and is due keeps its place."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: MessageStore,
        contents: Contents,
        participants: Current[Participants],
        signer: Current[Signer],
        executor: Executor,
        ledger: Ledger,
        leases: Leases,
        is_free: Callable[[Lane], bool],
        wake: Callable[[frozenset[int]], None],
        faults: DeliveryFaults | None = None,
    ) -> None:
        """is_free: whether nothing of a lane is under way to a webhook, nor is it held."""
        self._settings = settings
        self._clock = clock
        self._store = store
        self._contents = contents
        self._participants = participants
        self._signer = signer
        self._executor = executor
        self._ledger = ledger
        self._leases = leases
        self._is_free = is_free
        self._wake = wake
        self._faults = faults

    async def batch(self, ask: Ask) -> Batch | None:
        """An array of messages, or of status messages, as one answer. Raises StoreUnavailable, CertificateMissing."""
        lane = self._store.lane_of(ask.recipient, ask.channel)
        if lane is None:
            return None
        async with self._leases.turn(lane.id):
            started = self._clock.monotonic()
            items = await self._next(lane, ask.most, self._settings.pull_payload_kb * 1000)
            if not items:
                return None
            struck = None if self._faults is None else self._faults.begin_answer(lane.recipient, items, ask.fault)
            outgoing = await self._array(ask, lane, items, struck)
            (done,) = await self._lease(ask, lane, [(outgoing, struck)], started)
            if isinstance(done, BaseException):
                raise done
            left = [item for item in items if item.waiting.id in done.taken]
            if len(left) == len(items):
                return Batch(outgoing, done.exchange)
            return await self._without_settled(ask, lane, left, struck, done.exchange)

    async def events(self, ask: Ask, holder: Holder) -> Sequence[Batch]:
        """Events of a stream, each with one message and a signature of its own; committed together."""
        lane = self._store.lane_of(ask.recipient, ask.channel)
        if lane is None:
            return ()
        async with self._leases.turn(lane.id):
            started = self._clock.monotonic()
            items = await self._next(lane, min(ask.most, _EVENTS_AT_ONCE), self._settings.stream_payload_kb * 1000)
            if not items:
                return ()
            begun: Sequence[tuple[Item, Struck | None]] = [(item, None) for item in items]
            if self._faults is not None:
                begun = self._faults.begin_events(lane.recipient, items, ask.fault)
            wall = self._clock.wall()
            sign = partial(_events, begun, ask.url, self._signer.value, self._encryptor(lane, items, wall), wall)
            events = await self._off_the_loop(sign)
            handed: list[Batch] = []
            outcomes = await self._lease(ask, lane, events, started, holder)
            for (outgoing, struck), done in zip(events, outcomes, strict=True):
                if isinstance(done, BaseException):
                    # What follows was perhaps committed; it keeps the order by waiting for its lease's end.
                    if not handed:
                        raise done
                    break
                if done.taken:
                    handed.append(Batch(outgoing, done.exchange, struck))
            return handed

    def pause_s(self, ask: Ask) -> float:
        """In how many seconds something that was set aside is due; infinite where nothing is."""
        lane = self._store.lane_of(ask.recipient, ask.channel)
        due = None if lane is None else self._store.next_set_aside(lane.id)
        if lane is None or due is None or not self._is_free(lane):
            return float("inf")
        left_s = (due - microseconds(self._clock.now())) * 1e-6
        # Due already, and not handed out: as much is handed out as may be.
        return left_s if left_s > 0 else _NO_ROOM_PAUSE_S

    async def _next(self, lane: Lane, most: int, most_bytes: int) -> Sequence[Item]:
        """What is to be handed out next: at most so many, and so much, but at least one."""
        most = min(most, self._leases.room(lane.id))
        if most <= 0 or not self._is_free(lane):
            return ()
        due = self._store.set_aside(lane.id, microseconds(self._clock.now()), most)
        waiting = sorted([*due, *self._store.waiting({lane.id: 0}, most)], key=lambda one: one.id)[:most]
        found: list[Item] = []
        for start in range(0, len(waiting), _READ_AT_ONCE):
            items, unreadable = self._contents.of(waiting[start : start + _READ_AT_ONCE])
            if unreadable:
                await self._give_up(lane, unreadable)
            found.extend(items)
            fitting = fit(found, most_bytes)
            if len(fitting) < len(found):
                return fitting
            await asyncio.sleep(0)
        return found

    async def _give_up(self, lane: Lane, unreadable: Sequence[Waiting]) -> None:
        """What can't be opened any more is dead, and its sender told."""
        ended = self._ledger.unreadable(unreadable, lane.recipient, for_status=lane.for_status)
        self._wake((await self._store.settle(ended)).lanes)

    async def _array(self, ask: Ask, lane: Lane, items: Sequence[Item], struck: Struck | None) -> Outgoing:
        wall, settings = self._clock.wall(), self._settings
        extra = {}
        if settings.switches.platform_headers:
            extra = platform_headers(items, {lane.id: lane}, settings.environment)
        return await self._off_the_loop(
            partial(
                build if struck is None else struck.build,
                items,
                url=ask.url,
                signer=self._signer.value,
                encryptor=self._encryptor(lane, items, wall),
                at=wall,
                extra_headers=extra,
                method="GET",
            )
        )

    async def _without_settled(
        self, ask: Ask, lane: Lane, left: Sequence[Item], struck: Struck | None, lease: int
    ) -> Batch | None:
        """Some were settled while the answer was being built: one without them, and evidence of it."""
        if not left:
            return None
        outgoing = await self._array(ask, lane, left, struck)
        note = f"in place of call {lease}"
        evidence = self._ledger.handed_out(outgoing, lane, ask.url, agent=ask.agent, duration_us=0, note=note)
        evidence.settled = ()
        if struck is not None:
            struck.note(evidence.exchange)
        await self._store.settle(evidence)
        return Batch(outgoing, lease)

    async def _lease(
        self,
        ask: Ask,
        lane: Lane,
        made: Sequence[tuple[Outgoing, Struck | None]],
        started: float,
        holder: Holder | None = None,
    ) -> Sequence[Done | BaseException]:
        """Commit the leases: asked for together, they share a transaction."""
        duration_us = self._since(started)
        settlements = [
            self._ledger.handed_out(outgoing, lane, ask.url, agent=ask.agent, duration_us=duration_us)
            for outgoing, _ in made
        ]
        for settlement, (_, struck) in zip(settlements, made, strict=True):
            if struck is not None:
                struck.note(settlement.exchange)
        outcomes = await asyncio.gather(*(self._store.settle(one) for one in settlements), return_exceptions=True)
        taken = [
            item.waiting
            for (outgoing, _), done in zip(made, outcomes, strict=True)
            if not isinstance(done, BaseException)
            for item in outgoing.items
            if item.waiting.id in done.taken
        ]
        if taken:
            self._leases.begin(lane, taken, holder)
        return outcomes

    def _encryptor(self, lane: Lane, items: Sequence[Item], wall: datetime) -> Encryptor | None:
        return encryptor_for(self._participants.value, lane.recipient, (item.waiting for item in items), wall)

    def _since(self, started: float) -> int:
        return int((self._clock.monotonic() - started) * 1_000_000)

    async def _off_the_loop(self, make: Callable[[], Made]) -> Made:
        return await asyncio.get_running_loop().run_in_executor(self._executor, make)


def _events(
    events: Sequence[tuple[Item, Struck | None]],
    url: str,
    signer: Signer,
    encryptor: Encryptor | None,
    at: datetime,
) -> Sequence[tuple[Outgoing, Struck | None]]:
    """The events of a stream, each with what it suffers; runs in a worker thread."""
    made = []
    for item, struck in events:
        build_one = build_event if struck is None else struck.build_event
        made.append((build_one(item, url=url, signer=signer, encryptor=encryptor, at=at), struck))
    return made
