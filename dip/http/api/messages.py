"""POST /dip-channel/{id}: messages come in (5.5.10)."""

import asyncio

from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.budget import Budget
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.http.api.calls import JSON, Desk, UnknownChannel, caller_of
from dip.intake.receive import Intake
from dip.intake.request import InboundRequest
from dip.reporting.metrics import Metrics


class MessagesIn:
    """Takes requests with messages; holds at most so many bytes of them at once."""

    def __init__(
        self,
        *,
        desk: Desk,
        intake: Intake,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        metrics: Metrics,
    ) -> None:
        self._desk = desk
        self._intake = intake
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._metrics = metrics
        self._budget = Budget(settings.intake_waiting_bytes)

    async def one_channel(self, request: web.Request) -> web.Response:
        """An array of messages for the channel of the address."""
        channel_id = request.match_info["channel_id"].upper()
        if self._registry.value.find(channel_id) is None:
            raise UnknownChannel(f"{channel_id[:20]}: expected an interface that this DIP serves, such as IF-031.")
        return await self._take(request, channel_id)

    async def any_channel(self, request: web.Request) -> web.Response:
        """An array of messages for several channels, each by its S0.interfaceID (spec profile)."""
        return await self._take(request, None)

    async def _take(self, request: web.Request, channel_id: str | None) -> web.Response:
        started = self._clock.monotonic()
        expected = request.content_length or self._settings.body_limit_bytes
        async with self._budget.hold(expected):
            try:
                async with asyncio.timeout(self._settings.request_timeout_s):
                    body = await self._desk.read(request)
            except TimeoutError as exc:
                raise BadRequest(f"Body: expected all of it within {self._settings.request_timeout_s:g} s.") from exc
            answer = await self._intake.receive(
                InboundRequest(
                    method=request.method,
                    urls=self._desk.urls(request),
                    headers=request.headers,
                    body=body,
                    caller=caller_of(request),
                    channel_id=channel_id,
                    started=started,
                )
            )
        self._metrics.received(answer.status, answer.taken)
        return web.Response(status=answer.status, body=answer.body, content_type=JSON)
