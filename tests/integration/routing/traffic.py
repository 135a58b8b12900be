"""Messages for routing tests, and who they were queued for."""

from collections.abc import Iterable
from typing import Any

import msgspec

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import OPEN, Knowledge
from dip.appointments.packing import pack
from dip.channels.examples import example
from dip.client import fresh
from dip.ground.clock import Clock
from dip.messages.identifiers import DipId, EventCode, InterfaceId, Mpan, RoleCode
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse
from tests.support.platform import Platform, changed, sample

SUPPLIERS = ("2300000001", "2300000002")
REGISTRATION, OTHER_REGISTRATION = "2200000001", "2200000002"
DATA_SERVICE, METERING = "1400000001", "1200000001"
MDS, LSS = "1800000001", "1900000001"
NETWORKS = ("2500000001", "2500000002")
CHANGED_HANDS = "1055855690701"
"""Supplier 2 until 1 October 2024 (local midnight), 1 until 1 December 2025, then 2; network 2."""
UNKNOWN_MPAN = "2099999999999"
MPAN = "CommonBlock.M0.MPANCore"
Message = dict[str, Any]


def consumption(*days: str, mpan: str = CHANGED_HANDS) -> Message:
    """An IF-021 for these UTC days."""
    message = changed(sample("if-021"), MPAN, mpan)
    (whole,) = message["payload"]["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"]
    periods = []
    for day in days:
        settled = {"settlementDayDate": f"{day}T00:00:00+00:00", "periodDuration": 30}
        periods.append({**whole, "settlementDay": settled})
    return changed(message, "CustomBlock.B900.settlementDayConsumptionPeriods", periods)


def made_up(platform: Platform, interface: str, event: str, sender: str, role: str, **common: Any) -> Message:
    """A message of any event from the example values of its schema."""
    channel = platform.dip.registry.value.find(InterfaceId(interface))
    assert channel is not None
    payload = example(channel.events[EventCode(event)].format.schema(), optional=False)
    block = payload["CommonBlock"]
    block.pop("A0", None), block.pop("D0", None)
    version = block["S0"]["schemaVersion"]
    block["S0"] = {"interfaceID": interface, "schemaVersion": version, "eventCode": event}
    block["S1"] = sample("if-031")["payload"]["CommonBlock"]["S1"] | {"senderDIPID": sender, "senderRoleID": role}
    block |= common
    return fresh({"payload": payload}, Clock().wall())


def addressed(*named: str | None, at: str | None = None) -> Message:
    """A block A0."""
    block: Message = {"primaryRecipients": named, "secondaryRecipients": [], "always": []}
    return block | ({"addressingDateTime": at} if at else {})


async def send(platform: Platform, message: Message) -> str:
    """Send a message as its sender; its transaction id."""
    common = message["payload"]["CommonBlock"]
    client = await platform.client(common["S1"]["senderDIPID"])
    result = await client.send(common["S0"]["interfaceID"], [message])
    assert result.all_accepted, result
    return result.accepted[0].transaction_id


async def queued_for(platform: Platform, transaction_id: str) -> list[str]:
    """Who a message was queued for, each as often as it was, in order of the ids."""
    rows = await platform.dip.store.writer.ask(
        lambda connection: connection.execute(
            "SELECT lane.recipient FROM delivery JOIN message ON message.id = delivery.message "
            "JOIN lane ON lane.id = delivery.lane "
            "WHERE message.transaction_id = ? AND delivery.status_message IS NULL ORDER BY 1",
            (transaction_id,),
        ).fetchall()
    )
    return [row[0] for row in rows]


async def recipients(platform: Platform, message: Message) -> list[str]:
    """Send a message; who it is queued for."""
    return await queued_for(platform, await send(platform, message))


def with_roles(platform: Platform, dip_id: str, *roles: str) -> None:
    """Give a participant other roles."""
    before = platform.dip.participants.value
    everyone = [
        msgspec.structs.replace(one, roles=tuple(map(RoleCode, roles))) if one.dip_id == dip_id else one
        for one in before
    ]
    platform.dip.participants.value = with_certificates_of(platform, everyone)


def without(platform: Platform, dip_id: str) -> None:
    """Take a participant out."""
    remaining = [one for one in platform.dip.participants.value if one.dip_id != dip_id]
    platform.dip.participants.value = with_certificates_of(platform, remaining)


def with_certificates_of(platform: Platform, everyone: Iterable[Any]) -> Participants:
    """A snapshot with other participants and the same certificates."""
    before = platform.dip.participants.value
    held = [before.held_by(one.dip_id, use) for one in before for use in CertificateUse]
    return Participants(everyone, [certificate for some in held for certificate in some])


async def appoint(platform: Platform, mpan: str, *changes: Change) -> None:
    """Add appointments, also of somebody who is no participant."""
    store = platform.dip.store.appointments
    history = amend(store.history(int(mpan)), changes, Knowledge(0)).history
    await store.save([(int(mpan), pack(history, store.holders))])
    platform.dip.look_up.forget([Mpan(mpan)])


def appointment(role: str, dip_id: str, starts: int = 0, ends: int = OPEN) -> Change:
    """An appointment, from and until a second since 1970 UTC."""
    return Change(Kind.APPOINT, starts, (RoleCode(role),), RoleCode(role), DipId(dip_id), ends)
