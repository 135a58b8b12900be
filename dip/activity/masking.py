"""What may stand in the activity log: MPANs as keyed digests, no CustomBlock, nothing personal, no secret (8.3)."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from yarl import URL

from dip.messages.standard_response import SUCCESS_CODES, code_kept, code_of

MASKED: Final = "[masked]"
_RUN: Final = 13
_MPAN: Final = re.compile(rf"(?<![0-9A-Fa-f])[0-9]{{{_RUN}}}(?![0-9A-Fa-f])", re.ASCII)
"""Thirteen digits that are not part of a longer number or of a hexadecimal one, such as a transaction id."""
_KINDS: Final = bytes(
    48 if chr(byte) in "0123456789" else 97 if chr(byte) in "abcdefABCDEF" else 32 for byte in range(256)
)
"""Digits as 0, the other hexadecimal ones as a, everything else as a space."""
_MPAN_OF_KINDS: Final = b" " + b"0" * _RUN + b" "
_SECRETS: Final = frozenset(
    {
        "authorization",
        "cookie",
        "set-cookie",
        "password",
        "new_password",
        "newpassword",
        "current_password",
        "repeat_password",
        "passphrase",
        "token",
        "form_token",
        "formtoken",
        "secret",
        "client_secret",
        "api_key",
        "apikey",
        "api-key",
        "x-api-key",
        "private_key",
        "privatekey",
        "master_key",
        "masterkey",
    }
)
"""Names of secrets in queries and bodies, in lower case."""
_PRIVATE_KEY: Final = "PRIVATE KEY-----"
_CUSTOM: Final = "customblock"
_FREE_TEXTS: Final = frozenset({"subtext", "serviceticketurl"})
"""Names of what a participant writes as it likes."""
_HEADS: Final = (b'[{"payload":', b'[{"originalTransaction":')
"""How what the DIP hands out begins."""
_HELP: Final = b'"help":"'
_MASKED_RAW: Final = Raw(msgspec.json.encode(MASKED))


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    CommonBlock: dict[str, Any]
    CustomBlock: Raw | UnsetType = UNSET


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    """An element of what the DIP hands out."""

    payload: _Payload
    signature: Any = UNSET
    original: Any = msgspec.field(default=UNSET, name="originalTransaction")


_Said = str | UnsetType | None


class _Entry(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """An entry of a StandardResponse: nothing in it is named by the dictionary, but its words may be anything."""

    transaction_id: _Said = msgspec.field(default=UNSET, name="transactionID")
    sender_unique_reference: _Said = UNSET
    correlation_id: _Said = msgspec.field(default=UNSET, name="correlationID")
    sent_timestamp: _Said = UNSET
    sender_id: _Said = msgspec.field(default=UNSET, name="senderID")
    recipient_id: _Said = msgspec.field(default=UNSET, name="recipientID")
    connection_provider_id: _Said = msgspec.field(default=UNSET, name="DIPConnectionProviderID")
    message: _Said = UNSET
    help: _Said = UNSET
    service_ticket_url: _Said = msgspec.field(default=UNSET, name="serviceTicketURL")


class _Response(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    message_array: list[_Entry]
    timestamp: _Said = UNSET


_MESSAGES: Final = msgspec.json.Decoder(list[_Message])
_RESPONSE: Final = msgspec.json.Decoder(_Response)
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def first_messages(body: bytes, most: int) -> bytes:
    """The first messages of an array that the DIP wrote, as an array of so many bytes at most; else the whole body.

    Within a text a quotation mark is escaped: what is looked for stands between two messages, or within a block, and
    then what is cut off there can't be read.
    """
    if not body.startswith(_HEADS):
        return body
    end = max(body.rfind(b"," + head[1:], 0, most) for head in _HEADS)
    return body[:end] + b"]" if end > 0 else body


class Masker:
    """Masks queries, texts and JSON. Safe to use from several threads."""

    def __init__(self, *, personal: Callable[[], Iterable[str]], digest: Callable[[str], bytes]) -> None:
        """personal: the names that the data dictionary marks; digest: sixteen bytes that stand for an MPAN."""
        self._personal = personal
        self._digest = digest
        self._known: tuple[object, frozenset[str]] = None, frozenset()

    def text(self, text: str) -> str:
        """A text with every MPAN as its digest."""
        if _PRIVATE_KEY in text:
            return MASKED
        return _MPAN.sub(lambda found: self._mpan(found.group()), text) if len(text) >= _RUN else text

    def query(self, url: URL) -> str:
        """The query of an address, decoded, with what its names and values give away masked."""
        names = self._names()
        return "&".join(f"{self.text(name)}={self._named(name, value, names)}" for name, value in url.query.items())

    def foreign_url(self, url: URL) -> str:
        """The address of somebody else's service: what its query says is theirs, and may be a key."""
        bare = self.text(str(url.with_user(None).with_query(None).with_fragment(None)))
        names = "&".join(f"{self.text(name)}={MASKED}" for name in url.query)
        return f"{bare}?{names}" if names else bare

    def json(self, body: bytes, *, ours: bool) -> bytes | None:
        """A JSON text, masked, on one line; None where it is none. ours: the DIP wrote it, so its form is known."""
        if ours and body.startswith(b'{"messageArray":') and _HELP not in body:
            return self._digits(body)
        try:
            if body.startswith(_HEADS):
                return self._messages(body)
            if b'"messageArray"' in body:
                try:
                    return self._digits(msgspec.json.encode(_without_words(_RESPONSE.decode(body), ours=ours)))
                except msgspec.ValidationError:
                    pass
            content = msgspec.json.decode(body)
            # What `/validate` finds is a sentence that quotes the message.
            masked = MASKED if isinstance(content, str) else self._masked(content, self._names())
            return msgspec.json.encode(masked)
        except _UNREADABLE:
            return None

    def _messages(self, body: bytes) -> bytes:
        names = self._names()
        try:
            found = _MESSAGES.decode(body)
        except msgspec.ValidationError:
            return msgspec.json.encode(self._masked(msgspec.json.decode(body), names))
        for one in found:
            one.payload.CommonBlock = self._masked(one.payload.CommonBlock, names)
            if one.payload.CustomBlock is not UNSET:
                one.payload.CustomBlock = _MASKED_RAW
        return msgspec.json.encode(found)

    def _masked(self, value: Any, names: frozenset[str]) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            if "help" in value and "message" in value:
                # An entry of whatever form, such as a status message that is handed out.
                value = value | {"message": _code_alone(value["message"]), "help": value["help"] and MASKED}
            return {
                self.text(name): self._masked(held, names)
                if (plain := name.lower()) not in names
                else self._personal_value(plain, held)
                for name, held in value.items()
            }
        if isinstance(value, list):
            return [self._masked(one, names) for one in value]
        if isinstance(value, int) and 10 ** (_RUN - 1) <= value < 10**_RUN and not isinstance(value, bool):
            return self._mpan(str(value))
        return value

    def _named(self, name: str, value: str, names: frozenset[str]) -> str:
        plain = name.lower()
        return str(self._personal_value(plain, value)) if plain in names or plain == "mpan" else self.text(value)

    def _personal_value(self, name: str, value: Any) -> Any:
        """What stands for a value that the dictionary marks: of an MPAN its digest, so that it can be looked for."""
        if value is None or value == "":
            return value
        if "mpan" in name and isinstance(value, str | int):
            digits = str(value).replace(" ", "")
            if len(digits) == _RUN and digits.isascii() and digits.isdecimal():
                return self._mpan(digits)
        return MASKED

    def _digits(self, body: bytes) -> bytes:
        """The text with its MPANs as digests; most have none, which is seen without a regular expression."""
        kinds = b" " + body.translate(_KINDS) + b" "
        # Looking from the end takes a tenth of the time where there is none.
        if kinds.rfind(_MPAN_OF_KINDS) < 0:
            return body
        place = kinds.find(_MPAN_OF_KINDS)
        parts: list[bytes] = []
        last = 0
        while place >= 0:
            parts += body[last:place], self._mpan(body[place : place + _RUN].decode()).encode()
            last = place + _RUN
            place = kinds.find(_MPAN_OF_KINDS, last)
        return b"".join([*parts, body[last:]])

    def _mpan(self, digits: str) -> str:
        return f"mpan:{self._digest(digits).hex()}"

    def _names(self) -> frozenset[str]:
        """Names whose values are masked, in lower case; found anew when the catalogue was replaced."""
        personal = self._personal()
        if self._known[0] is not personal:
            lower = frozenset(name.lower() for name in personal)
            self._known = personal, lower | {_CUSTOM} | _FREE_TEXTS | _SECRETS
        return self._known[1]


def _without_words(response: _Response, *, ours: bool) -> _Response:
    """A StandardResponse without what may quote a message: a refusal's help; of somebody else's every word."""
    for entry in response.message_array:
        if ours and code_of(entry.message or None) in SUCCESS_CODES:
            continue
        entry.help = entry.help and MASKED
        if not ours:
            entry.message = _code_alone(entry.message)
            entry.service_ticket_url = entry.service_ticket_url and MASKED
    return response


def _code_alone(said: Any) -> Any:
    """The code at the head of a message field, without the words behind it."""
    return said and ((code_kept(said) if isinstance(said, str) else None) or MASKED)
