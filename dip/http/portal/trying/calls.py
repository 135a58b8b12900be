"""What is asked to be sent in a participant's name, and what is said of it afterwards."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from dip.client import Answer, Credentials, Message
from dip.client.prepared import Prepared
from dip.ground.errors import BadRequest
from dip.messages.headers import (
    API_KEY,
    CONTENT_HASH,
    CONTINUATION,
    LEASE,
    SIGNATURE,
    SIGNATURE_CERTIFICATE,
    SIGNATURE_DATE,
)
from dip.messages.identifiers import DipId
from dip.security.encryption import UndecryptableBlock

_HIDDEN: Final = "(kept by the server)"
_PASSED_ON: Final = {
    name.lower(): name
    for name in (SIGNATURE, SIGNATURE_DATE, CONTENT_HASH, SIGNATURE_CERTIFICATE, API_KEY, CONTINUATION, LEASE)
}
"""Headers that go out as they were typed; the others are the browser's own."""
_STREAM: Final = "/stream/"
_LONGEST_PATH: Final = 4096


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call as somebody typed it. path: with its query; body: in clear, also where it will be encrypted."""

    sender: DipId = msgspec.field(name="as")
    method: Literal["GET", "POST", "DELETE"]
    path: str
    headers: dict[str, str] = {}
    body: str = ""

    def check(self) -> None:
        """Raise BadRequest where the call can't be made."""
        if not self.path.startswith("/") or len(self.path) > _LONGEST_PATH or not _is_plain(self.path):
            raise BadRequest("path: expected the address below the API's own, such as /dip-channel/IF-021.")
        if _STREAM in self.path.lower():
            raise BadRequest("path: a stream has no end that could be shown here. Pull the messages instead.")

    @property
    def typed_headers(self) -> dict[str, str]:
        """The headers that go out as they were typed. Raises BadRequest."""
        typed = {_PASSED_ON[name.lower()]: value for name, value in self.headers.items() if name.lower() in _PASSED_ON}
        if not all(_is_plain(value.replace(" ", "")) for value in typed.values()):
            raise BadRequest("headers: expected visible ASCII characters.")
        return {name: value for name, value in typed.items() if value.strip()}


class Sent(msgspec.Struct, frozen=True):
    """What went over the wire. filled: what was put in for the values of an example."""

    sender: DipId = msgspec.field(name="as")
    name: str
    method: str
    url: str
    headers: dict[str, str]
    body: str
    filled: list[str]


class Tried(msgspec.Struct, frozen=True):
    """The real answer, and what was sent for it. opened: the answer with its blocks decrypted, where there are any."""

    status: int
    headers: dict[str, str]
    body: str
    whole: bool
    opened: list[Message] | None
    sent: Sent


def sent_of(call: Prepared, sender: DipId, name: str, filled: list[str]) -> Sent:
    """What was sent, without the API key."""
    headers = {key: _HIDDEN if key == API_KEY else value for key, value in call.headers.items()}
    return Sent(sender, name, call.method, call.url, headers, call.body.decode("utf-8", "replace"), filled)


def tried(answer: Answer, credentials: Credentials, sent: Sent, most_bytes: int) -> Tried:
    """What is said of a call. Its answer was read up to so many bytes and one; blocks a thread for decrypting."""
    whole = len(answer.body) <= most_bytes
    return Tried(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=answer.body[:most_bytes].decode("utf-8", "replace"),
        whole=whole,
        opened=_opened(answer.body, credentials) if whole else None,
        sent=sent,
    )


def _opened(body: bytes, credentials: Credentials) -> list[Message] | None:
    """The messages of an answer in clear; None where none was encrypted to the sender."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    elements = content if isinstance(content, list) else []
    if not any(isinstance(_custom(element), str) for element in elements):
        return None
    try:
        return [credentials.opened(element) if isinstance(element, dict) else element for element in elements]
    except UndecryptableBlock:
        return None


def _custom(element: Any) -> Any:
    payload = element.get("payload") if isinstance(element, Mapping) else None
    return payload.get("CustomBlock") if isinstance(payload, Mapping) else None


def _is_plain(text: str) -> bool:
    """Visible ASCII alone, and nothing that a browser would not send."""
    return text.isascii() and text.isprintable() and not set(text) & {" ", "#", "\\"}
