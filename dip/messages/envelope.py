"""The message as the DIP holds it and as recipients get it: one byte string, encoded once for many recipients."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import msgspec

from dip.messages.identifiers import REPLAY_PREFIX, CorrelationId, DipId, TransactionId

_HEAD = b'{"payload":{"CommonBlock":'
_MIDDLE = b',"CustomBlock":'
_TAIL = b"}}"
_LENGTH = 4
_FIRST = {"S0": b'"S0":', "S1": b'"S1":'}
_FILLED = frozenset({"A0", "D0"})
_PLACED = _FILLED | _FIRST.keys()
_ID_MARK, _CORRELATION_MARK = TransactionId("\0transactionID"), CorrelationId("\0initialCorrelationID")
_json = msgspec.json.Encoder().encode


class TransactionBlock(msgspec.Struct, frozen=True):
    """D0, the transaction wrapper that the DIP adds to each message (5.5.4)."""

    transaction_id: TransactionId = msgspec.field(name="transactionID")
    timestamp: str = msgspec.field(name="transactionTimestamp")
    publication_id: str = msgspec.field(name="publicationID")
    correlation_id: CorrelationId | None = msgspec.field(name="initialCorrelationID")
    replay_indicator: bool = msgspec.field(default=False, name="replayIndicator")
    service_ticket_url: str | None = msgspec.field(default=None, name="serviceTicketURL")


class TransactionTemplate(msgspec.Struct, frozen=True):
    """D0 as JSON for many messages, which differ in their ids alone: a block written once, with gaps for these."""

    head: bytes
    middle: bytes
    tail: bytes

    @classmethod
    def of(cls, timestamp: str, publication: str) -> Self:
        """For messages of one receipt and one publication. timestamp: 25 characters."""
        block = _json(TransactionBlock(_ID_MARK, timestamp, publication, _CORRELATION_MARK))
        head, _, rest = block.partition(_json(_ID_MARK))
        middle, _, tail = rest.partition(_json(_CORRELATION_MARK))
        return cls(head, middle, tail)

    def filled(self, transaction: TransactionId, correlation: CorrelationId | None) -> bytes:
        """The JSON of one message's TransactionBlock."""
        return b"".join((self.head, _json(transaction), self.middle, _json(correlation), self.tail))


class _Edition(msgspec.Struct):
    version: Any = msgspec.field(default=None, name="schemaVersion")


class _Marks(msgspec.Struct):
    """What is read of a common block for a replay."""

    D0: msgspec.Raw
    S0: _Edition


class AddressBlock(msgspec.Struct, omit_defaults=True):
    """A0, filled by the DIP with everybody who gets the message and why (5.5.3)."""

    primary: Sequence[DipId] = msgspec.field(name="primaryRecipients")
    secondary: Sequence[DipId] = msgspec.field(name="secondaryRecipients")
    always: Sequence[DipId]
    at: str | msgspec.UnsetType | None = msgspec.field(default=msgspec.UNSET, name="addressingDateTime")


class Envelope(msgspec.Struct, frozen=True):
    """One element of an array of messages, `{"payload": {…}}`, and where its common block ends."""

    plain: bytes
    common_end: int

    @classmethod
    def assemble(
        cls,
        blocks: Mapping[str, msgspec.Raw],
        address: AddressBlock,
        transaction: TransactionBlock,
        custom: bytes | msgspec.Raw | None,
    ) -> Self:
        """Put A0 and D0 between the sender's own blocks; those pass through untouched, byte for byte."""
        return cls.joined(blocks, _json(address), _json(transaction), custom)

    @classmethod
    def joined(
        cls,
        blocks: Mapping[str, msgspec.Raw],
        address: bytes,
        transaction: bytes,
        custom: bytes | msgspec.Raw | None,
    ) -> Self:
        """What `assemble` makes, of an A0 and a D0 that are JSON already."""
        parts: list[bytes | msgspec.Raw] = [_HEAD]
        lead = b"{"
        for name, written in _FIRST.items():
            if name in blocks:
                parts += (lead, written, blocks[name])
                lead = b","
        parts += (lead, b'"A0":', address, b',"D0":', transaction)
        for name, raw in blocks.items():
            if name not in _PLACED:
                # An open header may bring any name; unescaped, one could close its quotes and speak for the DIP.
                parts += (b",", _json(name), b":", raw)
        if custom is None:
            parts += (b"}", _TAIL)
            rest = len(_TAIL)
        else:
            parts += (b"}", _MIDDLE, custom, _TAIL)
            rest = len(_MIDDLE) + len(memoryview(custom)) + len(_TAIL)
        plain = b"".join(parts)
        return cls(plain, len(plain) - rest)

    @property
    def custom(self) -> bytes | None:
        """The CustomBlock's JSON; None where the message has none."""
        if self.common_end + len(_TAIL) == len(self.plain):
            return None
        return self.plain[self.common_end + len(_MIDDLE) : -len(_TAIL)]

    def with_custom(self, custom: bytes) -> bytes:
        """The element with another CustomBlock, such as a JWE in quotes."""
        return b"".join((self.plain[: self.common_end], _MIDDLE, custom, _TAIL))

    def content(self) -> dict[str, Any]:
        """The payload as plain objects."""
        payload: dict[str, Any] = msgspec.json.decode(self.plain)["payload"]
        return payload

    @classmethod
    def of_content(cls, payload: Mapping[str, Any]) -> Self:
        """An envelope made of plain objects again."""
        common = _HEAD + msgspec.json.encode(payload["CommonBlock"])
        if "CustomBlock" not in payload:
            return cls(common + _TAIL, len(common))
        return cls(b"".join((common, _MIDDLE, msgspec.json.encode(payload["CustomBlock"]), _TAIL)), len(common))

    def replayed(self) -> Self:
        """The same message, saying that it is a replay (5.5.11)."""
        first = bytes(self._marks().D0)
        block = msgspec.json.decode(first, type=TransactionBlock)
        return self._with_wrapper(first, msgspec.structs.replace(block, replay_indicator=True))

    def rewrapped(self, at: str) -> tuple[Self, bytes]:
        """The same message as a replay in a new wrapper, and the first wrapper, as JSON (5.5.11).

        at: when it is replayed, 25 characters.
        """
        first = bytes(self._marks().D0)
        block = msgspec.json.decode(first, type=TransactionBlock)
        correlation = block.correlation_id
        new = msgspec.structs.replace(
            block,
            transaction_id=TransactionId(REPLAY_PREFIX + block.transaction_id),
            timestamp=at,
            correlation_id=None if correlation is None else CorrelationId(REPLAY_PREFIX + correlation),
            replay_indicator=True,
        )
        return self._with_wrapper(first, new), first

    def _with_wrapper(self, first: bytes, new: TransactionBlock) -> Self:
        # No other place can hold these bytes: the transaction id was not known to whoever wrote the rest.
        start = self.plain.index(first, len(_HEAD), self.common_end)
        wrapper = msgspec.json.encode(new)
        plain = b"".join((self.plain[:start], wrapper, self.plain[start + len(first) :]))
        return type(self)(plain, self.common_end - len(first) + len(wrapper))

    def edition(self) -> Any:
        """The version of its format, S0.schemaVersion; None where it has none."""
        return self._marks().S0.version

    def _marks(self) -> _Marks:
        return msgspec.json.decode(self.plain[len(_HEAD) : self.common_end], type=_Marks)

    def pack(self) -> bytes:
        """As the archive keeps it."""
        return self.common_end.to_bytes(_LENGTH) + self.plain

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Out of the archive."""
        return cls(packed[_LENGTH:], int.from_bytes(packed[:_LENGTH]))

    def as_sent(self) -> dict[str, Any]:
        """What the sender meant, without what the DIP added: for comparing a repeated message."""
        return as_meant(self.content())


def as_meant(payload: dict[str, Any]) -> dict[str, Any]:
    """The content of a message without what the DIP adds to it; the payload is changed."""
    common: dict[str, Any] = payload["CommonBlock"]
    common.pop("D0", None)
    address = common.pop("A0", None) or {}
    kept = {key: address[key] for key in ("primaryRecipients", "addressingDateTime") if address.get(key)}
    if kept:
        common["A0"] = kept
    return payload


def array(elements: Iterable[bytes]) -> bytes:
    """A JSON array of elements that are encoded already."""
    return b"".join((b"[", b",".join(elements), b"]"))
