"""A webhook call opened: its signature verified, its elements decoded and decrypted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from dip.client.credentials import Credentials
from dip.client.messages import Message
from dip.client.received import Received
from dip.client.responses import MESSAGE_SUCCESS, PROCESSING_FAILED, SCHEMA_FAILURE
from dip.messages.headers import ENVIRONMENT, SEQUENCE
from dip.security.encryption import UndecryptableBlock
from dip.security.signing import SignedHeaders, check_age, verify


class Opened(msgspec.Struct, frozen=True):
    """One element: what was received, or the code and explanation by which it is refused."""

    item: Message
    received: Received | None
    code: str = MESSAGE_SUCCESS
    explanation: str | None = None
    undecryptable: bool = False


def verify_call(
    credentials: Credentials,
    headers: Mapping[str, str],
    *,
    url: str,
    body: bytes,
    wall_now: datetime,
    tolerance: timedelta,
    method: str = "POST",
) -> None:
    """Check that the DIP signed this call, or answer, just now (5.2.2, pattern 1). Raises SignatureRefused."""
    signed = SignedHeaders.of(headers)
    check_age(signed, wall_now, tolerance)
    verify(
        signed,
        method=method,
        urls=(url,),
        body=body,
        public_key=credentials.platform.key(signed.certificate, wall_now),
        allow_empty_braces=False,
    )


NO_MESSAGES: Final = b"[]"
"""The body of a test call of the DIP: an array without a message."""


def elements_of(body: bytes) -> list[Message]:
    """The objects of a call's array; an empty object stands for anything else, so that it can be answered."""
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return [{}]
    elements = content if isinstance(content, list) and content else [content]
    return [element if isinstance(element, dict) else {} for element in elements]


def open_elements(
    credentials: Credentials, elements: Sequence[Message], headers: Mapping[str, str], at: datetime
) -> list[Opened]:
    """Each element with its CustomBlock decrypted; runs in a worker thread."""
    return [_opened(credentials, element, headers, at) for element in elements]


def _opened(credentials: Credentials, item: Message, headers: Mapping[str, str], at: datetime) -> Opened:
    if "payload" in item:
        if Received(item, at).transaction_id is None:
            expected = "/payload/CommonBlock/D0/transactionID: expected a string"
            return Opened(item, None, SCHEMA_FAILURE, expected)
    elif "transactionID" not in item:
        return Opened(item, None, SCHEMA_FAILURE, "/: expected an object with a payload, or a status entry")
    try:
        plain = credentials.opened(item)
    except UndecryptableBlock as refusal:
        return Opened(item, None, PROCESSING_FAILED, refusal.help, undecryptable=True)
    encrypted = plain is not item
    return Opened(item, Received(plain, at, encrypted, headers.get(ENVIRONMENT), headers.get(SEQUENCE)))
