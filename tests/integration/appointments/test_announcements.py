"""What registration messages say of appointments changes the MPAN table, each behind its own routing (5.5.14)."""

import asyncio
from typing import Any

import pytest

from dip.appointments.changes import Change, Kind
from dip.appointments.history import LAST
from dip.messages.identifiers import DipId, RoleCode
from tests.conftest import Serve
from tests.integration.appointments.announcements import (
    ANOTHER,
    MPAN,
    SERVICES,
    announce,
    applied,
    held,
    metering,
    post,
    queued,
    seconds,
    service,
    stages,
    supplier,
)
from tests.integration.routing.traffic import (
    OTHER_REGISTRATION,
    REGISTRATION,
    SUPPLIERS,
    appoint,
    appointment,
    consumption,
    made_up,
    queued_for,
    recipients,
    with_certificates_of,
    without,
)
from tests.support.platform import Platform, changed

SERVICE_1, SERVICE_2 = SERVICES
SUPPLIER_1, SUPPLIER_2 = SUPPLIERS
METERING_1, METERING_2 = "1200000001", "1200000002"
NEW_YEAR = "2026-01-01T00:00:00+00:00"
SPRING = "2026-04-01T00:00:00+01:00"
ABSENT = "1100000002"
TIMES = 200


def of_services(found: list[str]) -> list[str]:
    return [one for one in found if one in SERVICES]


def of_metering(found: list[str]) -> list[str]:
    return [one for one in found if one in (METERING_1, METERING_2)]


def of_suppliers(found: list[str]) -> list[str]:
    return [one for one in found if one in SUPPLIERS]


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-35", "FS-21")
async def test_in_one_request_the_next_message_goes_to_whom_the_first_appointed(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        first, second = await announce(
            platform,
            service(platform, MPAN, SERVICE_1, NEW_YEAR, METERING_1),
            metering(platform, MPAN, METERING_1, NEW_YEAR),
        )
        assert of_metering(await queued_for(platform, first)) == [METERING_2]
        assert of_services(await queued_for(platform, second)) == [SERVICE_1]
        await applied(platform)
        assert [one[1:] for one in await stages(platform, first)] == [("OK", None)]
        assert held(platform, MPAN, "SDS") == [
            (SERVICE_2, "2024-03-31T23:00:00+00:00", NEW_YEAR),
            (SERVICE_1, NEW_YEAR, None),
        ]


@pytest.mark.requirement("FS-35", "FS-21")
async def test_whoever_comes_behind_an_acknowledged_change_finds_it(serve: Serve) -> None:
    """Two hundred times, so that the change is now in the queue, now being written, now in the table."""
    async with serve() as platform:
        for number in range(TIMES):
            party, metered_by = SERVICES[number % 2], (METERING_1, METERING_2)[number % 2]
            (first,) = await announce(platform, service(platform, MPAN, party, NEW_YEAR, metered_by))
            (second,) = await announce(platform, metering(platform, MPAN, metered_by, NEW_YEAR))
            assert of_services(await queued_for(platform, second)) == [party], number
            assert of_metering(await queued_for(platform, first)) == [(METERING_1, METERING_2)[(number + 1) % 2]], (
                number
            )
        await applied(platform)
        assert platform.dip.store.appointments.count_updates() == (0, 0)


@pytest.mark.requirement("FS-35")
async def test_requests_about_the_same_and_crossed_mpans_do_not_block_each_other(serve: Serve) -> None:
    async with serve() as platform:
        pairs = [(MPAN, ANOTHER), (ANOTHER, MPAN)]
        requests = [
            announce(
                platform,
                *(service(platform, mpan, SERVICES[number % 2], NEW_YEAR) for mpan in pairs[number % 2]),
                *(metering(platform, mpan, METERING_1, NEW_YEAR) for mpan in reversed(pairs[number % 2])),
            )
            for number in range(30)
        ]
        answered = await asyncio.wait_for(asyncio.gather(*requests), 60)
        await applied(platform)
        last: dict[str, str] = {}
        numbers = await receipts(platform)
        for number, transactions in enumerate(answered):
            for transaction in transactions[:2]:
                last[transaction] = SERVICES[number % 2]
            for mpan, transaction in zip(reversed(pairs[number % 2]), transactions[2:], strict=True):
                # What is said at the head of a request counts for its end, whatever the others say.
                assert of_services(await queued_for(platform, transaction)) == [SERVICES[number % 2]], (mpan, number)
        latest = max(last, key=lambda transaction: numbers[transaction])
        for mpan in (MPAN, ANOTHER):
            assert held(platform, mpan, "SDS")[-1] == (last[latest], NEW_YEAR, None)


async def receipts(platform: Platform) -> dict[str, int]:
    """The order of receipt by transaction id."""
    rows = await platform.dip.store.writer.ask(
        lambda connection: connection.execute("SELECT transaction_id, id FROM message").fetchall()
    )
    return dict(rows)


@pytest.mark.requirement("FS-35", "FS-15")
async def test_a_repeat_changes_nothing(serve: Serve) -> None:
    async with serve() as platform:
        first = service(platform, MPAN, SERVICE_1, NEW_YEAR)
        await announce(platform, first)
        await announce(platform, service(platform, MPAN, SERVICE_2, NEW_YEAR))
        _, probe = await announce(platform, first, metering(platform, MPAN, METERING_1, NEW_YEAR))
        assert of_services(await queued_for(platform, probe)) == [SERVICE_2]
        await applied(platform)
        assert held(platform, MPAN, "SDS") == [
            (SERVICE_2, "2024-03-31T23:00:00+00:00", NEW_YEAR),
            (SERVICE_2, NEW_YEAR, None),
        ]
        history = platform.dip.store.appointments.history(int(MPAN))
        assert len([one for one in history.knowledge if one.message is not None]) == 3


@pytest.mark.requirement("FS-35", "FS-15")
async def test_of_a_reference_that_comes_twice_in_a_request_the_first_alone_counts(serve: Serve) -> None:
    async with serve() as platform:
        first = service(platform, MPAN, SERVICE_1, NEW_YEAR)
        other = changed(first, "CustomBlock.B015.incomingDataServiceDIPID", SERVICE_2)
        result = await post(platform, [first, other, metering(platform, MPAN, METERING_1, NEW_YEAR)])
        assert result.status == 207
        assert [(one.message or "")[:7] for one in result.entries] == ["MSG0000", "MSG1006", "MSG0000"]
        assert of_services(await queued_for(platform, result.accepted[1].transaction_id)) == [SERVICE_1]
        await applied(platform)
        assert held(platform, MPAN, "SDS")[-1] == (SERVICE_1, NEW_YEAR, None)


@pytest.mark.requirement("FS-35")
async def test_a_batch_that_is_refused_whole_changes_nothing(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        good = service(platform, MPAN, SERVICE_1, NEW_YEAR)
        bad = changed(metering(platform, MPAN, METERING_1, NEW_YEAR), "CommonBlock.M0.MPANCore", "12")
        result = await post(platform, [good, bad])
        assert (result.status, result.accepted) == (400, [])
        (probe,) = await announce(platform, metering(platform, MPAN, METERING_1, NEW_YEAR))
        assert of_services(await queued_for(platform, probe)) == [SERVICE_2]
        assert len(held(platform, MPAN, "SDS")) == 1
        await announce(platform, good)
        assert held(platform, MPAN, "SDS")[-1] == (SERVICE_1, NEW_YEAR, None)
        await applied(platform)


@pytest.mark.requirement("FS-35")
async def test_what_cannot_be_applied_is_told_and_can_be_applied_later(serve: Serve) -> None:
    async with serve() as platform:
        everyone = platform.dip.participants.value
        without(platform, ABSENT)
        message = service(platform, MPAN, ABSENT, NEW_YEAR)
        (transaction,) = await announce(platform, message)
        await applied(platform)
        ((_, status, detail),) = await stages(platform, transaction)
        assert (status, detail) == ("Exception", f"{ABSENT} is no participant in role SDS or ADS or UMSDS")
        (failed,) = platform.dip.updates.failed(1 << 60, 10)
        assert (failed.transaction_id, failed.interface, failed.sender) == (transaction, "IF-036", REGISTRATION)
        assert MPAN not in platform.log.getvalue()
        before = platform.dip.clock.now()
        assert await platform.dip.updates.retry(failed.update.message)
        await applied(platform)
        assert len(platform.dip.updates.failed(1 << 60, 10)) == 1
        platform.dip.participants.value = with_certificates_of(platform, everyone)
        assert await platform.dip.updates.retry(failed.update.message)
        await applied(platform)
        assert held(platform, MPAN, "ADS", "SDS")[-1] == (ABSENT, NEW_YEAR, None)
        assert [one[1:] for one in await stages(platform, transaction)] == [("OK", None)]
        assert not platform.dip.updates.failed(1 << 60, 10)
        assert not await platform.dip.updates.retry(failed.update.message)
        # What the DIP thought in between stays as it was: it did not know.
        history = platform.dip.store.appointments.history(int(MPAN))
        then = int(before.timestamp() * 1_000_000)
        assert ABSENT not in {row.dip_id for row in history.as_known(then)}
        assert ABSENT in {row.dip_id for row in history.rows}


@pytest.mark.requirement("FS-35")
async def test_updates_that_wait_are_applied_after_a_restart(serve: Serve) -> None:
    async with serve() as platform:
        await platform.dip.store.appointments.save([])
        await announce(platform, service(platform, MPAN, SERVICE_1, NEW_YEAR))
    async with serve() as platform:
        assert held(platform, MPAN, "SDS")[-1] == (SERVICE_1, NEW_YEAR, None)
        await applied(platform)
        assert held(platform, MPAN, "SDS")[-1] == (SERVICE_1, NEW_YEAR, None)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2026-03-30"], [SUPPLIER_2]),
        (["2026-04-02"], [SUPPLIER_1]),
        (["2026-03-31"], [SUPPLIER_1, SUPPLIER_2]),
        (["2026-03-30", "2026-03-31", "2026-04-02"], [SUPPLIER_1, SUPPLIER_2]),
    ],
)
@pytest.mark.requirement("FS-35", "FS-21")
async def test_late_consumption_reaches_the_supplier_of_its_day(
    serve: Serve, days: list[str], expected: list[str]
) -> None:
    """A change of hands at local midnight in summer lies within a UTC day: that day goes to both, once."""
    async with serve() as platform:
        await announce(platform, supplier(platform, MPAN, SUPPLIER_1, SPRING))
        assert of_suppliers(await recipients(platform, consumption(*days, mpan=MPAN))) == expected
        await applied(platform)
        assert of_suppliers(await recipients(platform, consumption(*days, mpan=MPAN))) == expected


@pytest.mark.requirement("FS-21")
async def test_a_message_about_several_mpans_reaches_all_who_deal_with_any_of_them(serve: Serve) -> None:
    async with serve() as platform:
        await announce(
            platform,
            *(service(platform, mpan, party, NEW_YEAR) for mpan, party in zip((MPAN, ANOTHER), SERVICES, strict=True)),
        )
        for role, one, other in (("REGS", REGISTRATION, OTHER_REGISTRATION), ("LDSO", "2500000001", "2500000002")):
            assert {party for mpan in (MPAN, ANOTHER) for party, *_ in held(platform, mpan, role)} == {one, other}
        message = linked(platform, MPAN, ANOTHER)
        (transaction,) = await announce(platform, message, sender=SUPPLIER_1)
        found = await queued_for(platform, transaction)
        assert found == sorted([REGISTRATION, OTHER_REGISTRATION, "2500000001", "2500000002"])


def linked(platform: Platform, principal: str, subsidiary: str) -> dict[str, Any]:
    message = made_up(platform, "IF-019", "[RelatedCreate]", SUPPLIER_1, "SUP")
    message = changed(message, "CommonBlock.M1.principalMPAN", principal)
    message["payload"]["CustomBlock"]["B090List"] = [{"subsidiaryMPAN": subsidiary}] * 2
    return message


@pytest.mark.requirement("FS-35")
async def test_an_appointment_of_nobody_who_was_known_stays_where_it_was(serve: Serve) -> None:
    """A row of a participant that has left is as good as any; the next one takes over."""
    async with serve() as platform:
        await appoint(platform, MPAN, appointment("SDS", "1499999999", seconds("2025-01-01")))
        await announce(platform, service(platform, MPAN, SERVICE_1, NEW_YEAR))
        await applied(platform)
        assert [one[0] for one in held(platform, MPAN, "SDS")] == [SERVICE_2, "1499999999", SERVICE_1]


@pytest.mark.requirement("FS-35")
async def test_an_update_that_breaks_what_applies_it_is_reported_and_the_others_are_applied(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        store = platform.dip.store.appointments
        broken = (Change(Kind.APPOINT, LAST * 1_000, (RoleCode("SUP"),), RoleCode("SUP"), DipId(SUPPLIER_1)),)
        (first,) = await announce(platform, service(platform, MPAN, SERVICE_1, NEW_YEAR))
        await applied(platform)
        update = await queued(platform, first, MPAN, broken)
        platform.dip.updates.committed([update])
        await announce(platform, service(platform, ANOTHER, SERVICE_2, NEW_YEAR))
        await applied(platform)
        (failed,) = store.failed_updates(1 << 62, 10)
        assert failed.update.message == update.message
        assert "error" in failed.fault
        assert of_services([party for party, *_ in held(platform, ANOTHER, "SDS")])[-1] == SERVICE_2
