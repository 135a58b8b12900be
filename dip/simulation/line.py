"""One line of a play: a message that a simulated participant is going to send."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from dip.client import Credentials, Message, sender_reference
from dip.messages.identifiers import CorrelationId, DipId, EventCode, InterfaceId
from dip.messages.timestamps import wire_time

SCHEMA_VERSION = "011"


class Line(msgspec.Struct, frozen=True):
    """A message without its envelope; primary: the recipients that only its sender knows."""

    interface: InterfaceId
    event: EventCode
    custom: dict[str, Any]
    primary: tuple[DipId, ...] = ()


def written(
    line: Line,
    *,
    sender: Credentials,
    environment: str,
    metering_point: Mapping[str, Any],
    correlation: CorrelationId | None,
    now: datetime,
) -> Message:
    """The line as a message of this sender; metering_point is block M0, correlation the id that it quotes."""
    common = {
        "S0": {"interfaceID": line.interface, "schemaVersion": SCHEMA_VERSION, "eventCode": line.event},
        "S1": {
            "environmentTag": environment,
            "subText": None,
            "senderUniqueReference": sender_reference(line.interface, sender.dip_id, sender.role, now),
            "senderTimestamp": wire_time(now),
            "senderDIPID": sender.dip_id,
            "senderRoleID": sender.role,
            "senderCorrelationID": correlation,
            "DIPConnectionProviderID": None,
        },
        "A0": {"primaryRecipients": line.primary, "secondaryRecipients": [], "always": []},
        "M0": metering_point,
    }
    return {"payload": {"CommonBlock": common, "CustomBlock": line.custom}}
