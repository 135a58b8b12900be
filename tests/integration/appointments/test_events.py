"""What each event of registration does to the MPAN table, from the request to the look-up (5.5.14)."""

from typing import Any

import pytest

from tests.conftest import Serve
from tests.integration.appointments.announcements import (
    MPAN,
    NEW,
    Held,
    announce,
    announcement,
    applied,
    held,
    stages,
)
from tests.integration.routing.traffic import queued_for, with_certificates_of, without

SUPPLIERS = ("2300000001", "2300000002")
SERVICE_1, SERVICE_2, ADVANCED = "1400000001", "1400000002", "1100000001"
METERING_1, METERING_2 = "1200000001", "1200000002"
RETRIEVER, NETWORK, REGISTRATION = "1600000001", "2500000001", "2200000001"
DATA, METER, ALL = ("SDS", "ADS", "UMSDS"), ("MSS", "MSA", "UMSO"), ("SUP", "SDS", "MSS", "REGS", "LDSO", "MDR")
FIRST = "2024-03-31T23:00:00+00:00"
"""Everybody at MPAN holds since then, the last supplier since DECEMBER."""
DECEMBER = "2025-12-01T00:00:00+00:00"
MARCH, APRIL, MAY = "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+01:00", "2026-05-01T00:00:00+01:00"
APRIL_UTC, MAY_UTC = "2026-03-31T23:00:00+00:00", "2026-04-30T23:00:00+00:00"
Items = dict[str, Any]


def block(name: str, **items: Any) -> Items:
    return {f"CustomBlock.{name}.{item}": value for item, value in items.items()}


def incoming(name: str, service: str, party: str, starts: str) -> Items:
    return block(name, **{f"incoming{service}DIPID": party, f"incoming{service}EffectiveFromDate": starts})


def takes_over(party: str, starts: str) -> Items:
    return block("B002", incomingSupplierDIPID=party, supplierEffectiveFromDate=starts)


STAYS = takes_over(SUPPLIERS[1], APRIL)
SAID: dict[str, tuple[str, str, Items, tuple[str, ...], list[Held]]] = {
    "the supplier changes": (
        "IF-001",
        "[ChangeOfSupplier]",
        takes_over(SUPPLIERS[0], APRIL)
        | block("B003", outgoingSupplierDIPID=SUPPLIERS[1], supplierEffectiveToDate="2026-03-31T00:00:00+01:00"),
        ("SUP",),
        [
            (SUPPLIERS[1], FIRST, "2024-09-30T23:00:00+00:00"),
            (SUPPLIERS[0], "2024-09-30T23:00:00+00:00", DECEMBER),
            (SUPPLIERS[1], DECEMBER, APRIL_UTC),
            (SUPPLIERS[0], APRIL_UTC, None),
        ],
    ),
    "a data service is appointed": (
        "IF-036",
        "[DSAppActive]",
        incoming("B015", "DataService", SERVICE_1, APRIL),
        DATA,
        [(SERVICE_2, FIRST, APRIL_UTC), (SERVICE_1, APRIL_UTC, None)],
    ),
    "an advanced data service takes the place of a smart one": (
        "IF-036",
        "[DSAppActive]",
        incoming("B015", "DataService", ADVANCED, APRIL),
        DATA,
        [(SERVICE_2, FIRST, APRIL_UTC), (ADVANCED, APRIL_UTC, None)],
    ),
    "a data service is appointed with a retriever": (
        "IF-036",
        "[DSAppActive]",
        incoming("B015", "DataService", SERVICE_1, APRIL)
        | block("B019", assignedMDRDIPID=RETRIEVER, assignedMDREffectiveFromDate=APRIL),
        ("MDR",),
        [(RETRIEVER, FIRST, APRIL_UTC), (RETRIEVER, APRIL_UTC, None)],
    ),
    "a metering service is appointed": (
        "IF-036",
        "[MSAppActive]",
        incoming("B014", "MeteringService", METERING_1, APRIL),
        METER,
        [(METERING_2, FIRST, APRIL_UTC), (METERING_1, APRIL_UTC, None)],
    ),
    "a data service is let go for another": (
        "IF-037",
        "[DSDeApp]",
        block("B009", deAppointedDataServiceDIPID=SERVICE_2, dataServiceEffectiveToDate=APRIL)
        | incoming("B011", "DataService", SERVICE_1, APRIL),
        DATA,
        [(SERVICE_2, FIRST, APRIL_UTC), (SERVICE_1, APRIL_UTC, None)],
    ),
    "a data service is let go": (
        "IF-037",
        "[DSDeApp]",
        block("B009", deAppointedDataServiceDIPID=SERVICE_2, dataServiceEffectiveToDate=APRIL),
        DATA,
        [(SERVICE_2, FIRST, APRIL_UTC)],
    ),
    "a metering service is let go for another": (
        "IF-037",
        "[MSDeApp]",
        block("B008", deAppointedMeteringServiceDIPID=METERING_2, meteringServiceEffectiveToDate=APRIL)
        | incoming("B010", "MeteringService", METERING_1, APRIL),
        METER,
        [(METERING_2, FIRST, APRIL_UTC), (METERING_1, APRIL_UTC, None)],
    ),
    "a data service is let go when the MPAN migrates back": (
        "IF-003",
        "[DSDeAppRM]",
        block("B009", deAppointedDataServiceDIPID=SERVICE_2, dataServiceEffectiveToDate=APRIL) | STAYS,
        DATA,
        [(SERVICE_2, FIRST, APRIL_UTC)],
    ),
    "a metering service is let go when the MPAN migrates back": (
        "IF-003",
        "[MSDeAppRM]",
        block("B008", deAppointedMeteringServiceDIPID=METERING_2, meteringServiceEffectiveToDate=APRIL) | STAYS,
        METER,
        [(METERING_2, FIRST, APRIL_UTC)],
    ),
    "the MPAN has migrated back": (
        "IF-003",
        "[ReverseMigNotification]",
        block("B094", MHHSRegimeEndDate="2026-03-31T00:00:00+01:00") | STAYS,
        (*DATA, *METER, "MDR"),
        [(METERING_2, FIRST, APRIL_UTC), (SERVICE_2, FIRST, APRIL_UTC), (RETRIEVER, FIRST, APRIL_UTC)],
    ),
    "the supply is disconnected": (
        "IF-009",
        "[MPANDisconnection]",
        block("B041", disconnectionEffectiveFromDate=APRIL),
        ("SDS", "LDSO", "REGS"),
        [(SERVICE_2, FIRST, APRIL_UTC), ("2200000002", FIRST, APRIL_UTC), ("2500000002", FIRST, APRIL_UTC)],
    ),
    "the registration ends": (
        "IF-009",
        "[CSSDeRegistration]",
        block("B042", CSSMPANDeRegistrationDate=APRIL),
        ("MSS",),
        [(METERING_2, FIRST, APRIL_UTC)],
    ),
    "an assigned retriever is accepted": (
        "IF-035",
        "[DCC-MDROutcome]",
        block("B066", responseCode="A", assignedMDRDIPID=RETRIEVER, assignedMDREffectiveFromDate=APRIL),
        ("MDR",),
        [(RETRIEVER, FIRST, APRIL_UTC), (RETRIEVER, APRIL_UTC, None)],
    ),
    "an assigned retriever is rejected": (
        "IF-035",
        "[DCC-MDROutcome]",
        block("B066", responseCode="R", assignedMDRDIPID=RETRIEVER, assignedMDREffectiveFromDate=APRIL),
        ("MDR",),
        [(RETRIEVER, FIRST, None)],
    ),
    "a known MPAN is told as new": (
        "IF-050",
        "[MPANCreation]",
        block("B079", MPStatusEffectiveFromDate=MARCH) | {"CommonBlock.M0.distributorDIPID": NETWORK},
        ("LDSO", "REGS"),
        [("2200000002", FIRST, None), ("2500000002", FIRST, None)],
    ),
}


@pytest.mark.parametrize("what", SAID)
@pytest.mark.requirement("FS-35")
async def test_what_is_said_stands_in_the_table(serve: Serve, what: str) -> None:
    interface, event, items, roles, expected = SAID[what]
    async with serve() as platform:
        message = announcement(platform, interface, event, MPAN, items)
        if interface == "IF-035":
            message["payload"]["CommonBlock"]["A0"] = {
                "primaryRecipients": [SUPPLIERS[0]],
                "secondaryRecipients": [],
                "always": [],
            }
        (transaction,) = await announce(platform, message)
        # It counts as soon as it is acknowledged, and the same when it is written.
        assert sorted(held(platform, MPAN, *roles)) == sorted(expected)
        await applied(platform)
        assert sorted(held(platform, MPAN, *roles)) == sorted(expected)
        is_silent = what == "an assigned retriever is rejected"
        assert [one[1:] for one in await stages(platform, transaction)] == ([] if is_silent else [("OK", None)])


@pytest.mark.requirement("FS-35")
async def test_a_new_mpan_has_its_distributor_and_registration_service_and_then_the_others(serve: Serve) -> None:
    async with serve() as platform:
        network = {"CommonBlock.M0.distributorDIPID": NETWORK}
        status = block("B079", MPStatusEffectiveFromDate=MARCH)
        current = block("B085", currentSupplierDIPID=SUPPLIERS[0], currentSupplierEffectiveFromDate=APRIL)
        current |= block("B081", currentMeteringServiceDIPID=METERING_1, currentMeteringServiceEffectiveFromDate=APRIL)
        current |= block("B082", currentDataServiceDIPID=SERVICE_1, currentDataServiceEffectiveFromDate=MAY)
        await announce(platform, announcement(platform, "IF-050", "[MPANCreation]", NEW, network | status))
        assert held(platform, NEW, *ALL) == [(NETWORK, MARCH, None), (REGISTRATION, MARCH, None)]
        await announce(platform, announcement(platform, "IF-051", "[EESRefresh]", NEW, network | status | current))
        await applied(platform)
        assert held(platform, NEW, *ALL) == [
            (NETWORK, MARCH, None),
            (REGISTRATION, MARCH, None),
            (METERING_1, APRIL_UTC, None),
            (SUPPLIERS[0], APRIL_UTC, None),
            (SERVICE_1, MAY_UTC, None),
        ]


@pytest.mark.requirement("FS-35")
async def test_a_change_of_hands_moves(serve: Serve) -> None:
    async with serve() as platform:
        later = incoming("B011", "DataService", SERVICE_1, MAY)
        earlier = incoming("B010", "MeteringService", METERING_1, MARCH)
        await announce(
            platform,
            announcement(platform, "IF-036", "[DSAppActive]", MPAN, incoming("B015", "DataService", SERVICE_1, APRIL)),
            announcement(
                platform, "IF-036", "[MSAppActive]", MPAN, incoming("B014", "MeteringService", METERING_1, APRIL)
            ),
        )
        await announce(platform, announcement(platform, "IF-037", "[DSDeAppUpdate]", MPAN, later))
        await announce(platform, announcement(platform, "IF-037", "[MSDeAppUpdate]", MPAN, earlier))
        await applied(platform)
        assert held(platform, MPAN, *DATA) == [(SERVICE_2, FIRST, MAY_UTC), (SERVICE_1, MAY_UTC, None)]
        assert held(platform, MPAN, *METER) == [(METERING_2, FIRST, MARCH), (METERING_1, MARCH, None)]


@pytest.mark.requirement("FS-35")
async def test_a_reconnected_supply_goes_on_with_those_it_had(serve: Serve) -> None:
    async with serve() as platform:
        before = held(platform, MPAN, *ALL)
        ends = block("B041", disconnectionEffectiveFromDate=MARCH)
        await announce(platform, announcement(platform, "IF-009", "[MPANDisconnection]", MPAN, ends))
        await applied(platform)
        assert {one[2] for one in held(platform, MPAN, *ALL)} == {"2024-09-30T23:00:00+00:00", DECEMBER, MARCH}
        goes_on = block("B098", reconnectionEffectiveFromDate=APRIL)
        (transaction,) = await announce(platform, announcement(platform, "IF-009", "[MPANReconnection]", MPAN, goes_on))
        await applied(platform)
        assert [one[1:] for one in await stages(platform, transaction)] == [("OK", None)]
        again = [one for one in held(platform, MPAN, *ALL) if one[2] is None]
        assert {(one[0], one[1]) for one in again} == {(one[0], APRIL_UTC) for one in before if one[2] is None}


@pytest.mark.requirement("FS-35")
async def test_a_reconnection_of_what_was_never_disconnected_is_reported(serve: Serve) -> None:
    async with serve() as platform:
        goes_on = block("B098", reconnectionEffectiveFromDate=APRIL)
        (transaction,) = await announce(platform, announcement(platform, "IF-009", "[MPANReconnection]", MPAN, goes_on))
        await applied(platform)
        ((_, status, detail),) = await stages(platform, transaction)
        assert (status, detail) == (
            "Exception",
            "the MPAN's appointments were not ended together, so nothing goes on",
        )


@pytest.mark.requirement("FS-35")
async def test_a_new_mpan_of_an_unknown_distributor_gets_it_when_it_takes_part(serve: Serve) -> None:
    """The half that could be applied does not stand in the way of the other one."""
    async with serve() as platform:
        everyone = platform.dip.participants.value
        without(platform, NETWORK)
        items = {"CommonBlock.M0.distributorDIPID": NETWORK} | block("B079", MPStatusEffectiveFromDate=MARCH)
        await announce(platform, announcement(platform, "IF-050", "[MPANCreation]", NEW, items))
        await applied(platform)
        assert held(platform, NEW, *ALL) == [(REGISTRATION, MARCH, None)]
        platform.dip.participants.value = with_certificates_of(platform, everyone)
        (failed,) = platform.dip.updates.failed(1 << 60, 10)
        assert await platform.dip.updates.retry(failed.update.message)
        await applied(platform)
        assert held(platform, NEW, *ALL) == [(NETWORK, MARCH, None), (REGISTRATION, MARCH, None)]


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-35")
async def test_a_date_before_all_time_does_not_stop_the_queue(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        for starts in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
            items = incoming("B015", "DataService", SERVICE_1, starts)
            await announce(platform, announcement(platform, "IF-036", "[DSAppActive]", MPAN, items))
        items = incoming("B015", "DataService", SERVICE_1, APRIL)
        await announce(platform, announcement(platform, "IF-036", "[DSAppActive]", MPAN, items))
        await applied(platform)
        assert (SERVICE_1, APRIL_UTC) in {one[:2] for one in held(platform, MPAN, *DATA)}
        metered = incoming("B014", "MeteringService", METERING_1, "9999-12-31T23:59:59-12:00")
        (transaction,) = await announce(platform, announcement(platform, "IF-036", "[MSAppActive]", MPAN, metered))
        assert SERVICE_1 in await queued_for(platform, transaction)
