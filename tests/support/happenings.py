"""Messages and what was sent on of them, as the store tells them, for tests of what is made of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as Tree

from dip.messages.identifiers import (
    CorrelationId,
    DipId,
    EventCode,
    InterfaceId,
    RoleCode,
    SenderReference,
    TransactionId,
)
from dip.store.page_records import MessageRow, Sent
from dip.store.records import DeliveryState

START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
SUPPLIER = DipId("2300000001")
REGISTRATION = DipId("2200000001")
DATA_SERVICE = DipId("1400000001")


def after(milliseconds: int) -> datetime:
    return START + timedelta(milliseconds=milliseconds)


def message(
    number: int,
    milliseconds: int,
    *,
    sender: DipId = SUPPLIER,
    role: str = "SUP",
    interface: str = "IF-031",
    correlation: str | None = "CI-1",
    recipients: int = 1,
) -> MessageRow:
    """A message by its number. recipients: how many it has; what was sent on of it stands apart."""
    return MessageRow(
        id=number,
        received_at=after(milliseconds),
        interface=InterfaceId(interface),
        event=EventCode("[DSApp]"),
        sender=sender,
        sender_role=RoleCode(role),
        reference=SenderReference(f"S-{number}"),
        transaction_id=TransactionId(f"T-{number}"),
        correlation_id=None if correlation is None else CorrelationId(correlation),
        deliveries={DeliveryState.DELIVERED: recipients} if recipients else {},
        status_messages=0,
    )


def sent(
    number: int,
    milliseconds: int,
    recipient: DipId = REGISTRATION,
    state: DeliveryState = DeliveryState.DELIVERED,
    *,
    role: str = "REGS",
    **more: Any,
) -> Sent:
    """A delivery of message `number` that was settled then, or waits since then."""
    is_open = state in (DeliveryState.WAITING, DeliveryState.LEASED)
    return Sent(
        message=number,
        recipient=recipient,
        state=state,
        queued_at=after(milliseconds),
        settled_at=None if is_open else after(milliseconds),
        **{"attempts": 1, "roles": (RoleCode(role),), **more},
    )


def read_svg(text: str) -> Tree.Element:
    """The root of a drawing that we made ourselves."""
    return Tree.fromstring(text)  # noqa: S314 - nobody else wrote it
