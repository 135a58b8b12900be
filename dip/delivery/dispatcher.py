"""Which endpoint serves which lane, and the workers that deliver (5.5.10)."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from dip.delivery.endpoint import EndpointKey, Pace, endpoint_of, webhook_for
from dip.delivery.worker import Postman, Worker
from dip.ground.clock import Clock
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.store.protocol import MessageStore, PartyStore
from dip.store.records import STATUS_CHANNEL, Lane, Webhook


class EndpointState(msgspec.Struct, frozen=True, rename="camel"):
    """How one endpoint is doing."""

    recipient: DipId
    url: str
    for_status: bool
    failures: int
    paused: bool


class Dispatcher:
    """Holds a worker for each endpoint that has a webhook; messages without one wait in the store."""

    def __init__(
        self, *, settings: Settings, clock: Clock, store: MessageStore, parties: PartyStore, postman: Postman
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._parties = parties
        self._postman = postman
        self._webhooks: dict[tuple[str, str], Webhook] = {}
        self._workers: dict[EndpointKey, Worker] = {}
        self._of_lane: dict[int, Worker] = {}
        self._arranging: defaultdict[DipId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self) -> None:
        """Read webhooks and lanes, and begin to deliver what waits."""
        self._webhooks = {(hook.recipient, hook.channel): hook for hook in self._parties.webhooks()}
        for recipient in {hook.recipient for hook in self._webhooks.values()}:
            self._arrange(recipient)

    def wake(self, lanes: Iterable[int]) -> None:
        """Something new waits in these lanes."""
        for number in lanes:
            worker = self._of_lane.get(number)
            if worker is None:
                worker = self._adopt(self._store.lane(number))
            if worker is not None:
                worker.wake(self._store.lane(number))

    def resume(self, channel: str) -> None:
        """A channel that was held goes on."""
        for number, worker in self._of_lane.items():
            lane = self._store.lane(number)
            if lane.channel == channel:
                worker.resume(lane)

    async def time_moved(self, patience_s: float) -> None:
        """Business time moved: one attempt for whatever is due; waits for answers no longer than that."""
        moved = [asyncio.create_task(worker.time_moved()) for worker in self._workers.values()]
        if moved:
            _, late = await asyncio.wait(moved, timeout=patience_s)
            for one in late:
                one.cancel()

    def webhook(self, recipient: DipId, channel: str) -> Webhook | None:
        """A recipient's webhook for a channel."""
        return self._webhooks.get((recipient, channel))

    async def set_webhook(self, webhook: Webhook) -> None:
        """A recipient sets a webhook; what waits already goes to the new address."""
        await self._parties.save_webhook(webhook, self._clock.now())
        self._webhooks[webhook.recipient, webhook.channel] = webhook
        self._rearrange(webhook.recipient)

    async def remove_webhook(self, recipient: DipId, channel: str) -> None:
        """A recipient withdraws a webhook; what waits stays."""
        await self._parties.remove_webhook(recipient, channel)
        self._webhooks.pop((recipient, channel), None)
        self._rearrange(recipient)

    def endpoints(self) -> list[EndpointState]:
        """How every endpoint is doing."""
        return [
            EndpointState(key.recipient, key.url, key.for_status, worker.pace.failures, worker.pace.paused)
            for key, worker in sorted(self._workers.items())
        ]

    async def close(self, grace_s: float) -> None:
        """Finish the calls in flight, at most so long; then end."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        workers = list(self._workers.values())
        self._workers.clear()
        self._of_lane.clear()
        stops = [asyncio.create_task(worker.stop()) for worker in workers]
        if stops:
            _, late = await asyncio.wait(stops, timeout=grace_s)
            for stop in late:
                stop.cancel()
            if late:
                await asyncio.gather(*(worker.cancel() for worker in workers))

    def _rearrange(self, recipient: DipId) -> None:
        """Move a recipient's lanes to where its webhooks now say, once its calls in flight are settled."""
        task = asyncio.create_task(self._move(recipient))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _move(self, recipient: DipId) -> None:
        async with self._arranging[recipient]:
            leaving = [key for key in self._workers if key.recipient == recipient]
            workers = [self._workers.pop(key) for key in leaving]
            for number in [number for number, worker in self._of_lane.items() if worker in workers]:
                del self._of_lane[number]
            # Lanes are without a worker while the old ones finish: what comes in meanwhile waits.
            await asyncio.gather(*(worker.stop() for worker in workers))
            self._arrange(recipient)

    def _arrange(self, recipient: DipId) -> None:
        groups: dict[EndpointKey, list[Lane]] = defaultdict(list)
        for lane in self._store.lanes().values():
            hook = webhook_for(lane, self._webhooks) if lane.recipient == recipient else None
            if hook is not None:
                groups[EndpointKey(recipient, hook.url, lane.channel == STATUS_CHANNEL)].append(lane)
        for key, lanes in groups.items():
            worker = self._new_worker(key, lanes)
            for lane in lanes:
                self._of_lane[lane.id] = worker

    def _adopt(self, lane: Lane) -> Worker | None:
        """The worker for a lane that is new; None while it has no webhook, or is being moved."""
        hook = webhook_for(lane, self._webhooks)
        if hook is None or self._closed or self._arranging[lane.recipient].locked():
            return None
        key = EndpointKey(lane.recipient, hook.url, lane.channel == STATUS_CHANNEL)
        worker = self._workers.get(key) or self._new_worker(key, [lane])
        self._of_lane[lane.id] = worker
        return worker

    def _new_worker(self, key: EndpointKey, lanes: list[Lane]) -> Worker:
        endpoint = endpoint_of(key, self._webhooks.values(), self._settings)
        pace = Pace(self._settings, endpoint.max_count, random.Random())  # noqa: S311 - jitter, not a secret
        worker = Worker(self._postman, endpoint, lanes, pace)
        self._workers[key] = worker
        return worker
