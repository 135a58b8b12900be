"""POST /statusmessage: a recipient reports what it found wrong with a message (5.5.9, 5.5.13 E)."""

from aiohttp import web

from dip.ground.budget import Budget
from dip.ground.clock import Clock
from dip.ground.settings import Settings
from dip.http.api.calls import JSON, Desk, caller_of
from dip.intake.request import InboundRequest
from dip.intake.status_messages import StatusIntake


class StatusMessagesIn:
    """Takes requests with status messages; holds at most so many bytes of them at once."""

    def __init__(self, *, desk: Desk, intake: StatusIntake, settings: Settings, clock: Clock) -> None:
        self._desk = desk
        self._intake = intake
        self._settings = settings
        self._clock = clock
        self._budget = Budget(settings.intake_waiting_bytes)

    async def take(self, request: web.Request) -> web.Response:
        """Report what you found wrong with messages that you received; each report goes to the message's sender.

        An array of entries of a StandardResponse. `transactionID` names the message, `senderID` is your DIP id,
        `message` begins with a code of the response codes that reports a problem. What is null in
        `senderUniqueReference`, `correlationID` and `recipientID` is filled in from the message.
        """
        started = self._clock.monotonic()
        async with self._budget.hold(request.content_length or self._settings.body_limit_bytes):
            body = await self._desk.read(request)
            answer = await self._intake.receive(
                InboundRequest(
                    method=request.method,
                    urls=self._desk.urls(request),
                    headers=request.headers,
                    body=body,
                    caller=caller_of(request),
                    channel_id=None,
                    started=started,
                )
            )
        return web.Response(status=answer.status, body=answer.body, content_type=JSON)
