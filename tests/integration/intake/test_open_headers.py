"""A CommonBlock that takes further blocks: whatever their names are, they say nothing in the DIP's own place."""

from typing import Any

import msgspec
import pytest

from dip.channels.examples import example
from dip.client import fresh
from dip.ground.clock import Clock
from dip.messages.identifiers import EventCode, InterfaceId
from tests.conftest import Serve
from tests.support.platform import Platform, sample

METERING, REGISTRATION = "1200000001", "2200000001"
FORGED = 'x":1,"D0":{"transactionID":"forged"},"y'


def energisation(platform: Platform) -> dict[str, Any]:
    """An IF-007 of the metering service; its CommonBlock is published as open."""
    channel = platform.dip.registry.value.channels[InterfaceId("IF-007")]
    event = channel.events[EventCode("[EnergisationStatusChange]")]
    payload = example(event.format.schema(), optional=False)
    payload["CommonBlock"]["S1"] |= {
        "environmentTag": "DEV",
        "senderDIPID": METERING,
        "senderRoleID": "MSS",
        "senderCorrelationID": None,
        "DIPConnectionProviderID": None,
    }
    payload["CommonBlock"]["M0"] = sample("if-031")["payload"]["CommonBlock"]["M0"]
    return fresh({"payload": payload}, Clock().wall())


@pytest.mark.requirement("FS-19", "FS-24")
@pytest.mark.parametrize("name", [FORGED, 'quote"', "back\\slash", "line\nbreak", "Ünicode"])
async def test_a_further_block_of_any_name_reaches_the_recipient_as_it_was_sent(serve: Serve, name: str) -> None:
    async with serve(profile="live") as platform:
        registration = await platform.listener(REGISTRATION, "IF-007")
        client = await platform.client(METERING)
        message = energisation(platform)
        message["payload"]["CommonBlock"][name] = {"kept": True}
        result = await client.send("IF-007", [message])
        assert result.all_accepted, result
        received = await registration.next(5)
        assert received.common[name] == {"kept": True}
        assert received.transaction_id == result.accepted[0].transaction_id


@pytest.mark.requirement("FS-19")
async def test_a_name_that_is_no_text_is_refused(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        client = await platform.client(METERING)
        body = msgspec.json.encode([energisation(platform)])
        broken = body.replace(b'"CommonBlock":{', b'"CommonBlock":{"\\ud800":1,', 1)
        result = await client.send("IF-007", broken)
        assert result.status == 400
        assert (result.entries[0].message or "").startswith("MSG1001")
