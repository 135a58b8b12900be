"""The look-up for people: who gets a message about an MPAN, and why (5.5.14)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dip.channels.registry import Registry
from dip.ground.clock import moment
from dip.ground.errors import BadRequest
from dip.messages.identifiers import Mpan, RoleCode
from dip.messages.timestamps import wire_time
from dip.participants.registry import Participants
from dip.routing.dates import at as instant
from dip.routing.look_up import LookUp
from dip.store.records import Appointment


def explain_look_up(
    mpan: str,
    channel_id: str | None,
    when: datetime,
    *,
    registry: Registry,
    participants: Participants,
    look_up: LookUp,
) -> dict[str, Any]:
    """Recipients of an MPAN at a moment, on a channel or in every role, with all its appointments.

    Raises BadRequest: no MPAN, or no such channel.
    """
    if not (len(mpan) == 13 and mpan.isascii() and mpan.isdigit()):
        raise BadRequest("mpan: expected 13 digits")
    rows = look_up.appointments(Mpan(mpan))
    secondary: Iterable[RoleCode] | None = None
    recipients: list[dict[str, str]] = []
    if channel_id is not None:
        channel = registry.find(channel_id)
        if channel is None:
            raise BadRequest(f"channel: no interface {channel_id[:20]}")
        routings = [event.routing(role) for event in channel.events.values() for role in event.senders]
        secondary = {role for routing in routings for role in routing.secondary}
        for role in dict.fromkeys(role for routing in routings for role in routing.always):
            recipients.extend(
                {"dipId": dip_id, "role": role, "class": "always", "reason": "every participant in the role"}
                for dip_id in participants.by_role(role)
            )
    span = instant(when)
    held = [
        {
            "dipId": row.dip_id,
            "role": row.role,
            "class": "secondary",
            "reason": f"appointed from {_shown(row.effective_from)}",
        }
        for row in rows
        if span.meets(row) and (secondary is None or row.role in secondary)
    ]
    return {
        "mpan": mpan,
        "at": wire_time(when),
        "recipients": held + recipients,
        "appointments": [_appointment(row) for row in rows],
    }


def _appointment(row: Appointment) -> dict[str, str | None]:
    return {
        "role": row.role,
        "dipId": row.dip_id,
        "effectiveFrom": _shown(row.effective_from),
        "effectiveTo": _shown(row.effective_to) if row.effective_to is not None else None,
    }


def _shown(at: int) -> str:
    return wire_time(moment(at))
