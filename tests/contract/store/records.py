"""Arrivals and settlements for tests of a store, as short as a test wants them."""

from collections.abc import Sequence

from dip.messages.identifiers import CorrelationId, DipId, EventCode, InterfaceId, RoleCode, TransactionId
from dip.store.protocol import MessageStore
from dip.store.records import (
    Arrival,
    DeliveryState,
    Exchange,
    NewDelivery,
    NewMessage,
    NewStatus,
    Outcome,
    Settled,
    Settlement,
    Stage,
    Status,
    Waiting,
)

SENDER = DipId("2300000001")
ANNA, BERT = DipId("2200000001"), DipId("2200000002")
INTERFACE = InterfaceId("IF-031")
OUTCOME = {
    DeliveryState.DELIVERED: Status.DELIVERED,
    DeliveryState.REJECTED: Status.REJECTED_BY_RECIPIENT,
    DeliveryState.DEAD: Status.DELIVERY_FAILURE,
    DeliveryState.WAITING: Status.RETRYING,
}


def exchange(direction: str = "in", party: DipId = SENDER) -> Exchange:
    """A call with invented evidence."""
    return Exchange(
        direction=direction,
        at=1_000_000,
        party=party,
        method="POST",
        url="https://dip.example/",
        content_hash="hash",
        signature="signature",
        signature_date="2026-03-21T19:05:00.000Z",
        signing_certificate="aa",
        tls_certificate="bb",
        status=201 if direction == "out" else None,
    )


def message(
    reference: str,
    *recipients: DipId,
    content: str = "",
    transaction: str | None = None,
    interface: InterfaceId = INTERFACE,
    sender: DipId = SENDER,
    statuses: Sequence[NewStatus] = (),
    hidden: tuple[str, ...] = (),
) -> NewMessage:
    """A message to these recipients; content tells it from another one of the same reference.

    Equal content in other bytes is written with capitals: `same_content` ignores case.
    """
    return NewMessage(
        transaction_id=TransactionId(transaction or f"T-{interface}-{sender}-{reference}"),
        correlation_id=CorrelationId(f"CI-{reference}"),
        interface=interface,
        event=EventCode("[DSApp]"),
        sender=sender,
        sender_role=RoleCode("SUP"),
        reference=reference,
        envelope_reference=None,
        mpan_digest=b"digest",
        received_at=1_000_000,
        same_content=lambda earlier, sealed: sealed.decode().lower() == content.lower(),
        sealed=content.encode(),
        protected=False,
        archive_until=2_000_000,
        deliveries=[NewDelivery(recipient, hidden) for recipient in recipients],
        statuses=statuses,
        checked_us=80,
        addressed=Status.SENT_TO_TOPIC,
        addressing="{}",
    )


def arrival(*messages: NewMessage, all_or_nothing: bool = False) -> Arrival:
    """A request with these messages; its answer names the verdicts."""

    def conclude(outcomes: Sequence[Outcome]) -> tuple[int, bytes]:
        return 200 + len(outcomes), ",".join(outcome.verdict for outcome in outcomes).encode()

    return Arrival(exchange=exchange(), messages=messages, all_or_nothing=all_or_nothing, conclude=conclude, seal=bytes)


def settlement(
    *waiting: Waiting,
    state: DeliveryState = DeliveryState.DELIVERED,
    until: int | None = None,
    returned: NewStatus | None = None,
    stage: Stage = Stage.OUTBOUND,
) -> Settlement:
    """A call that made the same of each of these deliveries."""
    return Settlement(
        exchange=exchange("out", ANNA),
        recipient=ANNA,
        stage=stage,
        settled=[Settled(one.id, one.message, OUTCOME[state], until, None, returned) for one in waiting],
    )


def lane_of(store: MessageStore, recipient: DipId, channel: str = INTERFACE) -> int:
    """The number of a recipient's lane."""
    (number,) = (lane.id for lane in store.lanes().values() if (lane.recipient, lane.channel) == (recipient, channel))
    return number


def queue(store: MessageStore, recipient: DipId = ANNA, channel: str = INTERFACE, limit: int = 1000) -> list[Waiting]:
    """What waits for a recipient, from the head."""
    return list(store.waiting({lane_of(store, recipient, channel): 0}, limit))


def queued(store: MessageStore, recipient: DipId = ANNA, channel: str = INTERFACE) -> list[str]:
    """The references of what waits for a recipient."""
    return [waiting.reference for waiting in queue(store, recipient, channel)]
