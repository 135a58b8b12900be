"""What every list of messages says of each: by what it is known, and where it came from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from dip.ground.clock import moment
from dip.messages.identifiers import (
    CorrelationId,
    DipId,
    EventCode,
    InterfaceId,
    RoleCode,
    SenderReference,
    TransactionId,
)


class MessageMarks(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """id: its number in the order of receipt."""

    id: int
    received_at: datetime
    interface: InterfaceId
    event: EventCode
    sender: DipId
    sender_role: RoleCode
    reference: SenderReference
    transaction_id: TransactionId
    correlation_id: CorrelationId | None


def marks_in(row: Sequence[Any]) -> dict[str, Any]:
    """The marks by field, from the first columns of a row."""
    return {
        "id": row[0],
        "received_at": moment(row[1]),
        "interface": InterfaceId(row[2]),
        "event": EventCode(row[3]),
        "sender": DipId(row[4]),
        "sender_role": RoleCode(row[5]),
        "reference": SenderReference(row[6]),
        "transaction_id": TransactionId(row[7]),
        "correlation_id": None if row[8] is None else CorrelationId(row[8]),
    }
