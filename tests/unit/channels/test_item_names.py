"""A fault names the data item beside its pointer, where the dictionary knows it."""

import pytest

from dip.channels.examples import example
from dip.channels.registry import Registry
from dip.messages.identifiers import EventCode, InterfaceId


@pytest.mark.parametrize(
    ("place", "item"),
    [
        ("/payload/CommonBlock/S1/senderDIPID", "DI-997 Sender DIP ID"),
        ("/payload/CommonBlock/A0/primaryRecipients/0", "DI-982 Primary Recipient(s)"),
        ("/payload/CommonBlock/S1", None),
        ("/payload/CommonBlock/S9/senderDIPID", None),
        ("/payload", None),
        ("", None),
    ],
)
def test_a_pointer_leads_to_the_item_of_its_block(registry: Registry, place: str, item: str | None) -> None:
    assert registry.names.at(place) == item


@pytest.mark.requirement("FS-19")
def test_a_missing_and_a_wrong_item_deep_in_a_list_are_named(registry: Registry) -> None:
    layout = registry.channels[InterfaceId("IF-021")].events[EventCode("[ActivePower]")].format
    payload = example(layout.schema())
    day = payload["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0]
    del day["settlementDay"]["settlementDayDate"]
    day["consumptionPeriods"][0]["q"] = "Z"
    payload["CommonBlock"]["A0"]["primaryRecipients"] = [5]
    found = {fault.pointer: fault.item for fault in layout.explain(payload)}
    below = "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0"
    assert found[f"{below}/settlementDay/settlementDayDate"] == registry.names.of("B046", "settlementDayDate")
    assert found[f"{below}/consumptionPeriods/0/q"] == registry.names.of("B047", "q")
    assert found["/payload/CommonBlock/A0/primaryRecipients/0"] == registry.names.of("A0", "primaryRecipients")
    assert all((item or "").startswith("DI-") for item in found.values())


def test_a_key_that_nobody_knows_and_an_item_outside_the_dictionary_have_no_name(registry: Registry) -> None:
    layout = registry.channels[InterfaceId("IF-909")].events[EventCode("[DataServiceAppointment]")].format
    payload = example(layout.schema())
    payload["CommonBlock"]["S1"]["mood"] = "good"
    payload["CustomBlock"]["B909"]["supplierID"] = 5
    assert [fault.item for fault in layout.explain(payload)] == [None, None]
