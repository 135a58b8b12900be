"""A receiver: what a participant does with a call, and no more.

It checks the content hash, reads every element, notes reference, transaction and time, and answers with an entry for
each, as the live API asks.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from dip.client import Credentials
from dip.messages.headers import CONTENT_HASH
from dip.messages.standard_response import Entry, StandardResponse
from dip.messages.timestamps import wire_time
from dip.security.encryption import UndecryptableBlock
from dip.security.signing import content_hash

TAKEN = "RCP0000 - Message Success"
REJECTED = "RCP1000 - Message Processing Failed"
_BODY_LIMIT = 64 * 1024 * 1024

Judge = Callable[[Sequence[str]], int | Sequence[str]]
"""Given the references of a call: the codes of the answer's entries, or a status to refuse the whole call with."""


class Arrival(msgspec.Struct):
    """One call: who got it, when it was answered (monotonic seconds of the machine), and what was in it."""

    recipient: str
    at: float
    references: list[str]
    transactions: list[str | None] = []
    taken: bool = True
    """Whether it was answered with entries."""


class Opening:
    """Opens one encrypted message in so many, and compares its CustomBlock with what was sent.

    renewed: told when the participant's folder had newer credentials.
    """

    def __init__(self, credentials: Credentials, every: int, expected: object) -> None:
        self.renewed: Callable[[Credentials], None] = lambda credentials: None
        self._credentials = credentials
        self._every = every
        self._expected = expected
        self._seen = 0
        self.opened = 0
        self.wrong = 0

    def look_at(self, message: dict[str, Any]) -> None:
        """Open it if it is its turn. Raises UndecryptableBlock."""
        self._seen += 1
        if self._seen % self._every:
            return
        self.opened += 1
        sealed = isinstance(message["payload"]["CustomBlock"], str)
        if not sealed or self._opened(message)["payload"]["CustomBlock"] != self._expected:
            self.wrong += 1

    def _opened(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._credentials.opened(message)
        except UndecryptableBlock:
            renewed = self._credentials.renewed()
            if renewed is None:
                raise
            self._credentials = renewed
            self.renewed(renewed)
            return renewed.opened(message)


def take_all(references: Sequence[str]) -> Sequence[str]:
    """The judgement of a receiver that has no reason to refuse anything."""
    return [TAKEN] * len(references)


class Receiver:
    """One participant. told: called with each call that was answered."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        judge: Judge = take_all,
        opening: Opening | None = None,
        told: Callable[[Arrival], None] = lambda arrival: None,
    ) -> None:
        self.credentials = credentials
        self.judge = judge
        self.opening = opening
        self.arrivals: list[Arrival] = []
        self._told = told

    async def take(self, request: web.Request) -> web.Response:
        """Answer with an entry for each element; 400 where the body is not what the header says."""
        body = await request.read()
        if request.headers[CONTENT_HASH] != content_hash(body):
            return web.Response(status=400)
        elements = msgspec.json.decode(body)
        named = [_named(element) for element in elements]
        references = [reference for _, reference, _ in named]
        if self.opening is not None:
            for element in elements:
                self.opening.look_at(element)
        judged = self.judge(references)
        refused = isinstance(judged, int)
        response = web.Response(status=judged) if isinstance(judged, int) else self._answer(named, judged)
        transactions: list[str | None] = [transaction for transaction, _, _ in named]
        arrival = Arrival(self.credentials.dip_id, time.monotonic(), references, transactions, not refused)
        self.arrivals.append(arrival)
        self._told(arrival)
        return response

    def _answer(self, named: Sequence[tuple[str, str, str]], codes: Sequence[str]) -> web.Response:
        now = wire_time(datetime.now(UTC))
        entries = [
            Entry(
                transaction_id=transaction,
                sender_unique_reference=reference,
                sent_timestamp=now,
                sender_id=self.credentials.dip_id,
                recipient_id=sender,
                message=code,
            )
            for (transaction, reference, sender), code in zip(named, codes, strict=True)
        ]
        status = 201 if all(code == TAKEN for code in codes) else 207
        body = msgspec.json.encode(StandardResponse(entries, now))
        return web.Response(status=status, body=body, content_type="application/json")


def _named(element: dict[str, Any]) -> tuple[str, str, str]:
    """Transaction id, reference and sender of a message, or of a status message."""
    if "payload" not in element:
        return element["transactionID"], element["senderUniqueReference"], element["senderID"]
    common = element["payload"]["CommonBlock"]
    sender = common["S1"]
    return common.get("D0", {}).get("transactionID"), sender["senderUniqueReference"], sender["senderDIPID"]


@asynccontextmanager
async def listening(receiver: Receiver, port: int = 0) -> AsyncIterator[int]:
    """Serve a receiver over mTLS on a loopback port; gives the port."""
    application = web.Application(client_max_size=_BODY_LIMIT)
    application.router.add_post("/{path:.*}", receiver.take)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        context = receiver.credentials.listening_context()
        if receiver.opening is not None:
            receiver.opening.renewed = lambda credentials: credentials.show(context)
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context, reuse_address=True).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
