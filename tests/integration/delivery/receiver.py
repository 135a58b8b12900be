"""A bare webhook: answers what a test tells it, and keeps every call as it came."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from dip.client import Credentials

BODY_LIMIT = 32 * 1024 * 1024


class Incoming(msgspec.Struct):
    """One webhook call."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def elements(self) -> list[dict[str, Any]]:
        """The elements of its array."""
        found: list[dict[str, Any]] = msgspec.json.decode(self.body)
        return found

    @property
    def references(self) -> list[str]:
        """The senders' references of its messages, in order."""
        return [element["payload"]["CommonBlock"]["S1"]["senderUniqueReference"] for element in self.elements]

    @property
    def transactions(self) -> list[str]:
        """The transaction ids of its messages, or of the messages that its status messages are about."""
        return [_transaction(element) for element in self.elements]


Answering = Callable[[Incoming], web.Response]


class Receiver:
    """An HTTPS server on a loopback port; any path is a webhook. Calls hang while `open` is cleared."""

    def __init__(self, credentials: Credentials, answering: Answering | None = None) -> None:
        self.credentials = credentials
        self.answering = answering or taken
        self.calls: list[Incoming] = []
        self.open = asyncio.Event()
        self.open.set()
        self._arrived = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=BODY_LIMIT)
        application.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.credentials.listening_context()).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.open.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def url(self, path: str = "messages") -> str:
        """An address of this webhook."""
        return f"https://127.0.0.1:{self._port}/{path}"

    @property
    def references(self) -> list[str]:
        """The references of every call so far, in order."""
        return [reference for call in self.calls for reference in call.references]

    async def called(self, times: int = 1, timeout_s: float = 30) -> Incoming:
        """Wait for so many calls; the last of them."""
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: len(self.calls) >= times)
            return self.calls[times - 1]

    async def received(self, count: int, timeout_s: float = 30) -> list[str]:
        """Wait for so many elements in all; their references."""
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: sum(len(call.elements) for call in self.calls) >= count)
            return self.references

    async def _body(self, request: web.Request) -> bytes:
        return await request.read()

    async def _take(self, request: web.Request) -> web.Response:
        incoming = Incoming(request.path, request.headers, await self._body(request))
        self.calls.append(incoming)
        async with self._arrived:
            self._arrived.notify_all()
        await self.open.wait()
        return self.answering(incoming)


def taken(incoming: Incoming) -> web.Response:
    """Every message is taken."""
    return entries(incoming)


def status(code: int, **headers: str) -> Answering:
    """The same status to every call, without entries."""
    return lambda incoming: web.Response(
        status=code, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def in_turn(*answers: Answering) -> Answering:
    """One answer after the other; the last one for ever."""
    left = list(answers)

    def answered(incoming: Incoming) -> web.Response:
        return (left.pop(0) if len(left) > 1 else left[0])(incoming)

    return answered


def entries(
    incoming: Incoming,
    *,
    code: int = 201,
    refused: Mapping[str, str] | None = None,
    left_out: Collection[str] = (),
) -> web.Response:
    """A StandardResponse: the refused transactions with their code, those left out without an entry."""
    said = [
        {
            "transactionID": transaction,
            "senderUniqueReference": None,
            "message": (refused or {}).get(transaction, "RCP0000 - Message Success"),
            "help": "because the test says so",
        }
        for transaction in incoming.transactions
        if transaction not in left_out
    ]
    body = {"messageArray": said, "timestamp": "2026-03-21T19:05:00+00:00"}
    return web.Response(status=code, body=msgspec.json.encode(body), content_type="application/json")


def _transaction(element: Mapping[str, Any]) -> str:
    if "payload" not in element:
        return str(element["transactionID"])
    return str(element["payload"]["CommonBlock"]["D0"]["transactionID"])
