"""Who gets a message by its MPAN, for which time (5.5.3, 5.5.14)."""

import pytest

from tests.conftest import Serve
from tests.integration.routing.traffic import (
    CHANGED_HANDS,
    LSS,
    MDS,
    NETWORKS,
    OTHER_REGISTRATION,
    REGISTRATION,
    SUPPLIERS,
    UNKNOWN_MPAN,
    addressed,
    appoint,
    appointment,
    consumption,
    made_up,
    queued_for,
    recipients,
    send,
    with_roles,
    without,
)
from tests.support.platform import changed, sample

ALWAYS = [MDS, LSS, NETWORKS[1]]
SUPPLIER_1, SUPPLIER_2 = SUPPLIERS
A0 = "CommonBlock.A0"


@pytest.mark.parametrize(
    ("days", "suppliers"),
    [
        (["2024-09-29"], [SUPPLIER_2]),
        (["2024-09-30"], [SUPPLIER_1, SUPPLIER_2]),
        (["2024-10-01"], [SUPPLIER_1]),
        (["2025-11-30"], [SUPPLIER_1]),
        (["2025-12-01"], [SUPPLIER_2]),
        (["2024-10-01", "2025-12-01"], [SUPPLIER_1, SUPPLIER_2]),
        (["2024-03-31"], [SUPPLIER_2]),
    ],
)
@pytest.mark.requirement("FS-21", "FS-35")
async def test_consumption_of_a_past_day_goes_to_the_supplier_of_that_day(
    serve: Serve, days: list[str], suppliers: list[str]
) -> None:
    async with serve() as platform:
        assert await recipients(platform, consumption(*days)) == sorted([*ALWAYS, *suppliers])


@pytest.mark.requirement("FS-21", "FS-35")
async def test_a_date_that_the_sender_gives_goes_before_the_days_of_the_message(serve: Serve) -> None:
    async with serve() as platform:
        message = changed(consumption("2025-12-01"), A0, addressed(at="2024-06-01T12:00:00+01:00"))
        assert await recipients(platform, message) == sorted([*ALWAYS, SUPPLIER_2])
        message = changed(consumption("2025-12-01"), A0, addressed(at="2024-10-01T00:00:00+01:00"))
        listener = await platform.listener(LSS)
        assert await recipients(platform, message) == sorted([*ALWAYS, SUPPLIER_1])
        received = (await listener.next(5), await listener.next(5))
        assert received[1].common["A0"]["addressingDateTime"] == "2024-10-01T00:00:00+01:00"


@pytest.mark.requirement("FS-21", "FS-22", "FS-24")
async def test_the_dip_fills_the_addresses_and_overwrites_what_the_sender_wrote(serve: Serve) -> None:
    async with serve() as platform:
        listener = await platform.listener(LSS)
        given = {"primaryRecipients": [], "secondaryRecipients": [REGISTRATION], "always": [REGISTRATION]}
        transaction_id = await send(platform, changed(consumption("2025-12-01"), A0, given))
        common = (await listener.next(5)).common
        assert common["A0"] == {
            "primaryRecipients": [],
            "secondaryRecipients": [NETWORKS[1], SUPPLIER_2],
            "always": [LSS, MDS],
        }
        wrapper = common["D0"]
        assert list(wrapper) == [
            "transactionID",
            "transactionTimestamp",
            "publicationID",
            "initialCorrelationID",
            "replayIndicator",
            "serviceTicketURL",
        ]
        assert (wrapper["transactionID"], wrapper["publicationID"]) == (transaction_id, "PUB-021")
        assert (wrapper["replayIndicator"], wrapper["serviceTicketURL"]) == (False, None)
        assert len(wrapper["transactionTimestamp"]) == 25


@pytest.mark.requirement("FS-20", "FS-21")
async def test_a_named_recipient_takes_the_place_of_its_groups_look_up(serve: Serve) -> None:
    async with serve() as platform:
        assert await recipients(platform, sample("if-031")) == [REGISTRATION]
        message = changed(sample("if-031"), A0, addressed(OTHER_REGISTRATION))
        assert await recipients(platform, message) == [OTHER_REGISTRATION]


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-21")
async def test_a_switch_goes_to_the_outgoing_supplier_too_in_spec_alone(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        message = made_up(platform, "IF-001", "[ChangeOfSupplier]", REGISTRATION, "REGS", A0=addressed(SUPPLIER_1))
        message = changed(message, "CommonBlock.M0.MPANCore", CHANGED_HANDS)
        message = changed(message, "CustomBlock.B002.supplierEffectiveFromDate", "2024-10-01T00:00:00+01:00")
        outgoing = [SUPPLIER_2] if profile == "spec" else []
        assert await recipients(platform, message) == sorted([SUPPLIER_1, MDS, NETWORKS[1], *outgoing])


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-19", "FS-21", "FS-29")
async def test_an_unknown_mpan_is_told_to_the_sender_and_the_others_get_the_message(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        statuses = await platform.listener("1400000001", "statusmessage")
        transaction_id = await send(platform, consumption("2026-03-20", mpan=UNKNOWN_MPAN))
        assert await queued_for(platform, transaction_id) == [MDS, LSS]
        told = await statuses.next(5)
        assert told.is_status
        assert told.transaction_id == transaction_id
        entry = told.item
        assert entry["message"].startswith("MSG1038 - ")
        assert "no appointment" in entry["help"]
        assert UNKNOWN_MPAN not in entry["help"]
        assert (entry["senderID"], entry["recipientID"]) == ("0000000001", "1400000001")
        assert len(entry) == 10


@pytest.mark.requirement("FS-21", "FS-29")
async def test_an_mpan_that_nobody_held_then_is_told_to_the_sender(serve: Serve) -> None:
    async with serve() as platform:
        statuses = await platform.listener("1400000001", "statusmessage")
        transaction_id = await send(platform, consumption("2020-01-01"))
        assert await queued_for(platform, transaction_id) == [MDS, LSS]
        told = (await statuses.next(5)).item
        assert told["message"].startswith("MSG1038 - ")
        assert "2020-01-01" in told["help"]


@pytest.mark.requirement("FS-21", "FS-29")
async def test_a_holder_that_is_gone_or_lost_its_role_is_told_to_the_sender(serve: Serve) -> None:
    async with serve() as platform:
        statuses = await platform.listener("1400000001", "statusmessage")
        with_roles(platform, SUPPLIER_2, "MRS")
        assert await recipients(platform, consumption("2025-12-01")) == sorted(ALWAYS)
        assert (await statuses.next(5)).item["message"].startswith("MSG1034 - ")
        without(platform, SUPPLIER_2)
        assert await recipients(platform, consumption("2025-12-01")) == sorted(ALWAYS)
        assert (await statuses.next(5)).item["message"].startswith("MSG1033 - ")


@pytest.mark.requirement("FS-03", "FS-13", "FS-14")
async def test_a_participant_found_by_several_classes_gets_one_delivery(serve: Serve) -> None:
    async with serve() as platform:
        with_roles(platform, SUPPLIER_2, "SUP", "MDS", "LSS")
        listener = await platform.listener(LSS)
        assert await recipients(platform, consumption("2025-12-01")) == sorted([*ALWAYS, SUPPLIER_2])
        address = (await listener.next(5)).common["A0"]
        assert SUPPLIER_2 in address["secondaryRecipients"]
        assert SUPPLIER_2 in address["always"]


@pytest.mark.requirement("FS-22")
async def test_a_sender_never_gets_its_own_message(serve: Serve) -> None:
    async with serve() as platform:
        with_roles(platform, "1400000001", "SDS", "MDS", "SUP")
        assert await recipients(platform, consumption("2025-12-01")) == sorted([*ALWAYS, SUPPLIER_2])


@pytest.mark.requirement("FS-21", "FS-35")
async def test_a_new_appointment_counts_for_the_next_message(serve: Serve) -> None:
    async with serve() as platform:
        message = consumption("2025-12-01", mpan=UNKNOWN_MPAN)
        assert await recipients(platform, message) == [MDS, LSS]
        await appoint(platform, UNKNOWN_MPAN, appointment("SUP", SUPPLIER_1), appointment("LDSO", NETWORKS[0]))
        again = consumption("2025-12-01", mpan=UNKNOWN_MPAN)
        assert await recipients(platform, again) == sorted([MDS, LSS, SUPPLIER_1, NETWORKS[0]])


@pytest.mark.requirement("FS-35")
async def test_appointments_are_there_after_a_restart(serve: Serve) -> None:
    async with serve() as platform:
        await appoint(platform, UNKNOWN_MPAN, appointment("SUP", SUPPLIER_1))
    async with serve() as platform:
        message = consumption("2025-12-01", mpan=UNKNOWN_MPAN)
        assert await recipients(platform, message) == sorted([MDS, LSS, SUPPLIER_1])
