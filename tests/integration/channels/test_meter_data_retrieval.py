"""The channels between a smart data service and its meter data retriever (BP017)."""

import pytest

from tests.conftest import Serve
from tests.integration.routing.traffic import addressed, made_up, recipients

DATA_SERVICE, RETRIEVER = "1400000001", "1600000001"
EVENTS = [
    ("IF-061", "[MDRStart]", "SDS"),
    ("IF-062", "[MDRStartResponse]", "MDR"),
    ("IF-063", "[MDRStop]", "SDS"),
    ("IF-064", "[MDRConsumption]", "MDR"),
    *(("IF-065", f"[{event}]", "MDR") for event in ("MDRConsumption", "MDRInstantaneous", "MDRTOU", "ReadingRemote")),
    ("IF-065", "[MDRTOU]", "SDS"),
]


@pytest.mark.requirement("BP-01", "FS-20")
async def test_each_side_reaches_the_other_that_it_names(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        for interface, event, role in EVENTS:
            sender, recipient = (DATA_SERVICE, RETRIEVER) if role == "SDS" else (RETRIEVER, DATA_SERVICE)
            message = made_up(platform, interface, event, sender, role, A0=addressed(recipient))
            assert await recipients(platform, message) == [recipient], (interface, event, role)
