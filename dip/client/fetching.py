"""What a participant fetched by pull or stream: verified, decrypted, ready to be acknowledged."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from dip.client.credentials import Credentials
from dip.client.opening import Opened, open_elements, verify_call
from dip.client.received import Received
from dip.client.responses import MESSAGE_SUCCESS, entry_for
from dip.client.results import Answer
from dip.ground.clock import Clock
from dip.messages.headers import LEASE, SEQUENCE
from dip.messages.standard_response import Entry

_TOLERANCE: Final = timedelta(seconds=300)
_EVENT_END: Final = b"\n\n"
_EVENT_LIMIT: Final = 32 * 1024 * 1024


class Fetched(msgspec.Struct, frozen=True):
    """One message, or status message, and the entry that acknowledges it.

    received: None where it can't be read; then the entry refuses it. id: its sequence number, where a stream brought
    it.
    """

    received: Received | None
    entry: Entry
    id: int | None = None

    def refused(self, code: str, explanation: str | None = None) -> Entry:
        """The entry that rejects it with a response code; its sender is told."""
        return msgspec.structs.replace(self.entry, message=code, help=explanation)


class Pulled(msgspec.Struct, frozen=True):
    """What a pull brought, in order of receipt. lease: to be given with the acknowledgement; None for nothing."""

    items: Sequence[Fetched] = ()
    lease: str | None = None
    sequence: str | None = None
    """The numbers that it carries, such as `IF-031=12-19,21`; None in the live profile."""

    @property
    def messages(self) -> list[Received]:
        """The messages that can be read."""
        return [item.received for item in self.items if item.received is not None]

    @property
    def entries(self) -> list[Entry]:
        """What acknowledges all of them."""
        return [item.entry for item in self.items]


class _Event(msgspec.Struct):
    payload: msgspec.Raw
    signature: dict[str, str]


def read_pulled(credentials: Credentials, url: str, answer: Answer, clock: Clock) -> Pulled:
    """The answer to a pull from `url`; runs in a worker thread. Raises SignatureRefused."""
    if not answer.body:
        return Pulled()
    wall = clock.wall()
    verify_call(
        credentials, answer.headers, method="GET", url=url, body=answer.body, wall_now=wall, tolerance=_TOLERANCE
    )
    elements = msgspec.json.decode(answer.body, type=list[dict[str, Any]])
    opened = open_elements(credentials, elements, answer.headers, wall)
    items = [_fetched(credentials, one, clock.now()) for one in opened]
    return Pulled(items, answer.headers.get(LEASE), answer.headers.get(SEQUENCE))


def read_event(
    credentials: Credentials, url: str, number: int, data: bytes, headers: Mapping[str, str], clock: Clock
) -> Fetched:
    """One event of a stream from `url`; runs in a worker thread. Raises SignatureRefused."""
    event = msgspec.json.decode(data, type=_Event)
    wall = clock.wall()
    payload = bytes(event.payload)
    verify_call(credentials, event.signature, method="GET", url=url, body=payload, wall_now=wall, tolerance=_TOLERANCE)
    content = msgspec.json.decode(payload)
    # A status message's entry is the payload itself.
    element = content if "transactionID" in content else {"payload": content}
    (opened,) = open_elements(credentials, [element], headers, wall)
    return msgspec.structs.replace(_fetched(credentials, opened, clock.now()), id=number)


async def events_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """The ids and the data of server-sent events, out of a body as it comes; comments are left out."""
    buffer = bytearray()
    async for chunk in chunks:
        searched = max(0, len(buffer) - len(_EVENT_END) + 1)
        buffer += chunk
        while (end := buffer.find(_EVENT_END, searched)) >= 0:
            lines = bytes(buffer[:end]).split(b"\n")
            del buffer[: end + len(_EVENT_END)]
            searched = 0
            fields = {name: value.removeprefix(b" ") for name, _, value in (line.partition(b":") for line in lines)}
            if b"data" in fields:
                yield int(fields[b"id"]), fields[b"data"]
        if len(buffer) > _EVENT_LIMIT:
            raise ValueError(f"an event of more than {_EVENT_LIMIT} bytes")


def _fetched(credentials: Credentials, opened: Opened, now: datetime) -> Fetched:
    entry = entry_for(
        opened.item, responder=credentials.dip_id, code=opened.code, now=now, explanation=opened.explanation
    )
    return Fetched(opened.received if opened.code == MESSAGE_SUCCESS else None, entry)
