"""Messages that the DIP itself writes: earlier consumption again, or why there is none (IF-016)."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from dip.channels.channel import Channel, Event
from dip.channels.service import WRITTEN
from dip.ground.settings import Settings
from dip.intake.check import Checked
from dip.messages.envelope import Envelope
from dip.messages.identifiers import DIP, CorrelationId, DipId, EventCode, Receipt, RoleCode, TransactionId
from dip.messages.standard_response import label

DIP_ROLE: Final = RoleCode("DIP")
_ACCEPTED, _REJECTED = "A", "R"
_SUCCESS: Final = "MSG0000"
_UNIQUE: Final = 40
"""Hexadecimal digits of the unique part of a reference."""
_BLOCKS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Request(msgspec.Struct, frozen=True):
    """A request for earlier messages; common: its CommonBlock as plain objects."""

    message: int
    transaction_id: TransactionId
    correlation_id: CorrelationId | None
    requester: DipId
    day: str
    """YYYYMMDD of its receipt."""
    common: Mapping[str, Any]


class Source(msgspec.Struct, frozen=True):
    """An archived message that is part of the answer."""

    message: int
    event: EventCode
    envelope: Envelope


class AnswerWriter:
    """Writes the answers to one request. Safe to use in another thread: it reads nothing that changes.

    Each answer's reference comes from the request's transaction id and what it repeats, so that the same answer
    written again is known by the store.
    """

    def __init__(
        self,
        request: Request,
        *,
        channel: Channel,
        receipt: Receipt,
        settings: Settings,
        texts: Mapping[str, str],
    ) -> None:
        self._request = request
        self._channel = channel
        self._receipt = receipt
        self._settings = settings
        self._texts = texts

    def again(self, source: Source) -> Checked:
        """An archived message as an answer; its CustomBlock stays as it came.

        Raises msgspec.DecodeError where it is of an older edition that does not fit any more.
        """
        original = source.envelope.content()["CommonBlock"]
        kept = {key: held for key, held in original.items() if key not in WRITTEN}
        blocks = {**kept, "S2": original["S1"], "R1": self._outcome(_ACCEPTED, _SUCCESS)}
        transaction = original["D0"]["transactionID"]
        return self._checked(self._channel.events[source.event], blocks, source.envelope.custom, str(transaction))

    def refused(self, event: EventCode, code: str) -> Checked:
        """The answer that turns the request down. code: of the response codes."""
        blocks = {"M0": self._request.common["M0"], "R1": self._outcome(_REJECTED, code)}
        return self._checked(self._channel.events[event], blocks, None, "refused")

    def _outcome(self, outcome: str, code: str) -> dict[str, Any]:
        return {"responseCode": outcome, "responseMessages": [label(code, self._texts)]}

    def _checked(self, event: Event, blocks: Mapping[str, Any], custom: bytes | None, part: str) -> Checked:
        reference = self._reference(part)
        given = {**blocks, "S0": self._kind(event), "S1": self._sender(reference)}
        layout = event.format
        common = {item.key: given[item.key] for item in layout.common.items if item.key in given}
        raw = msgspec.Raw(msgspec.json.encode(common))
        return Checked(
            index=0,
            channel=self._channel,
            event=event,
            format=layout,
            common=layout.decode_common(raw),
            blocks=_BLOCKS.decode(raw),
            common_raw=raw,
            custom_raw=custom,
            sender=DIP,
            sender_role=DIP_ROLE,
            reference=reference,
            custom=None if custom is None else layout.decode_custom(custom),
        )

    def _kind(self, event: Event) -> dict[str, str]:
        return {
            "interfaceID": self._channel.id,
            "schemaVersion": next(iter(event.editions)),
            "eventCode": event.code,
        }

    def _sender(self, reference: str) -> dict[str, Any]:
        return {
            "environmentTag": self._settings.environment,
            "subText": None,
            "senderUniqueReference": reference,
            "senderTimestamp": self._receipt.stamp,
            "senderDIPID": DIP,
            "senderRoleID": DIP_ROLE,
            "senderCorrelationID": self._request.correlation_id,
            "DIPConnectionProviderID": None,
        }

    def _reference(self, part: str) -> str:
        request = self._request
        unique = hashlib.sha256(f"{request.transaction_id} {part}".encode()).hexdigest()[:_UNIQUE]
        return f"S-{self._channel.id}-{DIP}-{DIP_ROLE}-{request.day}-{unique}"


def in_steps(sources: list[Any], size: int) -> Iterator[list[Any]]:
    """The list in pieces of at most so many."""
    for start in range(0, len(sources), size):
        yield sources[start : start + size]
