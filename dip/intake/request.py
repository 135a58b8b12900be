"""A request as it came over the wire, and the answer to it."""

from collections.abc import Mapping, Sequence

import msgspec

from dip.messages.envelope import Envelope
from dip.participants.access import Caller
from dip.store.records import NewMessage


class InboundRequest(msgspec.Struct, frozen=True):
    """One POST of messages. `urls`: the forms of its address that may have been signed, the full one first."""

    method: str
    urls: Sequence[str]
    headers: Mapping[str, str]
    body: bytes
    caller: Caller
    channel_id: str | None
    started: float
    """Monotonic seconds when the request's head was read."""
    note: str | None = None
    """What is remarkable about it, for the evidence."""


class Committed(msgspec.Struct, frozen=True):
    """A message that is new and committed, as it will be delivered."""

    message: NewMessage
    envelope: Envelope


class Answer(msgspec.Struct, frozen=True):
    """HTTP status and body (JSON), and what is new and committed."""

    status: int
    body: bytes
    new: Sequence[Committed] = ()
    retry_after_s: int | None = None
    """Where the request may be sent again as it is: after how long."""
