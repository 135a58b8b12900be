"""The transaction wrapper, the addressing, the seal: a checked message made ready to be committed (5.5.4)."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

import msgspec

from dip.archive.archive import Archive
from dip.channels.channel import Correlation
from dip.ground.clock import MICROSECOND, microseconds
from dip.intake.check import Checked
from dip.messages.envelope import AddressBlock, Envelope, TransactionBlock
from dip.messages.identifiers import (
    DIP,
    CorrelationId,
    Mpan,
    TransactionId,
    correlation_id,
    transaction_id,
    unique_part,
)
from dip.messages.standard_response import Entry, clip, label
from dip.messages.timestamps import wire_time
from dip.routing.obfuscation import hidden_for
from dip.routing.route import RecipientClass, Route
from dip.security.vault import Vault
from dip.store.records import NewDelivery, NewJournal, NewMessage, NewStatus, Stage, Status


class Wrapped(msgspec.Struct):
    """A message ready for the store, and as it will be delivered."""

    index: int
    message: NewMessage
    envelope: Envelope


class Wrapper:
    """Gives messages their ids and makes them ready for the store."""

    def __init__(self, *, archive: Archive, vault: Vault, texts: Mapping[str, str], protects: bool) -> None:
        self._archive = archive
        self._vault = vault
        self._texts = texts
        self._protects = protects

    def wrap(
        self,
        checked: Checked,
        route: Route,
        quoted: CorrelationId | None,
        received_at: datetime,
        checked_us: int,
    ) -> Wrapped:
        """Wrapper, addressing, seal and journal of one message. checked_us: how long its checks took."""
        channel, event = checked.channel, checked.event
        unique = unique_part(received_at)
        transaction = transaction_id(channel.id, checked.sender, checked.sender_role, received_at, unique)
        rule = event.correlation(checked.sender_role)
        correlation = None if rule is Correlation.NONE else quoted
        if rule is Correlation.CREATE and correlation is None:
            correlation = correlation_id(received_at, unique)
        envelope = self._assemble(checked, route, transaction, correlation, received_at)
        at = microseconds(received_at)
        roles = route.roles()
        sender_info = checked.common.S1
        message = NewMessage(
            transaction_id=transaction,
            correlation_id=correlation,
            interface=channel.id,
            event=event.code,
            sender=checked.sender,
            sender_role=checked.sender_role,
            reference=checked.reference,
            envelope_reference=_text(getattr(sender_info, "senderEnvelopeReference", None)),
            mpan_digest=self._mpan_digest(checked),
            received_at=at,
            digest=_digest(checked),
            same_content=lambda earlier, sealed: self._is_same(earlier, sealed, envelope),
            sealed=self._archive.seal(envelope, transaction),
            protected=self._protects and channel.encrypted,
            archive_until=at + channel.archive_for // MICROSECOND,
            deliveries=[NewDelivery(recipient, hidden_for(channel.hidden, held)) for recipient, held in roles.items()],
            statuses=[
                self._status(checked, transaction, correlation, fault.code, fault.help, received_at)
                for fault in route.faults
            ],
            journal=_journal(route, at, checked_us),
        )
        return Wrapped(checked.index, message, envelope)

    def _assemble(
        self,
        checked: Checked,
        route: Route,
        transaction: TransactionId,
        correlation: CorrelationId | None,
        received_at: datetime,
    ) -> Envelope:
        given = getattr(getattr(checked.common, "A0", None), "addressingDateTime", msgspec.UNSET)
        return Envelope.assemble(
            checked.blocks,
            AddressBlock(
                primaryRecipients=route.ids(RecipientClass.PRIMARY),
                secondaryRecipients=route.ids(RecipientClass.SECONDARY),
                always=route.ids(RecipientClass.ALWAYS),
                addressingDateTime=given,
            ),
            TransactionBlock(
                transactionID=transaction,
                transactionTimestamp=wire_time(received_at),
                publicationID=checked.channel.publication,
                initialCorrelationID=correlation,
            ),
            checked.custom_raw,
        )

    def _mpan_digest(self, checked: Checked) -> bytes | None:
        for path in checked.event.routing_mpans:
            for value in path.values(checked.common, checked.custom):
                if isinstance(value, str):
                    return self._vault.digest(Mpan(value))
        return None

    def _is_same(self, transaction: str, sealed: bytes, envelope: Envelope) -> bool:
        return self._archive.open(transaction, sealed).as_sent() == envelope.as_sent()

    def _status(
        self,
        checked: Checked,
        transaction: TransactionId,
        correlation: CorrelationId | None,
        code: str,
        help_text: str,
        at: datetime,
    ) -> NewStatus:
        entry = Entry(
            transaction_id=transaction,
            sender_unique_reference=checked.reference,
            correlation_id=correlation,
            sent_timestamp=wire_time(at),
            sender_id=DIP,
            recipient_id=checked.sender,
            message=label(code, self._texts),
            help=clip(help_text),
        )
        sealed = self._vault.seal(msgspec.json.encode(entry), transaction.encode())
        return NewStatus(checked.sender, code, sealed)


def _digest(checked: Checked) -> bytes:
    digest = hashlib.sha256(checked.common_raw)
    if checked.custom_raw is not None:
        digest.update(b"\x00")
        digest.update(checked.custom_raw)
    return digest.digest()


def _journal(route: Route, at: int, checked_us: int) -> list[NewJournal]:
    detail = msgspec.json.encode({"recipients": route.parties, "notes": route.notes, "faults": route.faults}).decode()
    status = Status.FAILED if route.faults and not route.parties else Status.SENT_TO_TOPIC
    return [
        NewJournal(at, Stage.INBOUND, Status.GOOD_TO_GO, duration_us=checked_us),
        NewJournal(at, Stage.ADDRESSING, status, detail=detail),
    ]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
