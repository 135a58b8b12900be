"""Replay, requeue and how far a requeue is: of channels and of status messages (5.5.11; live API 2.2.1)."""

from collections.abc import Mapping
from functools import partial
from typing import Final

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.delivery.replay import Replay, ReplayPage
from dip.delivery.replay_request import ReplayRequest, decoded, read_request
from dip.delivery.requeue import Requeues
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.http.api.calls import JSON, Desk, UnknownChannel, caller_of
from dip.http.api.requeue_views import requeue_status
from dip.http.api.signed_calls import SignedCalls
from dip.messages.headers import CONTENT_HASH, CONTINUATION
from dip.messages.identifiers import DipId
from dip.participants.agency import receiving_roles
from dip.participants.signatures import Signed
from dip.store.evidence import inbound_call
from dip.store.protocol import MessageStore
from dip.store.records import STATUS_CHANNEL, Exchange, Settlement, stage_of

LISTED: Final = 100
"""Most requeues in one answer."""
_OK: Final = 200
_ACCEPTED: Final = 202
_NO_CONTENT: Final = 204
_PARTIAL: Final = 206
_BODY_LIMIT: Final = 64 * 1024
"""Bytes; a hundred transaction ids are seven thousand."""


class Replays:
    """The three calls of a recipient about what it was sent before. All are signed."""

    def __init__(
        self,
        *,
        desk: Desk,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        calls: SignedCalls,
        store: MessageStore,
        replay: Replay,
        requeues: Requeues,
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._calls = calls
        self._store = store
        self._replay = replay
        self._requeues = requeues

    async def replay(self, request: web.Request) -> web.Response:
        """What a recipient was sent on a channel, once more, in the answer.

        206 says that there is more: send the same request again with the answer's `X-Continuation-Token`.
        """
        started = self._clock.monotonic()
        recipient, channel, body, signed = await self._called(request)
        wanted = self._wanted(channel, body)
        url = self._desk.urls(request)[0]
        page = await self._replay.page(
            recipient, channel, wanted, request.headers.get(CONTINUATION) or None, method=request.method, url=url
        )
        status = _OK if page.token is None else _PARTIAL
        exchange = self._exchange(request, signed, status, started)
        exchange.note = _note(page)
        stage = stage_of(for_status=channel == STATUS_CHANNEL)
        await self._store.settle(Settlement(exchange=exchange, recipient=recipient, stage=stage))
        return web.Response(status=status, body=page.body, headers=_headers(page))

    async def requeue(self, request: web.Request) -> web.Response:
        """Queue what a recipient was sent on a channel once more; the answer is the id of the requeue.

        One at a time for a recipient and channel: 429 while one is under way.
        """
        started = self._clock.monotonic()
        recipient, channel, body, signed = await self._called(request)
        wanted = self._wanted(channel, body)
        exchange = self._exchange(request, signed, _ACCEPTED, started)
        name = await self._requeues.begin(recipient, channel, wanted, exchange)
        return web.Response(status=_ACCEPTED, body=msgspec.json.encode(name), content_type=JSON)

    async def requeue_status(self, request: web.Request) -> web.Response:
        """How far the requeues of a recipient and channel are, the newest first; or the one of `?requeue-id=`."""
        recipient, channel, _, _ = await self._called(request)
        runs = self._requeues.of(recipient, channel, request.query.get("requeue-id") or None, LISTED)
        if not runs:
            return web.Response(status=_NO_CONTENT)
        return web.Response(body=msgspec.json.encode([requeue_status(run) for run in runs]), content_type=JSON)

    async def _called(self, request: web.Request) -> tuple[DipId, str, bytes, Signed]:
        """The recipient, the channel and the body of a signed call by the recipient, or by who acts for it."""
        found = self._registry.value.find(request.match_info.get("channel_id", STATUS_CHANNEL).upper())
        call = await self._calls.take(request, "ask for messages", partial(receiving_roles, found), _BODY_LIMIT)
        return call.recipient, self._channel(request, call.recipient), call.body, call.signed

    def _channel(self, request: web.Request, recipient: DipId) -> str:
        """The channel of the address; one that is served no more, as long as something was sent on it."""
        named = request.match_info.get("channel_id", STATUS_CHANNEL)
        channel = self._registry.value.find(named.upper())
        if channel is not None:
            return channel.id
        known = STATUS_CHANNEL if "channel_id" not in request.match_info else named.upper()
        if known == STATUS_CHANNEL or self._store.lane_of(recipient, known) is not None:
            return known
        raise UnknownChannel(f"{named[:20]}: expected an interface that this DIP serves, such as IF-031.")

    def _wanted(self, channel: str, body: bytes) -> ReplayRequest:
        return read_request(decoded(body), channel, self._registry.value.find(channel), self._settings.switches)

    def _exchange(self, request: web.Request, signed: Signed, status: int, started: float) -> Exchange:
        """The evidence of the call. The address names no MPAN, and the body stays with the caller."""
        return inbound_call(
            caller_of(request),
            signed,
            at=microseconds(self._clock.now()),
            method=request.method,
            url=self._desk.urls(request)[0],
            status=status,
            duration_us=int((self._clock.monotonic() - started) * 1_000_000),
        )


def _headers(page: ReplayPage) -> Mapping[str, str]:
    more = {} if page.token is None else {CONTINUATION: page.token}
    return {"Content-Type": JSON, **page.headers, **more}


def _note(page: ReplayPage) -> str:
    """What the call brought: how many, and by which content the answer can be known again."""
    return f"replayed {page.count}; content hash of the answer {page.headers[CONTENT_HASH]}"
