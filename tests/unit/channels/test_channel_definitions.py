"""The shipped channels say what the documents say."""

from datetime import timedelta

import msgspec
import pytest

from dip.channels.channel import Channel, Correlation, Event, Routing
from dip.channels.examples import example
from dip.channels.obfuscation import without
from dip.channels.registry import Registry
from dip.messages.identifiers import EventCode, RoleCode

SUP, REGS, SDS = RoleCode("SUP"), RoleCode("REGS"), RoleCode("SDS")


def channel_of(registry: Registry, interface: str) -> Channel:
    found = registry.find(interface)
    assert found is not None
    return found


def event_of(registry: Registry, interface: str, code: str) -> Event:
    return channel_of(registry, interface).events[EventCode(code)]


def test_an_unknown_channel_is_not_found(registry: Registry) -> None:
    assert registry.find("IF-999") is None


@pytest.mark.requirement("FS-33")
def test_the_worked_example_goes_to_smrs_whole_and_to_suppliers_without_three_items(
    registry: Registry,
) -> None:
    channel = channel_of(registry, "IF-909")
    event = event_of(registry, "IF-909", "[DataServiceAppointment]")
    assert channel.senders == {"MSS", "MSA"}
    assert event.routing(RoleCode("MSS")) == Routing(primary=(REGS,), always=(SUP,))
    assert set(channel.hidden) == {"SUP"}
    payload = example(event.format.schema())
    assert len(payload["CustomBlock"]["B909"]) == 6
    without(payload, channel.hidden[SUP])
    assert list(payload["CustomBlock"]["B909"]) == [
        "MPANCore",
        "contractReferenceMeteringService",
        "supplierID",
    ]


@pytest.mark.requirement("FS-26")
def test_other_channels_hide_nothing(registry: Registry) -> None:
    assert [channel.id for channel in registry.channels.values() if channel.hidden] == ["IF-909"]


@pytest.mark.requirement("FS-27", "FS-28")
def test_the_template_gives_archive_and_dead_letter_times(registry: Registry) -> None:
    for channel in registry.channels.values():
        assert channel.archive_for == timedelta(days=2557)
        assert channel.dead_letter_after == timedelta(days=14)
        assert channel.pattern in {"A", "B", "C"}


def test_each_pattern_of_exchange_is_a_template(registry: Registry) -> None:
    of_pattern = {
        pattern: [channel for channel in registry.channels.values() if channel.pattern == pattern] for pattern in "BC"
    }
    assert [channel.id for channel in of_pattern["B"]] == ["IF-047", "IF-048", "IF-049"]
    assert all(channel.recipients == {"*"} for channel in of_pattern["B"])
    (synchronous,) = of_pattern["C"]
    assert synchronous.reply_within == timedelta(seconds=20)
    assert {channel.id for channel in registry.channels.values() if channel.reply_within} == {synchronous.id}
    enquiry, reply = synchronous.events.values()
    assert (set(enquiry.senders), enquiry.correlation(SUP)) == ({SUP}, Correlation.CREATE)
    assert (set(reply.senders), reply.correlation(REGS)) == ({REGS}, Correlation.COPY)


def test_the_outgoing_supplier_gets_if_001_in_the_spec_profile_alone(
    registry: Registry, live_registry: Registry
) -> None:
    (holder,) = event_of(registry, "IF-001", "[ChangeOfSupplier]").also
    assert holder.role == SUP
    assert str(holder.before) == "CustomBlock.B002.supplierEffectiveFromDate"
    assert event_of(live_registry, "IF-001", "[ChangeOfSupplier]").also == ()


@pytest.mark.requirement("FS-06")
def test_the_category_of_a_channel_decides_on_signing_and_encryption(registry: Registry) -> None:
    assert {number: (c.pattern.signed, c.pattern.encrypted) for number, c in registry.categories.items()} == {
        1: (True, False),
        2: (True, True),
        3: (True, True),
        4: (True, True),
        5: (True, True),
    }
    assert channel_of(registry, "IF-021").category == 4
    assert channel_of(registry, "IF-021").encrypted


def test_an_event_may_have_senders_routing_and_correlation_of_its_own(registry: Registry) -> None:
    update = event_of(registry, "IF-034", "[SDS-MDRUpdate]")
    assert update.senders == {SDS}
    assert update.correlation(SDS) is Correlation.CREATE
    assert event_of(registry, "IF-034", "[DSAppSPResponse]").correlation(SDS) is Correlation.COPY
    mtd = event_of(registry, "IF-035", "[IMS-SendMTD]")
    assert mtd.routing(REGS) == Routing(secondary=(RoleCode("MSS"), RoleCode("MSA"), RoleCode("UMSO")))
    assert "MSS" in channel_of(registry, "IF-035").recipients


def test_consumption_is_addressed_by_its_days(registry: Registry) -> None:
    (date,) = event_of(registry, "IF-021", "[ReactivePower]").addressing_dates
    assert date.covers == "day"
    dates = event_of(registry, "IF-036", "[MSAppActive]").addressing_dates
    assert [str(date.path) for date in dates] == ["CustomBlock.B014.incomingMeteringServiceEffectiveFromDate"]
    assert dates[0].covers == "instant"


def test_the_routing_mpan_is_that_of_the_common_block(registry: Registry) -> None:
    event = event_of(registry, "IF-031", "[DSApp]")
    common = event.format.decode_common(msgspec.json.encode(example(event.format.schema())["CommonBlock"]))
    assert [value for path in event.routing_mpans for value in path.values(common, None)] == ["2000056535971"]


def test_roles_carry_their_prefix_and_their_code_in_the_specification(registry: Registry) -> None:
    assert len(registry.roles) == 19
    assert registry.roles[REGS].prefix == "22"
    assert registry.roles[REGS].specification == "SMRS"
    assert registry.roles[RoleCode("DIP")].prefix == "00"
    assert {role.kind for role in registry.roles.values()} == {"participant", "central", "platform", "agent"}
    prefixes = [role.prefix for role in registry.roles.values()]
    assert len(set(prefixes)) == len(prefixes)


def test_response_codes_carry_their_published_labels(registry: Registry) -> None:
    assert registry.response_codes["MSG0000"] == "Success"
    assert registry.response_codes["RCP0000"] == "Message Success"
    assert {"MSG1006", "MSG1038", "RCP9999"} <= registry.response_codes.keys()


def test_personal_items_are_known_by_the_keys_that_blocks_use(registry: Registry) -> None:
    assert {"MPANCore", "meteringPointPostcode", "v", "addressLine1"} <= registry.personal_keys
    assert not {"senderDIPID", "interfaceID"} & registry.personal_keys


def test_values_that_look_like_numbers_are_text(registry: Registry) -> None:
    reasons = event_of(registry, "IF-021", "[ActivePower]").format.schema()
    periods = reasons["properties"]["CustomBlock"]["properties"]["B900"]["properties"]
    period = periods["settlementDayConsumptionPeriods"]["items"]["properties"]["consumptionPeriods"]["items"]
    assert period["properties"]["e"]["enum"][:2] == ["1", "2"]
    assert period["properties"]["e"]["enum"][-1] is None
