"""Which endpoint serves which lane, and the workers that deliver (5.5.10)."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from dip.delivery.endpoint import Endpoint, EndpointKey, endpoint_of, key_of, webhook_for, webhook_of
from dip.delivery.worker import Worker
from dip.ground.clock import Clock
from dip.ground.errors import NotFound
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.store.protocol import MessageStore, PartyStore
from dip.store.records import EndpointSetting, Lane, Waiting, Webhook

_NOTHING: Final[Mapping[int, Sequence[Waiting]]] = {}
Begin = Callable[[Endpoint, Iterable[Lane]], Worker]


class UnknownEndpoint(NotFound):
    """No webhook has this address."""

    code = "unknown_endpoint"


class EndpointState(msgspec.Struct, frozen=True, rename="camel"):
    """How one endpoint is served, and how it is doing. channels: those assigned to it; `all` for the rest."""

    id: str
    recipient: DipId
    url: str
    for_status: bool
    name: str
    channels: tuple[str, ...]
    failures: int
    paused: bool
    """Failing: it is only probed."""
    held: bool
    """Paused by hand."""
    max_message_count: int
    max_payload_kb: int
    calls_in_flight: int
    calls_a_second: float | None
    retry_first_s: float
    retry_longest_s: float
    retry_jitter: float
    pause_after: int
    told: tuple[str, ...]


class Dispatcher:
    """Holds a worker for each endpoint that has a webhook; messages without one wait in the store."""

    def __init__(
        self, *, settings: Settings, clock: Clock, store: MessageStore, parties: PartyStore, begin: Begin
    ) -> None:
        """begin: a worker for an endpoint that serves these lanes."""
        self._settings = settings
        self._clock = clock
        self._store = store
        self._parties = parties
        self._begin = begin
        self._webhooks: dict[tuple[str, str], Webhook] = {}
        self._own: dict[EndpointKey, EndpointSetting] = {}
        self._workers: dict[EndpointKey, Worker] = {}
        self._of_lane: dict[int, Worker] = {}
        self._moving: set[int] = set()
        self._watching: list[Callable[[DipId], None]] = []
        self._arranging: defaultdict[DipId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self) -> None:
        """Read webhooks and lanes, and begin to deliver what waits."""
        self._webhooks = {(hook.recipient, hook.channel): hook for hook in self._parties.webhooks()}
        self._own = {
            EndpointKey(one.recipient, one.url, one.for_status): one for one in self._parties.endpoint_settings()
        }
        lanes: dict[EndpointKey, list[Lane]] = defaultdict(list)
        for lane in self._store.lanes().values():
            hook = webhook_for(lane, self._webhooks)
            if hook is not None:
                lanes[self._key(lane, hook)].append(lane)
        for key, served in lanes.items():
            self._new_worker(key, served)

    def wake(self, lanes: Iterable[int], fresh: Mapping[int, Sequence[Waiting]] = _NOTHING) -> None:
        """Something new waits in these lanes. fresh: what it is, by lane, where that is known."""
        for number in lanes:
            worker = self._worker_of(number)
            if worker is not None:
                worker.wake(self._store.lane(number), fresh.get(number, ()))

    def wake_again(self, lanes: Iterable[int]) -> None:
        """In these lanes something waits anew that was passed already, such as a dead letter that is requeued."""
        for number in lanes:
            worker = self._worker_of(number)
            if worker is not None:
                worker.again(self._store.lane(number))

    def resume(self, channel: str) -> None:
        """A channel that was held goes on."""
        self.wake_again([number for number in self._of_lane if self._store.lane(number).channel == channel])

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

    def serves(self, recipient: DipId, channel: str) -> bool:
        """Whether a webhook takes a recipient's messages of a channel, its own or the one for all."""
        return webhook_of(recipient, channel, self._webhooks) is not None

    def watch(self, told: Callable[[DipId], None]) -> None:
        """Have somebody told when a recipient's webhooks change, and again when its lanes have followed."""
        self._watching.append(told)

    def carries(self, lane: int) -> bool:
        """Whether a webhook's worker reads a lane, or has calls under way for it."""
        return lane in self._of_lane or lane in self._moving

    async def moved(self, recipient: DipId, patience_s: float) -> None:
        """Wait until a recipient's lanes are where its webhooks say, no longer than that."""
        if (arranging := self._arranging.get(recipient)) is None or not arranging.locked():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s), arranging:
                return

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

    def webhooks_of(self, recipient: DipId) -> Sequence[str]:
        """The channels for which a recipient has webhooks."""
        return [channel for holder, channel in self._webhooks if holder == recipient]

    async def remove_webhooks(self, recipient: DipId, channels: Sequence[str] | None, patience_s: float) -> None:
        """Withdraw a recipient's webhooks; what waits stays. channels: None for all, with their addresses' settings.

        patience_s: how long the calls under way are awaited.
        """
        await self._parties.remove_webhooks(recipient, channels)
        for channel in self.webhooks_of(recipient) if channels is None else channels:
            self._webhooks.pop((recipient, channel), None)
        if channels is None:
            self._own = {key: one for key, one in self._own.items() if key.recipient != recipient}
        await asyncio.wait([self._rearrange(recipient)], timeout=patience_s)

    def setting(self, endpoint_id: str) -> EndpointSetting:
        """An endpoint's own settings. Raises UnknownEndpoint."""
        key = next((key_of(hook) for hook in self._webhooks.values() if key_of(hook).id == endpoint_id), None)
        if key is None:
            raise UnknownEndpoint("No webhook has this id; GET /admin/api/endpoints lists them.")
        return self._own.get(key) or EndpointSetting(*key)

    def endpoint(self, endpoint_id: str) -> Endpoint:
        """How an endpoint is served. Raises UnknownEndpoint."""
        setting = self.setting(endpoint_id)
        return self._endpoint(EndpointKey(setting.recipient, setting.url, setting.for_status))

    def webhooks_to(self, endpoint_id: str) -> Sequence[Webhook]:
        """The webhooks whose address an endpoint is. Raises UnknownEndpoint."""
        self.setting(endpoint_id)
        return [hook for hook in self._webhooks.values() if key_of(hook).id == endpoint_id]

    async def change(self, setting: EndpointSetting) -> None:
        """Serve an endpoint in another way from now on; a word from the administrator is followed at once."""
        await self._parties.save_endpoint_setting(setting)
        key = EndpointKey(setting.recipient, setting.url, setting.for_status)
        self._own[key] = setting
        worker = self._workers.get(key)
        if worker is not None:
            worker.change(self._endpoint(key))

    def try_now(self, endpoint_id: str) -> None:
        """Call an endpoint at once, whatever its failures."""
        for key, worker in self._workers.items():
            if key.id == endpoint_id:
                worker.try_now()

    def endpoints(self) -> list[EndpointState]:
        """Every address that a webhook names, and how it is doing."""
        channels: dict[EndpointKey, list[str]] = defaultdict(list)
        for hook in self._webhooks.values():
            channels[key_of(hook)].append(hook.channel)
        return [self._state(key, tuple(sorted(served))) for key, served in sorted(channels.items())]

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

    def _state(self, key: EndpointKey, channels: tuple[str, ...]) -> EndpointState:
        endpoint = self._endpoint(key)
        worker = self._workers.get(key)
        return EndpointState(
            key.id,
            key.recipient,
            key.url,
            key.for_status,
            endpoint.name,
            channels,
            0 if worker is None else worker.pace.failures,
            worker is not None and worker.pace.paused,
            endpoint.held,
            endpoint.max_count,
            endpoint.max_bytes // 1000,
            endpoint.calls_in_flight,
            endpoint.calls_a_second,
            endpoint.retry_first_s,
            endpoint.retry_longest_s,
            endpoint.retry_jitter,
            endpoint.pause_after,
            endpoint.told,
        )

    def _rearrange(self, recipient: DipId) -> "asyncio.Task[None]":
        """Move a recipient's lanes to where its webhooks now say."""
        self._tell(recipient)
        task = asyncio.create_task(self._move(recipient))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _move(self, recipient: DipId) -> None:
        """Lanes whose address stays keep their worker; the others leave it once their calls have come back."""
        async with self._arranging[recipient]:
            leaving: dict[Worker, list[int]] = defaultdict(list)
            for number, lane in self._store.lanes().items():
                worker = self._of_lane.get(number)
                if lane.recipient != recipient or worker is None:
                    continue
                hook = webhook_for(lane, self._webhooks)
                if hook is None or self._key(lane, hook) != worker.endpoint.key:
                    leaving[worker].append(number)
                    del self._of_lane[number]
                    self._moving.add(number)
            try:
                await asyncio.gather(*(worker.release(lanes) for worker, lanes in leaving.items()))
            finally:
                self._moving.difference_update(number for lanes in leaving.values() for number in lanes)
            for key, worker in list(self._workers.items()):
                if key.recipient != recipient:
                    continue
                worker.change(self._endpoint(key))
                if not worker.lanes:
                    del self._workers[key]
                    await worker.stop()
            self.wake([lane.id for lane in self._store.lanes().values() if lane.recipient == recipient])
            self._tell(recipient)

    def _tell(self, recipient: DipId) -> None:
        for told in self._watching:
            told(recipient)

    def _worker_of(self, number: int) -> Worker | None:
        """The worker for a lane, made where need be; None while it has no webhook, or is being moved."""
        worker = self._of_lane.get(number)
        if worker is not None or self._closed or number in self._moving:
            return worker
        lane = self._store.lane(number)
        hook = webhook_for(lane, self._webhooks)
        if hook is None:
            return None
        key = self._key(lane, hook)
        worker = self._workers.get(key)
        if worker is None:
            return self._new_worker(key, [lane])
        self._of_lane[number] = worker
        return worker

    def _new_worker(self, key: EndpointKey, lanes: list[Lane]) -> Worker:
        worker = self._workers[key] = self._begin(self._endpoint(key), lanes)
        self._of_lane.update((lane.id, worker) for lane in lanes)
        return worker

    def _key(self, lane: Lane, hook: Webhook) -> EndpointKey:
        return EndpointKey(lane.recipient, hook.url, key_of(hook).for_status)

    def _endpoint(self, key: EndpointKey) -> Endpoint:
        return endpoint_of(key, self._webhooks.values(), self._settings, self._own.get(key))
