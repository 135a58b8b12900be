"""Events of a stream: each with one message and a signature of its own (contract, Pull and stream)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from dip.delivery.outgoing import Item, Outgoing, element_of
from dip.security.encryption import Encryptor
from dip.security.signing import Signer

_PAYLOAD: Final = b'{"payload":'
_LINE_ENDS: Final = b"\r\n"


def build_event(item: Item, *, url: str, signer: Signer, encryptor: Encryptor | None, at: datetime) -> Outgoing:
    """The data of an event, `{"payload": …, "signature": …}`, on one line; runs in a worker thread.

    encryptor: the recipient's, where the item is protected. at: the wall clock's time.
    """
    payload = payload_of(item, encryptor)
    headers = signer.headers("GET", url, payload, at)
    return Outgoing([item], data_of(payload, headers), headers, signing_certificate=signer.fingerprint)


def payload_of(item: Item, encryptor: Encryptor | None) -> bytes:
    """What the signature of an event covers: a message's payload, or a status message's entry."""
    element = element_of(item, encryptor)
    payload = element if isinstance(item.content, bytes) else element[len(_PAYLOAD) : -1]
    # Outside of strings, where JSON has no line end, it is white space of the sender's.
    return payload.translate(None, _LINE_ENDS)


def data_of(payload: bytes, headers: Mapping[str, str]) -> bytes:
    """The data of an event with its payload and the DIP's four headers."""
    return b"".join((_PAYLOAD, payload, b',"signature":', msgspec.json.encode(headers), b"}"))
