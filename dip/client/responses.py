"""What a participant answers to the messages that it receives, and how it reads the DIP's answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dip.messages.identifiers import DipId
from dip.messages.standard_response import DISPLAYED, Entry, StandardResponse, clip
from dip.messages.timestamps import wire_time

MESSAGE_SUCCESS = "RCP0000"
PROCESSING_FAILED = "RCP1000"
SCHEMA_FAILURE = "RCP1001"
SIGNATURE_INVALID = "RCP9999"

_LABELS = {
    MESSAGE_SUCCESS: "Message Success",
    PROCESSING_FAILED: "Message Processing Failed",
    SCHEMA_FAILURE: "Schema Failure",
    SIGNATURE_INVALID: "Message Signature Invalid",
}
_OTHER_LABEL = "Refused by the recipient"


def read_response(body: bytes) -> StandardResponse | None:
    """The StandardResponse in an answer's body; None where the body is something else."""
    try:
        return msgspec.json.decode(body, type=StandardResponse)
    except msgspec.DecodeError:
        return None


def labelled(code: str) -> str:
    """The message of an entry, `RCP0000 - Message Success`; text that has a label already stays."""
    return code if DISPLAYED in code else f"{code}{DISPLAYED}{_LABELS.get(code, _OTHER_LABEL)}"


def entry_for(
    item: Mapping[str, Any], *, responder: DipId, code: str, now: datetime, explanation: str | None = None
) -> Entry:
    """The entry by which `responder` answers a message, or a status message, that it received.

    The identifiers are null where the item does not have them.
    """
    if "payload" in item:
        common = _block(_block(item, "payload"), "CommonBlock")
        sent, wrapped = _block(common, "S1"), _block(common, "D0")
        transaction, correlation = wrapped.get("transactionID"), wrapped.get("initialCorrelationID")
        sender = sent.get("senderDIPID")
    else:
        sent, sender = item, item.get("senderID")
        transaction, correlation = item.get("transactionID"), item.get("correlationID")
    return Entry(
        transaction_id=transaction,
        sender_unique_reference=sent.get("senderUniqueReference"),
        correlation_id=correlation,
        sent_timestamp=wire_time(now),
        sender_id=responder,
        recipient_id=sender,
        connection_provider_id=sent.get("DIPConnectionProviderID"),
        message=labelled(code),
        help=clip(explanation) if explanation else None,
    )


def response(entries: Sequence[Entry], now: datetime) -> bytes:
    """The StandardResponse of these entries as JSON."""
    return msgspec.json.encode(StandardResponse(list(entries), wire_time(now)))


def _block(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    block = parent.get(name)
    return block if isinstance(block, dict) else {}
