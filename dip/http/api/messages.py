"""POST /dip-channel/{id}: messages come in (5.5.10)."""

from collections.abc import Sequence

from aiohttp import web

from dip.channels.channel import Correlation
from dip.channels.registry import Registry
from dip.delivery.replies import Replies, Reply, SignedReply
from dip.ground.budget import Budget
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.http.api.calls import JSON, Desk, UnknownChannel, caller_of
from dip.http.api.faulty_answers import fault_note
from dip.intake.receive import Intake
from dip.intake.request import Answer, Committed, InboundRequest
from dip.reporting.metrics import Metrics
from dip.store.records import NewMessage


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
        replies: Replies,
    ) -> None:
        self._desk = desk
        self._intake = intake
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._metrics = metrics
        self._replies = replies
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
        wait_s = self._wait_s(request)
        expected = request.content_length or self._settings.body_limit_bytes
        async with self._budget.hold(expected):
            body = await self._desk.read(request)
            answer = await self._intake.receive(
                InboundRequest(
                    method=request.method,
                    urls=self._desk.urls(request),
                    headers=request.headers,
                    body=body,
                    caller=caller_of(request),
                    channel_id=channel_id,
                    started=started,
                    note=fault_note(request),
                )
            )
        self._metrics.received(answer.status, len(answer.new))
        self.tell_waiting(answer.new)
        reply = await self._reply(request, answer, wait_s)
        if reply is not None and self._desk.admits(request):
            return web.Response(status=200, body=reply.body, headers={"Content-Type": JSON, **reply.headers})
        again = {} if answer.retry_after_s is None else {"Retry-After": str(answer.retry_after_s)}
        return web.Response(status=answer.status, body=answer.body, content_type=JSON, headers=again)

    def tell_waiting(self, new: Sequence[Committed]) -> None:
        """These messages are committed: whoever waits for one of them as a reply gets it."""
        if self._replies.nobody_waits:
            return
        for committed in new:
            message = committed.message
            if message.correlation_id is None:
                continue
            for delivery in message.deliveries:
                self._replies.arrived(
                    Reply(
                        message.correlation_id,
                        delivery.recipient,
                        delivery.hidden,
                        message.protected,
                        committed.envelope,
                    )
                )

    async def _reply(self, request: web.Request, answer: Answer, wait_s: float | None) -> SignedReply | None:
        """The reply to the one message of the request, where its sender waits for one and it comes in time."""
        if len(answer.new) != 1 or answer.new[0].message.correlation_id is None:
            return None
        message = answer.new[0].message
        wait = self._usual_wait_s(message) if wait_s is None else wait_s
        if wait <= 0 or message.correlation_id is None:
            return None
        url = self._desk.urls(request)[0]
        return await self._replies.wait(message.correlation_id, message.sender, wait, method=request.method, url=url)

    def _usual_wait_s(self, message: NewMessage) -> float:
        """How long a call waits that does not say: on a synchronous channel, for the answer to what it began."""
        channel = self._registry.value.find(message.interface)
        if channel is None or channel.reply_within is None:
            return 0
        event = channel.events.get(message.event)
        begins = event is not None and event.correlation(message.sender_role) is Correlation.CREATE
        return channel.reply_within.total_seconds() if begins else 0

    def _wait_s(self, request: web.Request) -> float | None:
        """The seconds of `?wait=`, 0 to 60. Raises BadRequest."""
        text = request.query.get("wait")
        if text is None:
            return None
        longest = self._settings.longest_wait_s
        if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= longest):
            raise BadRequest(f"wait: expected whole seconds from 0 to {longest}.")
        return float(text)
