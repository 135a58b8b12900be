"""What the audit report and the flow reports read of messages (5.11.3)."""

from dip.messages.identifiers import (
    DipId,
)
from dip.store.message_marks import MessageMarks
from dip.store.records import DeliveryState


class AuditRow(MessageMarks, frozen=True, kw_only=True, rename="camel"):
    """One line of the general audit report (figures 16 to 18).

    sent: the sender's call was answered with success. dip: the DIP found whom to send it to. received, failed,
    undelivered: recipients that took it, that refused it, and that could not be reached; waiting: the rest.
    """

    envelope_reference: str | None
    sent: bool
    dip: bool
    received: tuple[DipId, ...]
    failed: tuple[DipId, ...]
    undelivered: tuple[DipId, ...]
    waiting: tuple[DipId, ...]
    mpan: str | None = None
    """Only where it was searched for: the DIP keeps a digest of it."""


class FlowMessage(MessageMarks, frozen=True, kw_only=True):
    """A message as one step of a flow. lost: deliveries that came to nothing; known: the visitor sent or got it."""

    envelope_reference: str | None
    mpan_digest: bytes | None
    lost: int = 0
    to_nobody: bool = False
    known: bool = True


TOOK = frozenset({DeliveryState.DELIVERED})
REFUSED = frozenset({DeliveryState.REJECTED})
GIVEN_UP = frozenset({DeliveryState.DEAD, DeliveryState.WITHDRAWN})
