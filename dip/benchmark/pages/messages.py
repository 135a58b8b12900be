"""The messages of a request, whole and sealed, as the intake would hand them to the store."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from dip.archive.archive import Archive
from dip.benchmark.pages.traffic import Request, correlation
from dip.ground.clock import microseconds
from dip.messages.envelope import AddressBlock, Envelope, TransactionBlock
from dip.messages.identifiers import DIP, CorrelationId, DipId, Mpan, Receipt, transaction_id, unique_part
from dip.messages.standard_response import Entry, StandardResponse
from dip.messages.timestamps import wire_time
from dip.routing import route
from dip.security.vault import Vault
from dip.store.records import Arrival, Exchange, NewDelivery, NewMessage, NewStatus, Outcome, Status

_HASH: Final = "0" * 44
_SIGNATURE: Final = "0" * 344
_FINGERPRINT: Final = "0" * 64
_KEPT: Final = timedelta(days=2557)
_CHECKED_US: Final = (900, 1_400, 2_100, 3_300, 7_800, 12_000, 26_000)
_VERSION: Final = "011"
_CREATED: Final = 201


class Writer:
    """Writes and seals messages."""

    def __init__(self, vault: Vault, archive: Archive) -> None:
        self._vault = vault
        self._archive = archive
        self._digests: dict[Mpan, bytes] = {}

    def arrival(self, request: Request, refused: int) -> Arrival:
        """A request of one sender as it is committed. refused: how many of its messages are not taken."""
        messages = self.messages(request)
        at = wire_time(request.at)

        def conclude(outcomes: Sequence[Outcome]) -> tuple[int, bytes]:
            entries = [
                Entry(
                    transaction_id=one.transaction_id,
                    sender_unique_reference=one.reference,
                    sent_timestamp=at,
                    sender_id=DIP,
                    recipient_id=one.sender,
                    message="MSG0000 - Success",
                )
                for one in messages
            ]
            return _CREATED, msgspec.json.encode(StandardResponse(entries, at))

        return Arrival(
            exchange=exchange("in", request.at, request.sender.dip_id, None),
            messages=messages,
            all_or_nothing=False,
            conclude=conclude,
            seal=self._archive.seal_answer,
            refused=[(request.interface, request.sender.dip_id)] * refused,
        )

    def messages(self, request: Request) -> list[NewMessage]:
        """The messages of a request, one for each of its MPANs."""
        receipt = Receipt.at(request.at)
        sender = request.sender
        to = [one.dip_id for one in request.recipients]
        reasons = [
            route.Party(one.dip_id, one.role, route.RecipientClass.PRIMARY, "holds the role for the MPAN")
            for one in request.recipients
        ]
        addressing = msgspec.json.encode({"recipients": reasons, "notes": [], "faults": []}).decode()
        event = msgspec.Raw(
            msgspec.json.encode(
                {"interfaceID": request.interface, "schemaVersion": _VERSION, "eventCode": request.event}
            )
        )
        made = []
        for place, mpan in enumerate(request.mpans):
            unique = unique_part(receipt, place)
            transaction = transaction_id(request.interface, sender.dip_id, sender.role, receipt, unique)
            reference = f"S-{request.interface}-{sender.dip_id}-{sender.role}-{unique}"
            linked = CorrelationId(correlation(request.workflow, place)) if request.workflow else None
            common = {"S0": event, **_blocks(request, reference, mpan, receipt.stamp)}
            wrapper = TransactionBlock(transaction, receipt.stamp, f"PUB-{request.interface[3:]}", linked)
            envelope = Envelope.assemble(common, AddressBlock(to, [], []), wrapper, _custom(request))
            made.append(
                NewMessage(
                    transaction_id=transaction,
                    correlation_id=linked,
                    interface=request.interface,
                    event=request.event,
                    sender=sender.dip_id,
                    sender_role=sender.role,
                    reference=reference,
                    envelope_reference=request.envelope,
                    mpan_digest=self._digest(mpan),
                    received_at=receipt.microseconds,
                    same_content=lambda earlier, sealed: False,
                    sealed=self._archive.seal(envelope, transaction),
                    protected=False,
                    archive_until=microseconds(request.at + _KEPT),
                    deliveries=[NewDelivery(one) for one in to],
                    checked_us=_CHECKED_US[place % len(_CHECKED_US)],
                    addressed=Status.SENT_TO_TOPIC,
                    addressing=addressing,
                )
            )
        return made

    def returned(self, message: NewMessage, origin: DipId, at: datetime, text: str) -> NewStatus:
        """The status message that tells a sender that its message came to nothing."""
        entry = Entry(
            transaction_id=message.transaction_id,
            sender_unique_reference=message.reference,
            correlation_id=message.correlation_id,
            sent_timestamp=wire_time(at),
            sender_id=origin,
            recipient_id=message.sender,
            message=text,
        )
        sealed = self._vault.seal(msgspec.json.encode(entry), message.transaction_id.encode())
        return NewStatus(message.sender, text[:7], sealed, origin)

    def _digest(self, mpan: Mpan) -> bytes:
        found = self._digests.get(mpan)
        if found is None:
            found = self._digests[mpan] = self._vault.digest(mpan)
        return found


def exchange(direction: str, at: datetime, party: DipId, status: int | None, duration_us: int = 4_000) -> Exchange:
    """A call in or out, with evidence that is none."""
    return Exchange(
        direction=direction,
        at=microseconds(at),
        party=party,
        method="POST",
        url="https://127.0.0.1:8443/dip-channel",
        content_hash=_HASH,
        signature=_SIGNATURE,
        signature_date=wire_time(at),
        signing_certificate=_FINGERPRINT,
        tls_certificate=_FINGERPRINT,
        status=status,
        duration_us=duration_us,
    )


def _blocks(request: Request, reference: str, mpan: Mpan, stamp: str) -> dict[str, msgspec.Raw]:
    lead = {
        "environmentTag": "DEV",
        "senderUniqueReference": reference,
        "senderTimestamp": stamp,
        "senderDIPID": request.sender.dip_id,
        "senderRoleID": request.sender.role,
    }
    if request.envelope is not None:
        lead["senderEnvelopeReference"] = request.envelope
    blocks: dict[str, object] = {"S1": lead, "M0": {"MPANCore": mpan, "GSPGroupID": "_H"}}
    if request.response and request.interface == "IF-032":
        blocks["R0"] = {"responseCode": request.response}
    return {name: msgspec.Raw(msgspec.json.encode(block)) for name, block in blocks.items()}


def _custom(request: Request) -> bytes:
    if request.response and request.interface == "IF-034":
        return msgspec.json.encode({"B007": {"responseCode": request.response}})
    return msgspec.json.encode({"B013": {"CSSRegistrationID": "2000056535972"}, "B071": {"appointmentScenario": "COS"}})
