"""Messages that say who is appointed, and what became of them."""

import copy
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from dip.appointments.changes import Change
from dip.appointments.history import LAST, OPEN, YEAR_1
from dip.channels.examples import example
from dip.client import fresh
from dip.client.results import SendResult
from dip.ground.clock import Clock
from dip.messages.identifiers import EventCode, InterfaceId, Mpan, RoleCode
from dip.messages.timestamps import moment_of
from dip.routing.dates import Span
from dip.store.appointments import AppointmentUpdate
from dip.store.queries import queries
from tests.integration.routing.traffic import REGISTRATION, Message, made_up
from tests.support.platform import Platform
from tests.support.waiting import until

_SECOND = 1_000_000
MPAN = "1055855690701"
SERVICES = ("1400000001", "1400000002")
"""Two SDS; the second one holds the role for MPAN since April 2024."""
ANOTHER = "2000401060285"
NEW = "1099999999998"
Held = tuple[str, str, str | None]
"""Holder, start and end as 25 characters in UTC; None where it is open."""


def announcement(
    platform: Platform, interface: str, event: str, mpan: str, items: dict[str, Any], sender: str = REGISTRATION
) -> Message:
    """A message of registration about an MPAN. items: by dotted path; a block that may be left out comes with them."""
    message = made_up(platform, interface, event, sender, "REGS")
    channel = platform.dip.registry.value.find(InterfaceId(interface))
    assert channel is not None
    whole = example(channel.events[EventCode(event)].format.schema())
    payload = message["payload"]
    payload["CommonBlock"]["M0"] |= {"MPANCore": mpan}
    for path, value in items.items():
        *steps, last = path.split(".")
        held, given = payload, whole
        for step in steps:
            given = given[step]
            held = held.setdefault(step, copy.deepcopy(given))
        held[last] = value
    return fresh(message, Clock().wall())


def service(platform: Platform, mpan: str, party: str, starts: str, metered_by: str = "") -> Message:
    """IF-036: a data service is appointed, and perhaps a metering service; that of the time hears of it."""
    block = "CustomBlock.B015.incomingDataService"
    items = {f"{block}DIPID": party, f"{block}EffectiveFromDate": starts}
    if metered_by:
        block = "CustomBlock.B016.incomingMeteringService"
        items |= {f"{block}DIPID": metered_by, f"{block}EffectiveFromDate": starts}
    return announcement(platform, "IF-036", "[DSAppActive]", mpan, items)


def metering(platform: Platform, mpan: str, party: str, starts: str) -> Message:
    """IF-036: a metering service is appointed; the data service of that time hears of it."""
    block = "CustomBlock.B014.incomingMeteringService"
    items = {f"{block}DIPID": party, f"{block}EffectiveFromDate": starts}
    return announcement(platform, "IF-036", "[MSAppActive]", mpan, items)


def supplier(platform: Platform, mpan: str, party: str, starts: str) -> Message:
    """IF-001: a supplier is the first."""
    items = {"CustomBlock.B002.incomingSupplierDIPID": party, "CustomBlock.B002.supplierEffectiveFromDate": starts}
    return announcement(platform, "IF-001", "[InitialRegistration]", mpan, items)


async def post(platform: Platform, messages: Sequence[Message], sender: str = REGISTRATION) -> SendResult:
    """Send messages in one request, all encrypted; in `spec` they may belong to several channels."""
    client = await platform.client(sender)
    channels = {one["payload"]["CommonBlock"]["S0"]["interfaceID"] for one in messages}
    encrypt = platform.dip.settings.profile == "spec"
    return await client.send(channels.pop() if len(channels) == 1 else "", messages, encrypt=encrypt)


async def announce(platform: Platform, *messages: Message, sender: str = REGISTRATION) -> list[str]:
    """Send messages in one request; their transaction ids."""
    result = await post(platform, messages, sender)
    assert result.all_accepted, result
    return [one.transaction_id for one in result.accepted]


async def applied(platform: Platform) -> None:
    """Until no update waits."""
    await until(lambda: platform.dip.updates.waiting == 0)


def held(platform: Platform, mpan: str, *roles: str) -> list[Held]:
    """Who holds one of the roles, by start, as the look-up has it: pending changes included."""
    every = Span(YEAR_1 * _SECOND, LAST * _SECOND)
    holdings, _ = platform.dip.look_up.holders(Mpan(mpan), [RoleCode(role) for role in roles], [every])
    return [
        (one.dip_id, written(one.starts), None if one.ends >= OPEN * _SECOND else written(one.ends))
        for one in sorted(holdings, key=lambda one: one.starts)
    ]


def written(at: int) -> str:
    """Microseconds since 1970 as 25 characters."""
    return datetime.fromtimestamp(at // _SECOND, UTC).isoformat()


def seconds(text: str) -> int:
    """A date or 25 characters as seconds since 1970."""
    moment = moment_of(text)
    assert moment is not None
    return int(moment.timestamp())


async def stages(platform: Platform, transaction_id: str) -> list[tuple[str, str, str | None]]:
    """What the journal has of the MPAN update queue for a message: status and detail."""
    rows: list[tuple[str, str, str | None]] = await platform.dip.store.writer.ask(
        lambda connection: connection.execute(
            "SELECT j.stage, j.status, j.detail FROM journal j JOIN message m ON m.id = j.message "
            "WHERE m.transaction_id = ? AND j.stage = 'MPANUpdateQueue'",
            (transaction_id,),
        ).fetchall()
    )
    return rows


async def queued(platform: Platform, transaction_id: str, mpan: str, changes: tuple[Change, ...]) -> AppointmentUpdate:
    """An update put into the queue of the store as if the message had said so."""

    def job(connection: sqlite3.Connection) -> int:
        (number,) = connection.execute("SELECT id FROM message WHERE transaction_id = ?", (transaction_id,)).fetchone()
        row = (number, f"[{int(mpan)}]", msgspec.msgpack.encode(changes), 1)
        connection.execute(queries()["add_appointment_update"], row)
        return int(number)

    return AppointmentUpdate(await platform.dip.store.writer.ask(job), (int(mpan),), changes, 1)
