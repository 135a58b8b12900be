"""Leases: what was handed out by pull or stream and is not acknowledged yet (contract, Pull and stream)."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from dip.delivery.ledger import Ledger
from dip.ground.clock import Clock
from dip.ground.errors import StoreUnavailable
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.reporting.metrics import Metrics
from dip.store.protocol import MessageStore
from dip.store.records import Lane, Waiting

_STEP = 500
"""Most deliveries that one settlement takes back."""
_TICK_S = 0.05
_STORE_WAIT_S = 1.0
_RESUMED = "handed out again: its stream was resumed"


class Held(NamedTuple):
    """A delivery that is handed out."""

    message: int
    sequence: int


class Holder:
    """Who was handed something in a stream, and how much of it is not acknowledged."""

    def __init__(self) -> None:
        self.unacknowledged = 0
        self.woken = asyncio.Event()


class _Lease:
    def __init__(self, lane: Lane, until: float, held: dict[int, Held], holder: Holder | None) -> None:
        self.lane = lane
        self.until = until
        self.held = held
        self.holder = holder


class Leases:
    """Knows what is handed out and until when, on the monotonic clock.

    The store knows it as well: after a restart everything found handed out gets one full lease more. What is not
    acknowledged in its time waits again at its place in the order.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: MessageStore,
        ledger: Ledger,
        metrics: Metrics,
        wake_again: Callable[[Iterable[int]], None],
        log: Log,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._ledger = ledger
        self._metrics = metrics
        self._wake_again = wake_again
        self._log = log
        self._order: deque[_Lease] = deque()
        self._by_delivery: dict[int, _Lease] = {}
        self._counts: Counter[int] = Counter()
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._begun = asyncio.Event()

    def turn(self, lane: int) -> asyncio.Lock:
        """To be held by who hands out of a lane, or settles what was: one at a time."""
        return self._turns[lane]

    def room(self, lane: int) -> int:
        """How many more messages of a lane may be handed out."""
        return max(0, self._settings.most_leased - self._counts[lane])

    def is_open(self, delivery: int) -> bool:
        """Whether a delivery is handed out, and its lease not over."""
        return delivery in self._by_delivery

    def begin(self, lane: Lane, deliveries: Iterable[Waiting], holder: Holder | None = None) -> None:
        """These deliveries were handed out, as the store knows already."""
        held = {one.id: Held(one.message, one.sequence) for one in deliveries}
        self._forget(held)
        lease = _Lease(lane, self._clock.monotonic() + self._settings.lease_s, held, holder)
        self._order.append(lease)
        self._by_delivery.update(dict.fromkeys(held, lease))
        self._counts[lane.id] += len(held)
        if holder is not None:
            holder.unacknowledged += len(held)
        self._begun.set()

    def settled(self, deliveries: Iterable[int]) -> None:
        """These deliveries were acknowledged."""
        self._forget(deliveries)

    async def take_back(self, lane: Lane, after: int) -> None:
        """What streams handed out of a lane after a sequence number waits again. Raises StoreUnavailable.

        The caller has the lane's turn.
        """
        deliveries = {
            delivery: held
            for lease in self._order
            if lease.lane.id == lane.id and lease.holder is not None
            for delivery, held in lease.held.items()
            if held.sequence > after
        }
        await self._end(lane, deliveries, _RESUMED)

    async def run(self) -> None:
        """End leases whose time is over, until cancelled."""
        self._inherit()
        while True:
            try:
                await self._until_due()
                await self._end_due()
            except StoreUnavailable:
                await asyncio.sleep(_STORE_WAIT_S)
            except Exception:
                self._log.exception("leases_not_ended")
                await asyncio.sleep(_STORE_WAIT_S)

    def _inherit(self) -> None:
        """One full lease more for what an earlier run of the server handed out."""
        for number in self._store.lanes_leased():
            self._adopt(self._store.lane(number))

    def _adopt(self, lane: Lane) -> None:
        """A lease for what the store says is handed out, and nobody here knows of; perhaps it was by a stream."""
        found = self._store.leased(lane.id, self._settings.most_leased)
        if unknown := [one for one in found if not self.is_open(one.id)]:
            self.begin(lane, unknown, Holder())

    async def _until_due(self) -> None:
        while self._order and not self._order[0].held:
            self._order.popleft()
        if not self._order:
            self._begun.clear()
            await self._begun.wait()
            return
        await asyncio.sleep(max(_TICK_S, self._order[0].until - self._clock.monotonic()))

    async def _end_due(self) -> None:
        """All leases that are over, in as few settlements as may be."""
        now = self._clock.monotonic()
        due: defaultdict[int, dict[int, Held]] = defaultdict(dict)
        for lease in self._order:
            if lease.until > now:
                break
            due[lease.lane.id].update(lease.held)
        for number, deliveries in due.items():
            lane = self._store.lane(number)
            await self._end(lane, deliveries, f"not acknowledged within {self._settings.lease_s:g} s")
            self._log.info("leases_ended", recipient=lane.recipient, channel=lane.channel, count=len(deliveries))
            if not self._counts[number]:
                # More than may be handed out at once, left by an earlier run with other settings.
                self._adopt(lane)

    async def _end(self, lane: Lane, deliveries: Mapping[int, Held], why: str) -> None:
        """They wait again. Whatever was settled meanwhile stays as it is."""
        leases = {delivery: self._by_delivery.get(delivery) for delivery in deliveries}
        for batch in _batches(list(deliveries)):
            settlement = self._ledger.taken_back(lane, {one: deliveries[one].message for one in batch}, why)
            done = await self._store.settle(settlement)
            # What was handed out anew in the meantime has a lease of its own.
            self._forget([one for one in batch if self._by_delivery.get(one) is leases[one]])
            self._metrics.called(settlement, ())
            self._wake_again(done.again)

    def _forget(self, deliveries: Iterable[int]) -> None:
        for delivery in deliveries:
            lease = self._by_delivery.pop(delivery, None)
            if lease is None:
                continue
            del lease.held[delivery]
            self._counts[lease.lane.id] -= 1
            if lease.holder is not None:
                lease.holder.unacknowledged -= 1
                lease.holder.woken.set()


def _batches(deliveries: Sequence[int]) -> Iterable[Sequence[int]]:
    return (deliveries[start : start + _STEP] for start in range(0, len(deliveries), _STEP))
