"""What is recorded, as whoever saw it hands it over: nothing is masked or written down yet."""

import os
from collections.abc import Mapping
from typing import Any

import msgspec
from yarl import URL


class Event(msgspec.Struct, kw_only=True):
    """One request in or out, or something of the server's own.

    uid: 32 hexadecimal digits, sent back as X-Request-Id. began: wall time, nanoseconds since 1970. status: None where
    there was no answer. body: of the answer; None where it was streamed or there was none. size: of the answer's
    body, bytes. is_document: the body is a published document, nothing to keep word for word. attributes:
    further ones, by their names.
    """

    name: str
    uid: str
    began: int
    method: str = ""
    url: URL | None = None
    status: int | None = None
    duration_us: int = 0
    body: bytes | None = None
    media: str = ""
    size: int | None = None
    is_document: bool = False
    traceparent: str = ""
    attributes: Mapping[str, Any] = {}

    @property
    def held(self) -> int:
        """Bytes that it holds in memory, about."""
        return _OVERHEAD + (len(self.body) if self.body is not None else 0)


_OVERHEAD = 2048

RECEIVED = "dip.request.received"
SENT = "dip.request.sent"
STARTED = "dip.server.started"
STOPPED = "dip.server.stopped"


def new_uid() -> str:
    """An id that nobody else makes: 128 random bits."""
    return os.urandom(16).hex()
