"""Messages to look at: a few arrivals and what calls to webhooks made of them."""

import msgspec

from dip.messages.identifiers import (
    CorrelationId,
    DipId,
    EventCode,
    InterfaceId,
    RoleCode,
    TransactionId,
)
from dip.store.messages import SqliteMessages
from dip.store.records import (
    Arrival,
    Exchange,
    NewDelivery,
    NewMessage,
    NewStatus,
    Settled,
    Settlement,
    Stage,
    Status,
)

SUPPLIER = DipId("2300000001")
FORMER_SUPPLIER = DipId("2300000002")
REGISTRATION = DipId("2200000001")
DATA_SERVICE = DipId("1400000001")
MARKET_WIDE = DipId("1800000001")
MILLISECOND = 1000


def exchange(at: int, party: DipId, *, direction: str = "in", status: int | None = None) -> Exchange:
    """One call as evidence."""
    url = "https://127.0.0.1:8443/dip-channel/IF-031" if direction == "in" else f"https://localhost:9443/{party}"
    return Exchange(
        direction=direction,
        at=at,
        party=party,
        method="POST",
        url=url,
        content_hash="n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
        signature="c2lnbmF0dXJl" * 28,
        signature_date="2026-03-21T19:05:00.123Z",
        signing_certificate="5f" * 32,
        tls_certificate="7a" * 32,
        status=status,
        duration_us=38_400,
    )


def routes(*recipients: tuple[DipId, str, str]) -> str:
    """The routing's detail in the journal."""
    return msgspec.json.encode(
        {
            "recipients": [
                {"dipId": dip_id, "role": role, "class": kind, "reason": f"{kind} recipient by rule"}
                for dip_id, role, kind in recipients
            ],
            "notes": [],
        }
    ).decode()


def message(
    number: int,
    at: int,
    *recipients: tuple[DipId, str, str],
    interface: str = "IF-031",
    event: str = "[DSApp]",
    sender: DipId = SUPPLIER,
    role: str = "SUP",
    digest: bytes | None = None,
    statuses: tuple[NewStatus, ...] = (),
) -> NewMessage:
    """A message with its journal."""
    return NewMessage(
        transaction_id=TransactionId(f"T-{interface}-{sender}-{role}-20260321-{number:026X}"),
        correlation_id=CorrelationId(f"CI-20260321-{number // 4:026X}"),
        interface=InterfaceId(interface),
        event=EventCode(event),
        sender=sender,
        sender_role=RoleCode(role),
        reference=f"S-{interface}-{sender}-{role}-20260321-{number:08d}",
        envelope_reference=None,
        mpan_digest=digest,
        received_at=at,
        same_content=lambda _transaction_id, _sealed: False,
        sealed=b"sealed",
        protected=True,
        archive_until=at + 2557 * 86_400_000_000,
        deliveries=[
            NewDelivery(dip_id, ("CustomBlock.B909.appointmentCode",) if role == "MDS" else ())
            for dip_id, role, _ in recipients
        ],
        statuses=statuses,
        checked_us=1_900,
        addressed=Status.SENT_TO_TOPIC if recipients else Status.FAILED,
        addressing=routes(*recipients),
    )


async def arrive(messages: SqliteMessages, at: int, *new: NewMessage) -> None:
    """One request that brings these."""
    await messages.take_in(
        Arrival(
            exchange=exchange(at, new[0].sender),
            messages=new,
            all_or_nothing=False,
            conclude=lambda _outcomes: (202, b"{}"),
            seal=bytes,
        )
    )


async def call(
    messages: SqliteMessages,
    at: int,
    recipient: DipId,
    interface: str,
    status: Status,
    *,
    answer: int | None = 201,
    returned: NewStatus | None = None,
    detail: str | None = None,
    note: str | None = None,
) -> None:
    """A call that makes this of the first message waiting in a lane. note: what its evidence says."""
    lane = next(
        number for number, lane in messages.lanes().items() if (lane.recipient, lane.channel) == (recipient, interface)
    )
    first = messages.waiting({lane: 0}, 1)[0]
    made = exchange(at, recipient, direction="out", status=answer)
    made.note = note
    await messages.settle(
        Settlement(
            exchange=made,
            recipient=recipient,
            stage=Stage.OUTBOUND,
            settled=[
                Settled(first.id, first.message, status, returned=returned, detail=detail),
            ],
        )
    )
