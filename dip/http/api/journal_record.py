"""What a participant may know of one message's way: the DIPJournalRecord of the live API 2.2.1 (deliveryStatus)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from dip.messages.identifiers import (
    CorrelationId,
    DipId,
    EventCode,
    InterfaceId,
    RoleCode,
    SenderReference,
    TransactionId,
)
from dip.messages.standard_response import label
from dip.store.page_records import JournalRow, MessageDetail
from dip.store.records import Stage, Status

_MILLISECOND: Final = timedelta(milliseconds=1)
_SEEN: Final[Mapping[Status, tuple[Status, str]]] = {
    Status.LEASED: (Status.UNKNOWN_DELIVERY_STATUS, "Handed out; its acknowledgement is awaited"),
    Status.REQUEUED: (Status.RETRYING, "Waits again, after it had been given up"),
    Status.QUEUED_AGAIN: (Status.RETRYING, "To be sent once more, under a new number"),
    Status.WITHDRAWN: (Status.DELIVERY_FAILURE, "Withdrawn: it will not be sent any more"),
}
"""Our own statuses, and what stands for each in the published form."""
_WORDS: Final[Mapping[Status, str]] = {
    Status.GOOD_TO_GO: "Received and checked",
    Status.OK: "Done",
    Status.SENT_TO_TOPIC: "Addressed",
    Status.FAILED: "Nobody to send it to",
    Status.DELIVERED: "Delivered",
    Status.DELIVERY_FAILURE: "Given up; it is kept and can be requeued",
    Status.REJECTED_BY_RECIPIENT: "Rejected by the recipient",
    Status.RETRYING: "Not taken; it will be sent again",
    Status.RETRIES_EXHAUSTED: "Given up at its time; it is kept and can be requeued",
    Status.UNKNOWN_DELIVERY_STATUS: "Not mentioned in the answer; it will be sent again",
    Status.PAUSED: "The recipient's endpoint fails; it is probed, and its queue waits",
}
_OF_UPDATES: Final[Mapping[Status, str]] = {
    Status.OK: "The MPAN table holds what the message says",
    Status.EXCEPTION: "The MPAN table could not take what the message says; the DIP looks into it",
}
_OF_STATUS_MESSAGES: Final[Mapping[Status, Status]] = {
    Status.REJECTED_BY_RECIPIENT: Status.DELIVERY_FAILURE,
    Status.RETRIES_EXHAUSTED: Status.DELIVERY_FAILURE,
}
"""Statuses that the published form does not know in the stage StatusMessage."""


class RoleHolder(msgspec.Struct, frozen=True, rename="camel"):
    """A recipient, and the role by which the message reaches it."""

    role: RoleCode
    dip_id: DipId


class RecipientMap(msgspec.Struct, frozen=True, rename="pascal"):
    """The recipients by class (5.5.3)."""

    primary: list[RoleHolder]
    secondary: list[RoleHolder]
    always: list[RoleHolder]


class JournalEntry(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """One step of a message's way. Durations are milliseconds; StatusCode is 0 where there was no HTTP answer."""

    time_generated: str
    """UTC, to the millisecond: `2026-07-01 09:58:08.123`."""
    sender_dip_id: DipId = msgspec.field(name="SenderDIPID")
    interface: InterfaceId
    event_code: EventCode | None
    reason: str | None
    """A response code."""
    sent_date_time: str
    duration: int
    message_delay_in_milli_seconds: int
    """From the receipt of the message to this step."""
    sender_unique_reference: SenderReference | None
    transaction_id: TransactionId | None = msgspec.field(name="DIPTransactionID")
    correlation_id: CorrelationId | None = msgspec.field(name="DIPCorrelationID")
    mpan_core: str | None = msgspec.field(name="MPANCore")
    stage: Stage = msgspec.field(name="DIPStage")
    status: Status
    status_code: int
    message: str | None
    recipient: DipId | None
    recipients: list[DipId] | None
    recipient_map: RecipientMap | None
    uri: str | None = msgspec.field(name="uri")
    """An address of the participant that asks; nobody sees another's."""
    rn: int = msgspec.field(name="rn")


class DIPJournalRecord(msgspec.Struct, frozen=True, rename="pascal", kw_only=True):
    """One message and every step of its way that the participant may know of."""

    sent_date_time: str
    """UTC: `2026-07-01 09:58:08`."""
    interface: InterfaceId
    sender_unique_reference: SenderReference
    transaction_id: TransactionId = msgspec.field(name="DIPTransactionID")
    correlation_id: CorrelationId | None = msgspec.field(name="DIPCorrelationID")
    mpan_core: str = msgspec.field(name="MPANCore")
    """Empty where the message has none."""
    journal_entries: list[JournalEntry]


class _Party(msgspec.Struct, rename={"dip_id": "dipId", "found_as": "class"}):
    dip_id: DipId
    role: RoleCode
    found_as: str


class _Fault(msgspec.Struct):
    code: str


class _Addressing(msgspec.Struct):
    recipients: list[_Party] = []
    faults: list[_Fault] = []


class _Header(msgspec.Struct, frozen=True):
    """What every entry says of the message."""

    detail: MessageDetail
    sent_at: datetime
    mpan: str | None
    party: DipId
    codes: Mapping[str, str]

    @property
    def is_sender(self) -> bool:
        return self.party == self.detail.sender


def record_of(
    detail: MessageDetail, party: DipId, *, sent_at: datetime, mpan: str | None, codes: Mapping[str, str]
) -> DIPJournalRecord:
    """The record as this party may see it: the sender all recipients, a recipient itself.

    sent_at: when the sender says that it sent it; codes: the labels of response codes.
    """
    header = _Header(detail, sent_at, mpan, party, codes)
    rows = [row for row in detail.journal if header.is_sender or row.recipient in (None, party)]
    return DIPJournalRecord(
        sent_date_time=_to_the_second(sent_at),
        interface=detail.interface,
        sender_unique_reference=detail.reference,
        transaction_id=detail.transaction_id,
        correlation_id=detail.correlation_id,
        mpan_core=mpan or "",
        journal_entries=[_entry(header, row, number) for number, row in enumerate(rows, start=1)],
    )


def _entry(header: _Header, row: JournalRow, number: int) -> JournalEntry:
    detail = header.detail
    addressing = _addressing(row, header) if row.stage is Stage.ADDRESSING else None
    stage, status, text = _published(row)
    reason = _reason(row, addressing, header.codes)
    own = row.recipient == header.party
    if reason is not None:
        text = label(reason, header.codes)
    elif row.detail and (own or (header.is_sender and row.stage is Stage.MPAN_UPDATE_QUEUE)):
        text = row.detail
    if row.agent is not None and (own or (row.recipient is None and header.is_sender)):
        text = f"{text} ({row.agent} for {row.recipient or detail.sender})"
    recipients = None if addressing is None else list(dict.fromkeys(party.dip_id for party in addressing.recipients))
    return JournalEntry(
        time_generated=_to_the_millisecond(row.at),
        sender_dip_id=detail.sender,
        interface=detail.interface,
        event_code=detail.event,
        reason=reason,
        sent_date_time=_to_the_second(header.sent_at),
        duration=row.duration_us // 1000,
        message_delay_in_milli_seconds=max(0, (row.at - detail.received_at) // _MILLISECOND),
        sender_unique_reference=detail.reference,
        transaction_id=detail.transaction_id,
        correlation_id=detail.correlation_id,
        mpan_core=header.mpan,
        stage=stage,
        status=status,
        status_code=_status_code(row, detail),
        message=text,
        recipient=row.recipient,
        recipients=recipients,
        recipient_map=None if addressing is None else _map(addressing),
        uri=_address(row, header),
        rn=number,
    )


def _published(row: JournalRow) -> tuple[Stage, Status, str]:
    """Stage and status as the published form knows them, and what they mean."""
    if row.stage is Stage.STATUS_MESSAGE and row.status is Status.GOOD_TO_GO:
        return Stage.INBOUND, row.status, "A status message came in from a recipient"
    status, text = _SEEN.get(row.status, (row.status, _WORDS.get(row.status, "")))
    if row.stage is Stage.MPAN_UPDATE_QUEUE:
        text = _OF_UPDATES.get(status, text)
    if row.stage is Stage.STATUS_MESSAGE:
        status = _OF_STATUS_MESSAGES.get(status, status)
    return row.stage, status, text


def _reason(row: JournalRow, addressing: _Addressing | None, codes: Mapping[str, str]) -> str | None:
    if addressing is not None:
        return next((fault.code for fault in addressing.faults), None)
    return row.detail if row.detail in codes else None


def _addressing(row: JournalRow, header: _Header) -> _Addressing:
    """Who gets the message and why; a recipient sees itself alone."""
    try:
        found = msgspec.json.decode(row.detail or "{}", type=_Addressing)
    except msgspec.DecodeError:
        return _Addressing()
    if header.is_sender:
        return found
    return _Addressing([party for party in found.recipients if party.dip_id == header.party])


def _map(addressing: _Addressing) -> RecipientMap:
    by_class: dict[str, list[RoleHolder]] = {"primary": [], "secondary": [], "always": []}
    for party in addressing.recipients:
        by_class.setdefault(party.found_as, []).append(RoleHolder(party.role, party.dip_id))
    return RecipientMap(by_class["primary"], by_class["secondary"], by_class["always"])


def _status_code(row: JournalRow, detail: MessageDetail) -> int:
    """HTTP: of the sender's call up to the addressing, then of each call to a recipient."""
    if row.recipient is None:
        return detail.evidence.status or 0
    return row.status_code or 0


def _address(row: JournalRow, header: _Header) -> str | None:
    if row.recipient is None:
        return header.detail.evidence.url or None if header.is_sender and row.stage is Stage.INBOUND else None
    return row.url or None if row.recipient == header.party else None


def _to_the_second(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _to_the_millisecond(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
