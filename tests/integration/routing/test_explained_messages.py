"""A message's page says by which rule and row it was addressed, as the MPAN table was known to it (FS-35)."""

import json
import re

import aiohttp
import pytest

from tests.conftest import Serve
from tests.integration.routing.traffic import (
    CHANGED_HANDS,
    SUPPLIERS,
    UNKNOWN_MPAN,
    addressed,
    appoint,
    appointment,
    consumption,
    made_up,
    send,
)
from tests.support.platform import Platform, changed
from tests.support.waiting import until

PAGE = {"Accept": "text/html"}


async def asked(platform: Platform, path: str, **headers: str) -> tuple[int, str]:
    """An answer of the portal to the administration token."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    async with (
        aiohttp.ClientSession(platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}) as session,
        session.get(path, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def addressing(platform: Platform, transaction_id: str) -> str:
    """The section of the page, without tags and blanks."""
    status, text = await asked(platform, f"/messages/{transaction_id}", **PAGE)
    assert status == 200
    section = text.partition('id="addressing-heading"')[2].partition("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section))


@pytest.mark.requirement("FS-21", "FS-35")
async def test_a_message_tells_the_rows_used_and_who_was_near(serve: Serve) -> None:
    async with serve() as platform:
        text = await addressing(platform, await send(platform, consumption("2024-10-05")))
        assert CHANGED_HANDS in text
        assert "asked for UTC day 2024-10-05" in text
        recipients, _, near = text.partition("near miss")
        assert SUPPLIERS[0] in recipients and SUPPLIERS[1] not in recipients
        assert "rule: looked up by MPAN: SUP" in recipients
        assert SUPPLIERS[1] in near and "ended 2024-10-01, before the day asked for" in near
        assert "begins 2025-12-01, after the day asked for" in near
        assert "holds MDR then, but this is not sent to the role" in near


@pytest.mark.requirement("FS-35")
async def test_what_became_known_after_a_message_does_not_change_what_it_tells(serve: Serve) -> None:
    async with serve() as platform:
        transaction_id = await send(platform, consumption("2026-03-20", mpan=UNKNOWN_MPAN))
        assert "MSG1038" in await addressing(platform, transaction_id)
        order = f"mpan,role,dip_id,effective_from,effective_to\n{UNKNOWN_MPAN},SUP,{SUPPLIERS[0]},2024-01-01,\n"
        token = (platform.dip.directory / "admin.token").read_text().strip()
        async with aiohttp.ClientSession(
            platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}
        ) as session:
            async with session.post("/admin/api/mpans", data=order) as answer:
                assert answer.status == 200, await answer.text()
        text = await addressing(platform, transaction_id)
        assert "MSG1038" in text
        assert "became known" in text and SUPPLIERS[0] in text
        status, page = await asked(platform, f"/mpans/{UNKNOWN_MPAN}?channel=IF-021", **PAGE)
        assert status == 200
        assert "import <code>" in page


@pytest.mark.requirement("FS-35")
async def test_a_message_that_changes_the_table_is_the_origin_of_its_rows(serve: Serve) -> None:
    async with serve() as platform:
        message = made_up(platform, "IF-001", "[ChangeOfSupplier]", "2200000001", "REGS", A0=addressed(SUPPLIERS[0]))
        message = changed(message, "CommonBlock.M0.MPANCore", CHANGED_HANDS)
        message = changed(message, "CustomBlock.B002.supplierEffectiveFromDate", "2026-02-01T00:00:00+00:00")
        message = changed(message, "CustomBlock.B002.incomingSupplierDIPID", SUPPLIERS[0])
        message = changed(message, "CustomBlock.B003.outgoingSupplierDIPID", SUPPLIERS[1])
        message = changed(message, "CustomBlock.B003.supplierEffectiveToDate", "2026-01-31T00:00:00+00:00")
        transaction_id = await send(platform, message)

        async def applied() -> str:
            _, text = await asked(platform, f"/messages/{transaction_id}", **PAGE)
            assert "<h3>MPAN table</h3>" in text
            return text

        assert "holds now what the message says" in await until(applied)
        _, page = await asked(platform, f"/mpans/{CHANGED_HANDS}", **PAGE)
        assert f'href="/messages/{transaction_id}"' in page
        assert "What was thought before" in page
        _, figures = await asked(platform, "/metrics")
        assert 'dip_appointment_updates_total{outcome="applied"}' in figures
        assert 'dip_appointment_updates_open{state="waiting"} 0.0' in figures


@pytest.mark.requirement("FS-35")
async def test_the_alarm_goes_with_the_last_update_that_could_not_be_applied(serve: Serve) -> None:
    async with serve() as platform:
        message = made_up(platform, "IF-001", "[ChangeOfSupplier]", "2200000001", "REGS", A0=addressed(SUPPLIERS[0]))
        message = changed(message, "CommonBlock.M0.MPANCore", CHANGED_HANDS)
        message = changed(message, "CustomBlock.B002.incomingSupplierDIPID", "2399999999")
        transaction_id = await send(platform, message)

        async def raised() -> list[str]:
            _, text = await asked(platform, "/admin/api/alarms?state=open")
            return [one["subject"] for one in json.loads(text)["items"] if one["kind"] == "appointment_update"]

        assert await until(raised) == ["2200000001 IF-001 [ChangeOfSupplier]"]
        token = (platform.dip.directory / "admin.token").read_text().strip()
        async with aiohttp.ClientSession(
            platform.dip.portal_url, headers={"Authorization": f"Bearer {token}"}
        ) as session:
            one = f"/admin/api/mpans/updates/{transaction_id}"
            async with session.post(f"{one}/retry") as answer:
                assert answer.status == 202
            await until(lambda: platform.dip.store.appointments.count_updates() == (0, 1))
            async with session.delete(one) as answer:
                assert answer.status == 204
            async with session.delete(one) as answer:
                assert answer.status == 404
        assert await raised() == []


@pytest.mark.requirement("FS-35", "FS-45")
async def test_an_mpan_in_an_address_stands_in_the_activity_log_as_its_digest(serve: Serve) -> None:
    async with serve() as platform:
        await appoint(platform, UNKNOWN_MPAN, appointment("SUP", SUPPLIERS[0]))
        for path in (f"/mpans/{UNKNOWN_MPAN}?channel=IF-021", f"/mpans?mpan={UNKNOWN_MPAN}"):
            assert (await asked(platform, path, **PAGE))[0] == 200

        async def recorded() -> str:
            _, text = await asked(platform, "/admin/api/activity?path=/mpans")
            assert text.count("mpan:") > 2
            return text

        assert UNKNOWN_MPAN not in await until(recorded)
        assert UNKNOWN_MPAN not in platform.log.getvalue()


@pytest.mark.requirement("FS-17", "FS-35")
async def test_the_sender_alone_reads_what_the_mpan_table_could_not_take(serve: Serve) -> None:
    async with serve() as platform:
        message = made_up(platform, "IF-001", "[ChangeOfSupplier]", "2200000001", "REGS", A0=addressed(SUPPLIERS[0]))
        message = changed(message, "CommonBlock.M0.MPANCore", CHANGED_HANDS)
        message = changed(message, "CustomBlock.B002.incomingSupplierDIPID", "2399999999")
        await send(platform, message)
        reference = message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"]
        await until(lambda: platform.dip.store.appointments.count_updates() == (0, 1))
        for dip_id, expected in (
            ("2200000001", "2399999999 is no participant"),
            (SUPPLIERS[0], "the DIP looks into it"),
        ):
            client = await platform.client(dip_id)
            answer = await client.call("GET", f"/dip-channel/IF-001/deliveryStatus/{dip_id}/{reference}")
            record = json.loads(answer.body)
            (entry,) = [one for one in record["JournalEntries"] if one["DIPStage"] == "MPANUpdateQueue"]
            assert entry["Status"] == "Exception"
            assert expected in entry["Message"]
            assert CHANGED_HANDS not in entry["Message"]
