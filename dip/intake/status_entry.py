"""The form of a status message: an entry of a StandardResponse, all ten keys there (live API 2.2.1)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, get_type_hints

import msgspec
from msgspec import Meta

from dip.messages.faults import Fault, pointer

_REFERENCE: Final = r"^S-((IF|REP)-)?\d{3}[A-B]?-[0-9a-fA-F]{10}-[A-Z]{3,5}-\d{8}-[a-zA-Z0-9]+$"
_TICKET: Final = 250
_SHOWN: Final = 50

_TransactionId = Annotated[str, Meta(min_length=1, max_length=65)]
_Reference = Annotated[str, Meta(min_length=1, max_length=200, pattern=_REFERENCE)] | None
_CorrelationId = Annotated[str, Meta(min_length=1, max_length=60)] | None
_Time = Annotated[str, Meta(min_length=25, max_length=25)]
_Party = Annotated[str, Meta(min_length=10, max_length=10)]
_Label = Annotated[str, Meta(min_length=1, max_length=200)]
_Help = Annotated[str, Meta(min_length=1, max_length=500)] | None
_Address = Annotated[str, Meta(min_length=1, max_length=_TICKET)] | None


class GivenEntry(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """A status message as a recipient sends it.

    What it is about and what was wrong has to be there; of the rest, null leaves it to the DIP.
    """

    transaction_id: _TransactionId = msgspec.field(name="transactionID")
    sender_unique_reference: _Reference
    correlation_id: _CorrelationId = msgspec.field(name="correlationID")
    sent_timestamp: _Time
    sender_id: _Party = msgspec.field(name="senderID")
    recipient_id: _Party | None = msgspec.field(name="recipientID")
    connection_provider_id: _Party | None = msgspec.field(name="DIPConnectionProviderID")
    message: _Label
    help: _Help
    service_ticket_url: _Address = msgspec.field(name="serviceTicketURL")


_EXPECTED: Final = {
    "transactionID": "the transaction id of the message that it is about, text of 1 to 65 characters",
    "senderUniqueReference": "null, or a sender's unique reference",
    "correlationID": "null, or a correlation id, text of 1 to 60 characters",
    "sentTimestamp": "a time such as 2026-03-21T19:05:00+00:00",
    "senderID": "your DIP id, text of 10 characters",
    "recipientID": "null, or the DIP id of the message's sender",
    "DIPConnectionProviderID": "null, or the DIP id of who connects",
    "message": "a response code with its label, such as RCP1061 - MPAN Invalid or Unknown, text of 1 to 200 characters",
    "help": "null, or text of 1 to 500 characters",
    "serviceTicketURL": f"null, or text of 1 to {_TICKET} characters",
}
_KINDS: Final[Mapping[str, Any]] = {
    field.encode_name: get_type_hints(GivenEntry, include_extras=True)[field.name]
    for field in msgspec.structs.fields(GivenEntry)
}
_PUBLISHED: Final = {name.lower(): name for name in _KINDS}
_DECODER: Final = msgspec.json.Decoder(GivenEntry)


def read_entry(raw: msgspec.Raw, *, folds_names: bool) -> GivenEntry | Sequence[Fault]:
    """The entry, or every fault of it. folds_names: the case of its keys does not matter (live profile)."""
    try:
        return _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        return [Fault("", f"JSON ({exc})")]
    if not isinstance(value, dict):
        return [Fault("", f"an object with the keys {', '.join(_KINDS)}")]
    if folds_names:
        value = {_PUBLISHED.get(name.lower(), name): held for name, held in value.items()}
    return _faults(value) or msgspec.convert(value, GivenEntry)


def _faults(value: Mapping[str, Any]) -> list[Fault]:
    faults = []
    for name, kind in _KINDS.items():
        if name not in value:
            faults.append(Fault(pointer(name), f"the key, with {_EXPECTED[name]}"))
            continue
        try:
            msgspec.convert(value[name], kind)
        except msgspec.ValidationError:
            faults.append(Fault(pointer(name), _EXPECTED[name]))
    faults.extend(Fault(pointer(name[:_SHOWN]), "no key of this name") for name in value if name not in _KINDS)
    return faults
