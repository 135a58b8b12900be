"""A payload on its way through a drill: what its sender has of it, and what was acknowledged."""

import hashlib

import msgspec

from dip.benchmark.publications.payloads import Said
from dip.client import Message
from dip.market.drawing import chance


class SentPayload(msgspec.Struct):
    """Bytes that are uploaded in so many requests, then announced by one message."""

    said: Said
    content: bytes
    requests: int
    begun: bool = False
    """Whether it was acknowledged that the upload had begun."""
    acknowledged: int = 0
    """Bytes of it that were acknowledged."""
    answers: int = 0
    """Requests of the upload that were acknowledged."""
    uri: str = ""
    message: Message | None = None
    """What announces it, once it was sent."""


def sent_payload(size: int, requests: int) -> SentPayload:
    """A payload of random bytes."""
    content = chance("drill").randbytes(size)
    said = Said("drilled", "1.0.0", size, hashlib.sha256(content).hexdigest())
    return SentPayload(said, content, requests)
