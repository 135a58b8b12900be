"""A participant's webhook: takes the DIP's calls, verifies, decrypts, acknowledges."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from dip.client.credentials import Credentials
from dip.client.errors import CredentialsIncomplete
from dip.client.opening import NO_MESSAGES, Opened, elements_of, open_elements, verify_call
from dip.client.received import Received
from dip.client.responses import MESSAGE_SUCCESS, SIGNATURE_INVALID, entry_for, labelled, response
from dip.ground.clock import Clock
from dip.messages.identifiers import TransactionId
from dip.messages.standard_response import SUCCESS_CODES, Entry, code_of
from dip.security.signing import SignatureRefused

Handler = Callable[[Sequence[Received]], Awaitable[Sequence[str] | None]]
"""Judges new messages: a response code for each (`RCP0000` or one of refusal), None for success throughout.

It may raise an aiohttp.web.HTTPException to answer with another status, such as 503 to be asked again.
"""

BODY_LIMIT = 32 * 1024 * 1024
REMEMBERED = 100_000
"""Transaction ids kept to recognise what comes twice."""


class Listener:
    """An HTTPS server on a loopback port, an async context manager; iterate over it for what arrives.

    The caller must hold a certificate under the participant's root, and the call must carry the DIP's
    signature, made within `tolerance` (wall clock). Answers hold one entry for each message: 201 all
    taken, 207 some, 400 none. A transaction that comes again gets the first answer and is not handed on,
    unless it was asked for (replayIndicator).

    handler judges the messages before the answer. Messages wait for the iteration, at most `capacity`:
    without a handler a full listener answers 503, with one it forgets the oldest.
    raw verifies, counts and keeps nothing: 202 without entries.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        handler: Handler | None = None,
        raw: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        capacity: int = 10_000,
        tolerance: timedelta = timedelta(seconds=300),
    ) -> None:
        self.credentials = credentials
        self.calls = 0
        """Calls with a right signature."""
        self.messages = 0
        """Elements of those calls, repeated ones included."""
        self._handler = handler
        self._raw = raw
        self._host = host
        self._port = port
        self._clock = clock or Clock()
        self._tolerance = tolerance
        self._capacity = capacity
        self._waiting: deque[Received] = deque()
        self._arrived = asyncio.Condition()
        self._turn = asyncio.Lock()
        self._judged: OrderedDict[TransactionId, str] = OrderedDict()
        self._context = credentials.listening_context()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=BODY_LIMIT)
        application.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port, ssl_context=self._context).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where the DIP posts messages; any path under the host does."""
        return f"https://{self._host}:{self._port}/messages"

    @property
    def status_url(self) -> str:
        """Where the DIP posts status messages."""
        return f"https://{self._host}:{self._port}/statusmessages"

    @property
    def waiting(self) -> int:
        """How many messages wait for the iteration."""
        return len(self._waiting)

    async def __aiter__(self) -> AsyncIterator[Received]:
        while True:
            yield await self.next()

    async def next(self, timeout_s: float | None = None) -> Received:
        """The next message in order of receipt. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: self._waiting)
            return self._waiting.popleft()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        now = self._clock.wall()
        try:
            verify_call(
                self.credentials,
                request.headers,
                url=f"{request.scheme}://{request.host}{request.raw_path}",
                body=body,
                wall_now=now,
                tolerance=self._tolerance,
            )
        except SignatureRefused as refusal:
            refused = [Opened(item, None, SIGNATURE_INVALID, refusal.help) for item in elements_of(body)]
            return self._answer(refused, [SIGNATURE_INVALID] * len(refused))
        self.calls += 1
        if self._raw:
            self.messages += len(msgspec.json.decode(body, type=list[msgspec.Raw]))
            return web.Response(status=202)
        if body.strip() == NO_MESSAGES:
            return self._answer([], [])
        elements = elements_of(body)
        self.messages += len(elements)
        opened = await asyncio.to_thread(open_elements, self.credentials, elements, request.headers, now)
        if any(element.undecryptable for element in opened) and await self._take_up_renewed():
            opened = await asyncio.to_thread(open_elements, self.credentials, elements, request.headers, now)
        # One call after the other: else a call repeated by an impatient DIP would pass its first copy here.
        async with self._turn:
            return self._answer(opened, await self._judge(opened))

    async def _take_up_renewed(self) -> bool:
        """Whether the folder holds newer credentials; if so they are in use from now on."""
        try:
            renewed = await asyncio.to_thread(self.credentials.renewed)
            if renewed is not None:
                renewed.show(self._context)
                self.credentials = renewed
        except CredentialsIncomplete:
            return False
        return renewed is not None

    async def _judge(self, opened: Sequence[Opened]) -> list[str]:
        """The code for each element; new messages go to the handler and to the iteration."""
        codes = [element.code for element in opened]
        new: dict[int, Received] = {}
        for position, element in enumerate(opened):
            if element.received is None:
                continue
            earlier = self._earlier_verdict(element.received)
            if earlier is None:
                new[position] = element.received
            else:
                codes[position] = earlier
        if self._handler is None and len(self._waiting) + len(new) > self._capacity:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})
        verdicts = await self._handler([*new.values()]) if self._handler and new else None
        for position, verdict in zip(new, verdicts or [MESSAGE_SUCCESS] * len(new), strict=True):
            codes[position] = verdict
            self._remember(new[position], verdict)
        await self._hand_on([*new.values()])
        return codes

    def _earlier_verdict(self, received: Received) -> str | None:
        # A status message is no repeat of the message that it is about, nor of another status of it.
        if received.is_status or received.replayed or received.transaction_id is None:
            return None
        return self._judged.get(received.transaction_id)

    def _remember(self, received: Received, verdict: str) -> None:
        if received.transaction_id is None or received.is_status:
            return
        self._judged[received.transaction_id] = verdict
        while len(self._judged) > REMEMBERED:
            self._judged.popitem(last=False)

    async def _hand_on(self, new: Sequence[Received]) -> None:
        async with self._arrived:
            self._waiting.extend(new)
            while len(self._waiting) > self._capacity:
                self._waiting.popleft()
            self._arrived.notify_all()

    def _answer(self, opened: Sequence[Opened], codes: Sequence[str]) -> web.Response:
        now = self._clock.now()
        entries = [
            entry_for(
                element.item,
                responder=self.credentials.dip_id,
                code=labelled(code),
                now=now,
                explanation=element.explanation,
            )
            for element, code in zip(opened, codes, strict=True)
        ]
        return web.Response(status=_status(entries), body=response(entries, now), content_type="application/json")


def _status(entries: Sequence[Entry]) -> int:
    taken = sum(code_of(entry.message) in SUCCESS_CODES for entry in entries)
    if taken == len(entries):
        return 201
    return 207 if taken else 400
