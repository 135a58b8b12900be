"""Request and reply (5.4): a sender waits a while for the message that answers its own."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

import msgspec

from dip.delivery.outgoing import element
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.messages.envelope import Envelope, array
from dip.messages.identifiers import CorrelationId, DipId
from dip.participants.registry import Participants
from dip.security.signing import Signer


class Reply(msgspec.Struct, frozen=True):
    """A committed message for somebody who may be waiting for it."""

    correlation_id: CorrelationId
    recipient: DipId
    hidden: Sequence[str]
    protected: bool
    envelope: Envelope


class SignedReply(msgspec.Struct, frozen=True):
    """The body of an answer, an array of the one reply, and the DIP's four headers over it."""

    body: bytes
    headers: dict[str, str]


class Replies:
    """Who waits for which reply. The reply stands in its recipient's queue all the same."""

    def __init__(
        self,
        *,
        participants: Current[Participants],
        signer: Current[Signer],
        clock: Clock,
        executor: Executor,
        most_waiting: int,
    ) -> None:
        self._participants = participants
        self._signer = signer
        self._clock = clock
        self._executor = executor
        self._most_waiting = most_waiting
        self._waiting: dict[tuple[CorrelationId, DipId], asyncio.Future[Reply | None]] = {}
        self._closed = False

    @property
    def nobody_waits(self) -> bool:
        """Whether telling of arrivals is of no use now."""
        return not self._waiting

    def arrived(self, reply: Reply) -> None:
        """A message was committed; whoever waits for it is told."""
        waiting = self._waiting.get((reply.correlation_id, reply.recipient))
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    async def wait(
        self, correlation_id: CorrelationId, recipient: DipId, wait_s: float, *, method: str, url: str
    ) -> SignedReply | None:
        """The reply with this correlation id, signed for the call that asked for it.

        None where it does not come in time, where another call waits for it already, or too many wait.
        """
        key = correlation_id, recipient
        if self._closed or key in self._waiting or len(self._waiting) >= self._most_waiting:
            return None
        waiting: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._waiting[key] = waiting
        try:
            async with asyncio.timeout(wait_s):
                reply = await waiting
        except TimeoutError:
            return None
        finally:
            del self._waiting[key]
        if reply is None:
            return None
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._signed, reply, method, url)

    def close(self) -> None:
        """Nobody waits any longer; who does gets the usual answer."""
        self._closed = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)

    def _signed(self, reply: Reply, method: str, url: str) -> SignedReply:
        wall = self._clock.wall()
        encryptor = self._participants.value.encryptor(reply.recipient, wall) if reply.protected else None
        body = array([element(reply.envelope, reply.hidden, encryptor)])
        return SignedReply(body, self._signer.value.headers(method, url, body, wall))
