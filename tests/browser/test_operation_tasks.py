"""What operators do: switch a fault on, see who did what, ask about an MPAN and look after what was not applied."""

import re

import pytest

from tests.browser.office import Office
from tests.integration.routing import traffic
from tests.support.platform import changed
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.requirement("FS-57")
async def test_somebody_switches_a_fault_on_and_off(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Administration", "Faults")
        await page.get_by_label("Kind").select_option("drop")
        await page.get_by_label("Participant", exact=True).select_option("2300000001")
        await page.get_by_label("How many times").fill("3")
        await desk.press("Switch it on")
        row = page.get_by_role("row").filter(has_text="active")
        await row.wait_for()
        assert "2300000001" in await row.inner_text()
        await desk.press("Remove them all")
        await desk.sees("None. Everything goes as it should.")


@pytest.mark.requirement("FS-45", "FS-57")
async def test_somebody_finds_out_who_did_what(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Administration", "Activity")

        async def has_log_in() -> bool:
            await desk.open("/activity?path=/login")
            return await page.get_by_role("row").count() > 1

        await until(has_log_in)
        await page.get_by_role("row").nth(1).get_by_role("link").click()
        await page.wait_for_url(re.compile(r"/activity/\d+"))
        assert "/login" in await page.inner_text("main")


@pytest.mark.requirement("FS-35", "FS-57")
async def test_somebody_asks_who_is_responsible_for_an_mpan(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("MPANs")
        await page.get_by_label("MPAN", exact=True).fill(traffic.CHANGED_HANDS)
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(f"/mpans/{traffic.CHANGED_HANDS}"))
        await page.get_by_label("Channel", exact=True).select_option("IF-021")
        await desk.press("Look up")
        await page.get_by_role("heading", name=re.compile(r"IF-021 .*: \d recipient")).wait_for()
        await desk.go("Imports and pulls")
        await desk.sees("No file was imported yet.")


@pytest.mark.requirement("FS-35", "FS-57")
async def test_somebody_gives_up_what_could_not_be_applied(office: Office) -> None:
    async with office.sitting() as desk:
        made = desk.platform
        supplier = traffic.addressed(traffic.SUPPLIERS[0])
        message = traffic.made_up(made, "IF-001", "[ChangeOfSupplier]", traffic.REGISTRATION, "REGS", A0=supplier)
        message = changed(message, traffic.MPAN, traffic.CHANGED_HANDS)
        await traffic.send(made, changed(message, "CustomBlock.B002.incomingSupplierDIPID", "2399999999"))
        await until(lambda: made.dip.store.appointments.count_updates() == (0, 1))
        await desk.go("MPANs", "Not applied")
        await desk.sees("1 not applied")
        await desk.press("Give up")
        await desk.sees("Given up.")
        await desk.sees_heading("Everything was applied")
