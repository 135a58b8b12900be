"""A recipient fetches its messages itself: pull, acknowledge, stream (contract, Pull and stream)."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import Final

from aiohttp import web

from dip.channels.registry import Registry
from dip.delivery.acknowledgements import Acknowledgement
from dip.delivery.fetching import Fetching
from dip.delivery.handing_out import Ask
from dip.delivery.streams import BrokenOff
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.http.api.calls import JSON, Desk, UnknownChannel
from dip.http.api.faulty_answers import fault_of
from dip.http.api.signed_calls import SignedCall, SignedCalls
from dip.messages.headers import ENVIRONMENT, LAST_EVENT, LEASE
from dip.participants.agency import receiving_roles
from dip.participants.receiving import check_receives
from dip.store.records import STATUS_CHANNEL

_EVENT_STREAM: Final = "text/event-stream"
_NO_CONTENT: Final = 204
_LARGEST: Final = 2**63 - 1


class FetchingApi:
    """The calls of recipients that have no webhook. `{recipient-id}` is the caller, or one that it acts for."""

    def __init__(
        self,
        *,
        desk: Desk,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        calls: SignedCalls,
        fetching: Fetching,
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._calls = calls
        self._fetching = fetching

    async def pull_channel(self, request: web.Request) -> web.Response:
        """Fetch messages of a channel, in order of receipt. What is not acknowledged in time is handed out again."""
        return await self._pull(request, self._channel(request))

    async def pull_status(self, request: web.Request) -> web.Response:
        """Fetch status messages, in order. They are leased as messages are."""
        return await self._pull(request, STATUS_CHANNEL)

    async def acknowledge_channel(self, request: web.Request) -> web.Response:
        """Acknowledge messages that were pulled or streamed. The entries decide, message by message."""
        return await self._acknowledge(request, self._channel(request))

    async def acknowledge_status(self, request: web.Request) -> web.Response:
        """Acknowledge status messages that were pulled or streamed."""
        return await self._acknowledge(request, STATUS_CHANNEL)

    async def stream_channel(self, request: web.Request) -> web.StreamResponse:
        """Stream messages of a channel as server-sent events, each leased before it is written."""
        return await self._stream(request, self._channel(request))

    async def stream_status(self, request: web.Request) -> web.StreamResponse:
        """Stream status messages as server-sent events."""
        return await self._stream(request, STATUS_CHANNEL)

    async def _pull(self, request: web.Request, channel: str) -> web.Response:
        call, settings = await self._authorise(request, channel), self._settings
        most = _number(request, "max", 1, settings.message_limit, settings.pull_message_count)
        wait_s = _number(request, "wait", 0, settings.longest_wait_s, 0)
        url, most = self._desk.urls(request)[0], min(most, settings.message_limit)
        ask = Ask(call.recipient, channel, url, most, fault_of(request), call.agent)
        pulled = self._fetching.pulls.pulled(ask, wait_s, is_wanted=self._is_wanted(request, call))
        async with pulled as found:
            if found is None:
                self._desk.check_again(request)
                return web.Response(status=_NO_CONTENT)
            headers = {**found.outgoing.headers, LEASE: str(found.lease)}
            response = web.Response(body=found.outgoing.body, headers=headers)
            if ask.fault is not None:
                # A fault on demand has its way with the answer before it is written.
                return response
            # The answer counts as held until it is written, which a slow reader may not put off for ever.
            try:
                async with asyncio.timeout(settings.answer_timeout_s):
                    await response.prepare(request)
                    await response.write_eof()
            except (ConnectionError, TimeoutError):
                _abandon(request)
            return response

    async def _acknowledge(self, request: web.Request, channel: str) -> web.Response:
        started = self._clock.monotonic()
        call = await self._authorise(request, channel)
        given = request.headers.get(LEASE)
        if given is not None and not _is_number(given, 0, _LARGEST):
            raise BadRequest(f"{LEASE}: expected the number that the answer to your pull carried.")
        answer = await self._fetching.acknowledgements.take(
            Acknowledgement(
                recipient=call.recipient,
                channel=channel,
                body=call.body,
                lease=None if given is None else int(given),
                caller=call.caller,
                signed=call.signed,
                url=self._desk.urls(request)[0],
                started=started,
            )
        )
        return web.Response(body=answer, content_type=JSON)

    async def _stream(self, request: web.Request, channel: str) -> web.StreamResponse:
        call = await self._authorise(request, channel)
        last = request.headers.get(LAST_EVENT)
        if last is not None and not _is_number(last, 0, _LARGEST):
            raise BadRequest(f"{LAST_EVENT}: expected the id of the last event that you received.")
        most = self._settings.stream_in_flight
        ask = Ask(call.recipient, channel, self._desk.urls(request)[0], most, fault_of(request), call.agent)
        after = None if last is None else int(last)
        with self._fetching.streams.opened(ask, after, self._is_wanted(request, call)) as pieces:
            headers = {"Content-Type": _EVENT_STREAM, "Cache-Control": "no-store"}
            if self._settings.switches.platform_headers:
                headers[ENVIRONMENT] = self._settings.environment
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            try:
                async with aclosing(pieces):
                    async for piece in pieces:
                        async with asyncio.timeout(self._settings.answer_timeout_s):
                            await response.write(piece)
            except BrokenOff:
                _break_off(request)
            except (ConnectionError, TimeoutError):
                _abandon(request)
            return response

    def _channel(self, request: web.Request) -> str:
        named = request.match_info["channel_id"]
        channel = self._registry.value.find(named.upper())
        if channel is None:
            raise UnknownChannel(f"{named[:20]}: expected an interface that this DIP serves, such as IF-031.")
        return channel.id

    async def _authorise(self, request: web.Request, channel: str) -> SignedCall:
        """A signed call by the recipient, or by who acts for it."""
        found = self._registry.value.find(channel)
        call = await self._calls.take(request, "fetch messages", partial(receiving_roles, found))
        check_receives(found, call.participant)
        return call

    def _is_wanted(self, request: web.Request, call: SignedCall) -> Callable[[], bool]:
        """Whether something may still be handed out in answer to a call: its maker is there, and may have it."""
        return lambda: _is_there(request) and self._calls.holds(call) and self._desk.admits(request)


def _number(request: web.Request, name: str, least: int, most: int, usual: int) -> int:
    """A whole number of the query. Raises BadRequest."""
    text = request.query.get(name)
    if text is None:
        return usual
    if not _is_number(text, least, most):
        raise BadRequest(f"{name}: expected a whole number from {least} to {most}.")
    return int(text)


def _is_number(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most


def _abandon(request: web.Request) -> None:
    """The caller is gone, or reads too slowly: what it has not got is handed out again when its lease ends."""
    if request.transport is not None:
        request.transport.abort()


def _break_off(request: web.Request) -> None:
    """Close the connection as soon as everything that was written has left."""
    if request.transport is not None:
        request.transport.close()


def _is_there(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()
