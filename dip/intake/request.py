"""A request as it came over the wire, and the answer to it."""

from collections.abc import Mapping, Sequence

import msgspec

from dip.participants.access import Caller


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


class Answer(msgspec.Struct, frozen=True):
    """HTTP status and body (JSON); how many messages were new and are committed."""

    status: int
    body: bytes
    taken: int
