"""The transaction wrapper, the addressing, the seal: a checked message made ready to be committed (5.5.4)."""

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from dip.archive.archive import Archive
from dip.channels.channel import Channel, Correlation
from dip.ground.clock import MICROSECOND
from dip.intake.check import Checked
from dip.messages.envelope import AddressBlock, Envelope, TransactionTemplate
from dip.messages.identifiers import (
    DIP,
    CorrelationId,
    DipId,
    Mpan,
    Receipt,
    TransactionId,
    correlation_id,
    transaction_head,
    unique_part,
)
from dip.messages.standard_response import Entry, clip, label
from dip.routing.obfuscation import hidden_for
from dip.routing.route import RecipientClass, Route, RoutingFault
from dip.security.vault import Vault
from dip.store.records import NewDelivery, NewMessage, NewStatus, Status


class Wrapped(msgspec.Struct):
    """A message ready for the store, and as it will be delivered."""

    index: int
    message: NewMessage
    envelope: Envelope


class _Alike(msgspec.Struct, frozen=True):
    """What messages of one request have in common that are of the same event, sender and role."""

    transaction_head: str
    wrapper: TransactionTemplate
    correlation: Correlation
    archive_until: int
    protected: bool


class _Addressed(msgspec.Struct, frozen=True):
    """A route as a message and its rows have it: A0 as JSON, the deliveries, who gets it and why."""

    block: bytes
    deliveries: Sequence[NewDelivery]
    reasons: str


class Wrapper:
    """Gives the messages of one request their ids and makes them ready for the store.

    It keeps what it wrote for one of them that is the same for others, for as long as the request is being read.
    """

    def __init__(
        self, *, archive: Archive, vault: Vault, texts: Mapping[str, str], protects: bool, receipt: Receipt
    ) -> None:
        self._archive = archive
        self._vault = vault
        self._texts = texts
        self._protects = protects
        self._receipt = receipt
        self._alike: dict[tuple[str, ...], _Alike] = {}
        self._addressed: dict[tuple[object, ...], _Addressed] = {}
        self._digests: dict[Mpan, bytes] = {}

    def wrap(
        self, checked: Checked, route: Route, mpans: Sequence[Mpan], quoted: CorrelationId | None, checked_us: int
    ) -> Wrapped:
        """Wrapper, addressing, seal and journal of one message. checked_us: how long its checks took."""
        channel, event, receipt = checked.channel, checked.event, self._receipt
        sender, role = checked.sender, checked.sender_role
        alike = self._alike.get((channel.id, event.code, sender, role)) or self._found_alike(checked)
        unique = unique_part(receipt, checked.index)
        transaction = TransactionId(alike.transaction_head + unique)
        correlation = None if alike.correlation is Correlation.NONE else quoted
        if alike.correlation is Correlation.CREATE and correlation is None:
            correlation = correlation_id(receipt, unique)
        addressed = self._address(checked, route)
        envelope = Envelope.joined(
            checked.blocks, addressed.block, alike.wrapper.filled(transaction, correlation), checked.custom_raw
        )
        message = NewMessage(
            transaction_id=transaction,
            correlation_id=correlation,
            interface=channel.id,
            event=event.code,
            sender=sender,
            sender_role=role,
            reference=checked.reference,
            envelope_reference=_text(getattr(checked.common.S1, "senderEnvelopeReference", None)),
            mpan_digest=self._digest_of(mpans[0]) if mpans else None,
            received_at=receipt.microseconds,
            same_content=partial(self._is_same, envelope),
            sealed=self._archive.seal(envelope, transaction),
            protected=alike.protected,
            archive_until=alike.archive_until,
            deliveries=addressed.deliveries,
            statuses=[self._status(checked, transaction, correlation, fault) for fault in route.faults],
            checked_us=checked_us,
            addressed=Status.FAILED if route.faults and not route.parties else Status.SENT_TO_TOPIC,
            addressing=addressed.reasons,
            publication=checked.publication,
        )
        return Wrapped(checked.index, message, envelope)

    def _found_alike(self, checked: Checked) -> _Alike:
        channel, event, receipt = checked.channel, checked.event, self._receipt
        sender, role = checked.sender, checked.sender_role
        made = self._alike[channel.id, event.code, sender, role] = _Alike(
            transaction_head=transaction_head(channel.id, sender, role, receipt),
            wrapper=TransactionTemplate.of(receipt.stamp, channel.publication),
            correlation=event.correlation(role),
            archive_until=receipt.microseconds + channel.archive_for // MICROSECOND,
            protected=self._protects and channel.encrypted,
        )
        return made

    def _address(self, checked: Checked, route: Route) -> _Addressed:
        """What the route comes to: the same for messages of a channel that go to the same parties for the same reasons.

        An MPAN has a message for each measurement quantity, and its holders are the same in all of them.
        """
        given = getattr(getattr(checked.common, "A0", None), "addressingDateTime", msgspec.UNSET)
        key = (checked.channel.id, given, *route.parties, *route.notes, *route.faults)
        made = self._addressed.get(key)
        if made is None:
            block = AddressBlock(
                primary=route.ids(RecipientClass.PRIMARY),
                secondary=route.ids(RecipientClass.SECONDARY),
                always=route.ids(RecipientClass.ALWAYS),
                at=given,
            )
            reasons = {"recipients": route.parties, "notes": route.notes, "faults": route.faults}
            made = self._addressed[key] = _Addressed(
                msgspec.json.encode(block), _deliveries(checked.channel, route), msgspec.json.encode(reasons).decode()
            )
        return made

    def _digest_of(self, mpan: Mpan) -> bytes:
        made = self._digests.get(mpan)
        if made is None:
            made = self._digests[mpan] = self._vault.digest(mpan)
        return made

    def _is_same(self, envelope: Envelope, transaction: str, sealed: bytes) -> bool:
        return self._archive.open(transaction, sealed).as_sent() == envelope.as_sent()

    def _status(
        self,
        checked: Checked,
        transaction: TransactionId,
        correlation: CorrelationId | None,
        fault: RoutingFault,
    ) -> NewStatus:
        entry = Entry(
            transaction_id=transaction,
            sender_unique_reference=checked.reference,
            correlation_id=correlation,
            sent_timestamp=self._receipt.stamp,
            sender_id=DIP,
            recipient_id=checked.sender,
            connection_provider_id=_agent_of(checked),
            message=label(fault.code, self._texts),
            help=clip(fault.help),
        )
        sealed = self._vault.seal(msgspec.json.encode(entry), transaction.encode())
        return NewStatus(checked.sender, fault.code, sealed)


def _deliveries(channel: Channel, route: Route) -> list[NewDelivery]:
    """One for each recipient, with what it may not see."""
    if not channel.hidden:
        return [NewDelivery(recipient) for recipient in dict.fromkeys([party.dip_id for party in route.parties])]
    return [NewDelivery(recipient, hidden_for(channel.hidden, held)) for recipient, held in route.roles().items()]


def _agent_of(checked: Checked) -> DipId | None:
    """Who sent the message for its sender; None where that was itself."""
    provider = checked.common.S1.DIPConnectionProviderID
    return None if provider in (None, checked.sender) else DipId(provider)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
