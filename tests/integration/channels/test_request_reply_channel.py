"""The third template: on a request-reply channel the sender's call waits by itself for the correlated reply (5.4)."""

import asyncio
from typing import Any

import pytest

from dip.channels.examples import example
from dip.client import fresh
from dip.ground.clock import Clock
from dip.messages.identifiers import EventCode, InterfaceId
from tests.conftest import Serve
from tests.support.platform import Platform, changed, sample

SUPPLIER, REGISTRATION = "2300000001", "2200000001"


def message(platform: Platform, event: str, sender: str, role: str, **header: Any) -> dict[str, Any]:
    """A message of the example channel from a sender, with further items of S1."""
    channel = platform.dip.registry.value.channels[InterfaceId("IF-910")]
    payload = example(channel.events[EventCode(f"[{event}]")].format.schema(), optional=False)
    payload["CommonBlock"]["S1"] |= {
        "environmentTag": "DEV",
        "senderDIPID": sender,
        "senderRoleID": role,
        "senderCorrelationID": None,
        "DIPConnectionProviderID": None,
    } | header
    payload["CommonBlock"]["M0"] = sample("if-031")["payload"]["CommonBlock"]["M0"]
    return fresh({"payload": payload}, Clock().wall())


@pytest.mark.requirement("FS-12", "FS-71")
async def test_the_call_of_an_enquiry_is_answered_with_its_reply(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        registration = await platform.listener(REGISTRATION, "IF-910")
        supplier, registrar = await platform.client(SUPPLIER), await platform.client(REGISTRATION)
        asked = asyncio.create_task(supplier.send("IF-910", [message(platform, "Enquiry", SUPPLIER, "SUP")]))
        enquiry = await registration.next(5)
        reply = message(platform, "Reply", REGISTRATION, "REGS", senderCorrelationID=enquiry.correlation_id)
        recipients = {"primaryRecipients": [SUPPLIER], "secondaryRecipients": [], "always": []}
        # Nothing answers a reply, so its own call does not wait for the channel's twenty seconds.
        async with asyncio.timeout(30):
            assert (await registrar.send("IF-910", [changed(reply, "CommonBlock.A0", recipients)])).all_accepted
        result = await asked
        assert result.status == 200
        assert result.reply is not None
        assert result.reply[0]["payload"]["CommonBlock"]["D0"]["initialCorrelationID"] == enquiry.correlation_id
