"""The transaction wrapper, the addressing, the seal: a checked message made ready to be committed (5.5.4)."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from dip.archive.archive import Archive
from dip.channels.channel import Channel, Correlation
from dip.ground.clock import MICROSECOND
from dip.intake.check import Checked
from dip.messages.envelope import AddressBlock, Envelope, TransactionBlock
from dip.messages.identifiers import (
    DIP,
    CorrelationId,
    Mpan,
    Receipt,
    TransactionId,
    correlation_id,
    transaction_id,
    unique_part,
)
from dip.messages.standard_response import Entry, clip, label
from dip.routing.obfuscation import hidden_for
from dip.routing.route import RecipientClass, Route
from dip.security.vault import Vault
from dip.store.records import NewDelivery, NewMessage, NewStatus, Status

_PIECE = 2000
"""Bytes that are digested at once."""


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
        mpans: Sequence[Mpan],
        quoted: CorrelationId | None,
        receipt: Receipt,
        checked_us: int,
    ) -> Wrapped:
        """Wrapper, addressing, seal and journal of one message. checked_us: how long its checks took."""
        channel, event = checked.channel, checked.event
        unique = unique_part(receipt, checked.index)
        transaction = transaction_id(channel.id, checked.sender, checked.sender_role, receipt, unique)
        rule = event.correlation(checked.sender_role)
        correlation = None if rule is Correlation.NONE else quoted
        if rule is Correlation.CREATE and correlation is None:
            correlation = correlation_id(receipt, unique)
        envelope = self._assemble(checked, route, transaction, correlation, receipt)
        at = receipt.microseconds
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
            mpan_digest=self._vault.digest(mpans[0]) if mpans else None,
            received_at=at,
            digest=_digest(checked),
            same_content=lambda earlier, sealed: self._is_same(earlier, sealed, envelope),
            sealed=self._archive.seal(envelope, transaction),
            protected=self._protects and channel.encrypted,
            archive_until=at + channel.archive_for // MICROSECOND,
            deliveries=_deliveries(channel, route),
            statuses=[
                self._status(checked, transaction, correlation, fault.code, fault.help, receipt)
                for fault in route.faults
            ],
            checked_us=checked_us,
            addressed=Status.FAILED if route.faults and not route.parties else Status.SENT_TO_TOPIC,
            addressing=msgspec.json.encode(
                {"recipients": route.parties, "notes": route.notes, "faults": route.faults}
            ).decode(),
        )
        return Wrapped(checked.index, message, envelope)

    def _assemble(
        self,
        checked: Checked,
        route: Route,
        transaction: TransactionId,
        correlation: CorrelationId | None,
        receipt: Receipt,
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
                transactionTimestamp=receipt.stamp,
                publicationID=checked.channel.publication,
                initialCorrelationID=correlation,
            ),
            checked.custom_raw,
        )

    def _is_same(self, transaction: str, sealed: bytes, envelope: Envelope) -> bool:
        return self._archive.open(transaction, sealed).as_sent() == envelope.as_sent()

    def _status(
        self,
        checked: Checked,
        transaction: TransactionId,
        correlation: CorrelationId | None,
        code: str,
        help_text: str,
        receipt: Receipt,
    ) -> NewStatus:
        entry = Entry(
            transaction_id=transaction,
            sender_unique_reference=checked.reference,
            correlation_id=correlation,
            sent_timestamp=receipt.stamp,
            sender_id=DIP,
            recipient_id=checked.sender,
            message=label(code, self._texts),
            help=clip(help_text),
        )
        sealed = self._vault.seal(msgspec.json.encode(entry), transaction.encode())
        return NewStatus(checked.sender, code, sealed)


def _deliveries(channel: Channel, route: Route) -> list[NewDelivery]:
    """One for each recipient, with what it may not see."""
    if not channel.hidden:
        return [NewDelivery(recipient) for recipient in dict.fromkeys([party.dip_id for party in route.parties])]
    return [NewDelivery(recipient, hidden_for(channel.hidden, held)) for recipient, held in route.roles().items()]


def _digest(checked: Checked) -> bytes:
    digest = hashlib.sha256(checked.common_raw)
    if checked.custom_raw is not None:
        digest.update(b"\x00")
        # Of a longer piece the interpreter would be given up, and asked for again, once a message.
        custom = memoryview(checked.custom_raw)
        for start in range(0, len(custom), _PIECE):
            digest.update(custom[start : start + _PIECE])
    return digest.digest()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
