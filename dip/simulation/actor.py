"""A simulated participant: listens, and answers what it receives as the play says."""

from collections.abc import Collection
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from dip.client import STATUS_MESSAGES, Credentials, Listener, ParticipantClient, Server
from dip.ground.clock import Clock
from dip.ground.errors import DipError
from dip.messages.identifiers import CorrelationId, SenderReference
from dip.messages.standard_response import Entry
from dip.simulation.exchange import Exchange, Sent
from dip.simulation.line import Line, written
from dip.simulation.play import Play


class Actor:
    """One participant of a play, with a webhook of its own and real connections; an async context manager."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        server: Server,
        encrypted: Collection[str],
        play: Play,
        exchange: Exchange,
        clock: Clock,
    ) -> None:
        self.dip_id = credentials.dip_id
        self._credentials = credentials
        self._environment = server.environment
        self._play = play
        self._exchange = exchange
        self._clock = clock
        self._listener = Listener(credentials)
        self._client = ParticipantClient(credentials, server.api, profile=server.profile, encrypted=encrypted)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._listener)
        await self._open.enter_async_context(self._client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def register(self) -> None:
        """Register a webhook for each channel that the play brings to this participant."""
        heard = {receipt.interface for receipt in self._play.expected if receipt.recipient == self.dip_id}
        for interface in sorted(heard):
            await self._client.configure_webhook(interface, self._listener.url)
        await self._client.configure_webhook(STATUS_MESSAGES, self._listener.status_url)

    async def run(self) -> None:
        """Receive and answer, for ever; what goes wrong ends the play."""
        try:
            async for received in self._listener:
                self._exchange.arrived(self.dip_id, received, self._clock.monotonic())
                if received.is_status:
                    continue
                for line in self._play.answers(self.dip_id, received):
                    await self.send(line, received.correlation_id)
        except DipError as fault:
            self._exchange.fail(f"{self.dip_id}: {fault.message}")

    async def send(self, line: Line, correlation: CorrelationId | None = None) -> None:
        """Send one message, quoting the correlation id of the message that it answers."""
        now = self._clock.wall()
        message = written(
            line,
            sender=self._credentials,
            environment=self._environment,
            metering_point=self._play.metering_point,
            correlation=correlation,
            now=now,
        )
        reference = SenderReference(message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"])
        self._exchange.starts(reference, self._clock.monotonic())
        result = await self._client.send(line.interface, [message])
        entry = result.entries[0] if result.entries else Entry(help=result.explanation)
        self._exchange.sent(Sent(now, self.dip_id, line, result.status, entry, result.all_accepted))
