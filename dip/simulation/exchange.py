"""The record of a play while it runs: what was sent, what arrived how fast, what is still awaited."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from dip.client import Received
from dip.messages.identifiers import CorrelationId, DipId, EventCode, InterfaceId, SenderReference
from dip.messages.standard_response import Entry
from dip.simulation.line import Line
from dip.simulation.play import Receipt


class Sent(msgspec.Struct, frozen=True):
    """A message that a participant sent, and what the DIP said of it."""

    at: datetime
    sender: DipId
    line: Line
    status: int
    entry: Entry
    accepted: bool


class Arrived(msgspec.Struct, frozen=True):
    """A message that reached a participant; latency from the start of the sender's call, in seconds."""

    at: datetime
    recipient: DipId
    received: Received
    latency_s: float


class Observer(Protocol):
    """Somebody who watches a play."""

    def sent(self, sent: Sent) -> None:
        """A message was sent."""

    def arrived(self, arrived: Arrived) -> None:
        """A message arrived."""


class Exchange:
    """Compares what happens with what is expected; `ended` is set at success and at the first failure."""

    def __init__(self, expected: Iterable[Receipt], observer: Observer) -> None:
        self.awaited = set(expected)
        self.failure: str | None = None
        """Why the play failed, for a person; None while it has not."""
        self.ended = asyncio.Event()
        self._expected = frozenset(self.awaited)
        self._observer = observer
        self._started: dict[SenderReference, float] = {}
        self._correlation: CorrelationId | None = None
        self._latencies: dict[tuple[InterfaceId, EventCode], list[float]] = {}

    @property
    def latencies(self) -> Mapping[tuple[InterfaceId, EventCode], list[float]]:
        """Seconds from send to receipt of each message, in order of sending."""
        return self._latencies

    def starts(self, reference: SenderReference, monotonic: float) -> None:
        """A call with this message is about to be made."""
        self._started[reference] = monotonic

    def sent(self, sent: Sent) -> None:
        """The call was answered; a refusal ends the play."""
        self._observer.sent(sent)
        if not sent.accepted:
            said = sent.entry.message or "nothing about the message"
            explanation = f": {sent.entry.help}" if sent.entry.help else ""
            self.fail(
                f"{sent.line.interface} {sent.line.event} from {sent.sender} was refused: "
                f"status {sent.status}, {said}{explanation}"
            )

    def arrived(self, recipient: DipId, received: Received, monotonic: float) -> None:
        """A message reached this participant; an unexpected or uncorrelated one ends the play."""
        if received.is_status:
            self.fail(f"{recipient} got a status message: {received.item.get('message')} ({received.item.get('help')})")
            return
        sender_block = received.common.get("S1", {})
        latency = monotonic - self._started.get(sender_block.get("senderUniqueReference"), monotonic)
        receipt = Receipt(received.interface or InterfaceId(""), received.event or EventCode(""), recipient)
        self._latencies.setdefault((receipt.interface, receipt.event), []).append(latency)
        self._observer.arrived(Arrived(received.at, recipient, received, latency))
        self._correlation = self._correlation or received.correlation_id
        if receipt not in self._expected:
            self.fail(f"{receipt} was not expected")
        elif receipt not in self.awaited:
            self.fail(f"{receipt} came twice")
        elif self._correlation is None or received.correlation_id != self._correlation:
            self.fail(
                f"{receipt} has the correlation id {received.correlation_id}; the exchange has {self._correlation}"
            )
        self.awaited.discard(receipt)
        if not self.awaited:
            self.ended.set()

    def fail(self, reason: str) -> None:
        """End the play; the first reason counts."""
        self.failure = self.failure or reason
        self.ended.set()
