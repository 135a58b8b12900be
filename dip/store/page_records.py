"""What the pages and the administration API read from the store; encodes to JSON as it stands."""

from datetime import datetime
from typing import TypeAlias

import msgspec

from dip.messages.identifiers import (
    DIP,
    DipId,
    EventCode,
    InterfaceId,
    RoleCode,
)
from dip.store.message_marks import MessageMarks
from dip.store.records import DeliveryState, Stage, Status

PAGE_LIMIT = 1000
"""Most entries of one list (contract, Administration API)."""

Parties: TypeAlias = frozenset[DipId] | None
"""Whose affairs are asked for; None: everybody's (5.11, reports follow the user's permissions)."""


def in_scope(parties: Parties) -> str | None:
    """Parties as the queries take them: a JSON array."""
    return None if parties is None else msgspec.json.encode(sorted(parties)).decode()


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages to list: every filter that is given has to fit.

    before: only numbers below this one. parties: only what they sent or were addressed; None: everybody's.
    """

    interface: str | None = None
    sender: str | None = None
    mpan_digest: bytes | None = None
    reference: str | None = None
    correlation_id: str | None = None
    transaction_id: str | None = None
    parties: Parties = None
    before: int | None = None
    limit: int = 100


class MessageRow(MessageMarks, frozen=True, kw_only=True, rename="camel"):
    """One message in a list. deliveries: how many by state."""

    deliveries: dict[DeliveryState, int]
    status_messages: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The call that brought a message, kept for non-repudiation (5.5.1).

    signing_certificate and tls_certificate: SHA-256 fingerprints, hexadecimal. note: what is remarkable about it, such
    as a fault on demand.
    """

    at: datetime
    party: DipId
    method: str
    url: str
    content_hash: str
    signature: str
    signature_date: str
    signing_certificate: str
    tls_certificate: str
    status: int | None
    duration_us: int
    note: str | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One recipient of a message. sequence: its place in the lane; hidden: paths of the items left out."""

    recipient: DipId
    channel: str
    state: DeliveryState
    sequence: int
    attempts: int
    queued_at: datetime
    settled_at: datetime | None
    hidden: tuple[str, ...]


class JournalRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One stage of a message's way; method to call_note only where it was a call to a webhook, a pull or an event.

    call_note: what was remarkable about all of the call, such as a fault on demand. agent: who made the call for the
    participant, where that was not itself (FS-42).
    """

    at: datetime
    stage: Stage
    status: Status
    status_code: int | None
    recipient: DipId | None
    duration_us: int
    detail: str | None
    method: str | None
    url: str | None
    call_status: int | None
    call_duration_us: int | None
    call_note: str | None = None
    agent: DipId | None = None


class StatusRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A status message about a message: who says it, to whom it goes and how its delivery stands."""

    at: datetime
    code: str
    recipient: DipId
    state: DeliveryState | None
    origin: DipId


class MessageDetail(MessageMarks, frozen=True, kw_only=True, rename="camel"):
    """Everything known of one message without opening it. protected: its CustomBlock travelled as a JWE."""

    envelope_reference: str | None
    protected: bool
    archive_until: datetime
    archived: bool
    evidence: Evidence
    deliveries: tuple[Delivery, ...]
    journal: tuple[JournalRow, ...]
    status_messages: tuple[StatusRow, ...]

    @property
    def agent(self) -> DipId | None:
        """Who sent it for its sender; None where that was itself (FS-42)."""
        return self.evidence.party if self.evidence.party not in (DIP, self.sender) else None


def as_seen_by(detail: MessageDetail, parties: frozenset[DipId]) -> MessageDetail | None:
    """A message as some of its recipients see it: not who else got it. None where they are none of its recipients."""
    deliveries = tuple(one for one in detail.deliveries if one.recipient in parties)
    if not deliveries:
        return None
    return msgspec.structs.replace(
        detail,
        deliveries=deliveries,
        journal=tuple(
            _seen(row, parties) for row in detail.journal if row.recipient is None or row.recipient in parties
        ),
        status_messages=tuple(
            one for one in detail.status_messages if not parties.isdisjoint((one.recipient, one.origin))
        ),
    )


def _seen(row: JournalRow, parties: frozenset[DipId]) -> JournalRow:
    """A stage of the whole message's way, where it tells of recipients: of those alone."""
    if row.stage is Stage.MPAN_UPDATE_QUEUE:
        # What the MPAN table holds against it may name others.
        return msgspec.structs.replace(row, detail=None)
    if row.stage is not Stage.ADDRESSING or row.detail is None:
        return row
    told = msgspec.json.decode(row.detail)
    if isinstance(told, dict) and isinstance(told.get("recipients"), list):
        told["recipients"] = [one for one in told["recipients"] if one.get("dipId") in parties]
        return msgspec.structs.replace(row, detail=msgspec.json.encode(told).decode())
    return msgspec.structs.replace(row, detail=None)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent on of a message, or of a status message about it, to one recipient; or waits for that.

    message: its number. roles: in which the recipient gets it. again: a replay asked for it. status_code: of the last
    step where that has an entry of its own in the journal. code, origin, reported_at: of a status message, which code,
    who says it, and when.
    """

    message: int
    recipient: DipId
    state: DeliveryState
    attempts: int
    queued_at: datetime
    settled_at: datetime | None
    again: bool = False
    code: str | None = None
    origin: DipId | None = None
    reported_at: datetime | None = None
    roles: tuple[RoleCode, ...] = ()
    status_code: int | None = None


class Kept(msgspec.Struct, frozen=True):
    """A message that the archive keeps, by its number."""

    message: int
    interface: InterfaceId
    event: EventCode


class Queue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One recipient's waiting messages of one channel. set_aside: those of them that others overtook.

    oldest: None where nothing waits; leased: handed out by pull or stream; dead: its dead letters.
    """

    recipient: DipId
    channel: str
    waiting: int
    set_aside: int
    oldest: datetime | None
    leased: int
    dead: int
