"""A server to look at, on which something of everything has happened."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from dip.client import Received
from dip.store.alarms import AlarmKind
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, send, state_of
from tests.integration.duties.desk import Desk, desk
from tests.integration.routing import traffic
from tests.integration.trust.agency import AGENT
from tests.integration.trust.presenting import OutsideAuthority
from tests.support.platform import Platform, changed, copied, platform, sample
from tests.support.played import play
from tests.support.publishing import File, publish
from tests.support.waiting import until

_STILL: Final[Mapping[str, Any]] = {"dead_letter_sweep_s": 3600.0, "retention_sweep_s": 3600.0, "alarm_check_s": 3600.0}
_INCIDENT: Final = {"title": "No answers", "description": "IF-031 is not answered", "impact": "high", "urgency": "high"}


class World(msgspec.Struct, frozen=True):
    """A running server. names: what stands for the names in the addresses of `tests.browser.places`."""

    platform: Platform
    names: Mapping[str, str]

    def address(self, place: str) -> str:
        """Where a place is."""
        return self.platform.dip.portal_url + place.format_map(self.names)


@asynccontextmanager
async def a_world(laid_out: Path, directory: Path) -> AsyncIterator[World]:
    """Messages of every fate, an incident, an alarm, a publication, and a change of everything that can be changed.

    laid_out: a data directory to begin with, which stays as it is. directory: one of the world's own, empty.
    """
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(platform(copied(laid_out, directory / "state"), **_STILL))
        office = await stack.enter_async_context(desk(made))
        played = await play(made)
        names = {
            "supplier": SUPPLIER,
            "mpan": traffic.CHANGED_HANDS,
            "correlation": played.correlation,
            "delivered": played.transactions[0],
            "catalogue_flow": "acquisition",
            "rejected": await _rejected(made),
            "dead": await _dead(made, office),
        }
        await traffic.send(made, sample("if-909"))
        await _not_applied(made)
        await publish(made, File(name="isd.csv", content=b"period,price\n1,2.5\n"), directory=directory)
        await _changed(made, office)
        certificates = await office.ask(f"participants/{SUPPLIER}/certificates")
        names |= {"dip_id": SUPPLIER, "fingerprint": certificates["items"][0]["fingerprint"]}
        names["endpoint"] = (await office.ask("endpoints"))["items"][0]["id"]
        names["run"] = (await office.ask("mpans/runs"))["items"][0]["name"]
        yield World(made, names)


async def _rejected(made: Platform) -> str:
    """A message that its recipient did not take; the transaction id."""

    async def unknown_mpan(received: Sequence[Received]) -> Sequence[str]:
        return ["RCP1061" for _ in received]

    await made.listener(REGISTRATION, "IF-031", handler=unknown_mpan)
    (sent,) = await send(made)

    async def is_rejected() -> bool:
        return await state_of(made, sent.transaction_id) == "rejected"

    await until(is_rejected)
    return str(sent.transaction_id)


async def _dead(made: Platform, office: Desk) -> str:
    """A message that nobody fetched in time, so that the clock runs ahead; the transaction id."""
    transaction = await traffic.send(made, sample("if-909"))
    await office.do("clock", {"advance": "P14D"})
    return transaction


async def _not_applied(made: Platform) -> None:
    """A message that appoints a supplier who is none."""
    addressed = traffic.addressed(traffic.SUPPLIERS[0])
    message = traffic.made_up(made, "IF-001", "[ChangeOfSupplier]", REGISTRATION, "REGS", A0=addressed)
    message = changed(message, traffic.MPAN, traffic.CHANGED_HANDS)
    await traffic.send(made, changed(message, "CustomBlock.B002.incomingSupplierDIPID", "2399999999"))
    await until(lambda: made.dip.store.appointments.count_updates() == (0, 1))


async def _changed(made: Platform, office: Desk) -> None:
    """What people do: an incident, maintenance, agents, users, rules, an import, drills, a channel, a fault."""
    made.dip.duties.alarms.raised(AlarmKind.CENTRAL_FEED, "feed of companies", "It gives no answer.")
    later = (made.dip.clock.now() + timedelta(days=1)).isoformat()
    orders: list[tuple[str, Any, int]] = [
        ("incidents", {**_INCIDENT, "channels": ["IF-031"]}, 201),
        ("maintenance", {"channels": ["IF-041"], "reason": "A new release", "from": later}, 200),
        (f"participants/{SUPPLIER}/agents", {"agent": AGENT, "role": "SUP"}, 201),
        (f"participants/{SUPPLIER}/drills", None, 201),
        ("users", {"name": "kestrel", "powers": ["operations", "support"]}, 201),
        ("alarm-rules", {"name": "Tight", "kind": "latency", "threshold": 10}, 201),
        ("authorities", {"certificate": OutsideAuthority().pem, "name": "Outside"}, 201),
        ("channels/IF-033/senders", {"add": ["SUP"]}, 200),
        ("requeues", {"recipient": REGISTRATION, "channel": "IF-031"}, 202),
        ("faults", {"kind": "drop", "participant": "2300000002", "channel": "IF-021"}, 201),
    ]
    for path, order, status in orders:
        await office.do(path, order, status)
    await _imported(made)


async def _imported(made: Platform) -> None:
    token = (made.dip.directory / "admin.token").read_text(encoding="utf-8").strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    rows = (
        b"mpan,role,dip_id,effective_from,effective_to\n1000000000000,SUP,2300000001,2024-01-01,\nno-mpan,SUP,x,y,z\n"
    )
    async with aiohttp.ClientSession(made.dip.portal_url, headers=headers) as session:
        async with session.post("/admin/api/mpans", data=rows) as answer:
            assert answer.status == 200, await answer.text()
