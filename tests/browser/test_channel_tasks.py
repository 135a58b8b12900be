"""What people do about channels, data and time: change a channel, look an item up, announce maintenance."""

import re

import pytest

from tests.browser.office import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.requirement("FS-57", "FS-62")
async def test_somebody_lets_another_role_send_and_takes_it_back(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Channels", "IF-031")
        senders = page.locator("section").filter(has=page.get_by_role("heading", name="Senders and recipients"))
        await page.get_by_label("Role").select_option("LDSO")
        await page.get_by_label("Place").select_option(label="Senders")
        await desk.press("Add")
        await desk.sees("Saved: version 1 is served.")
        assert "LDSO" in await senders.locator("dd").first.inner_text()
        await desk.go("0")
        await page.wait_for_url(re.compile("/versions/0"))
        await page.get_by_role("button", name="Make IF-031 this version again").click()
        await desk.sees("Saved: version 2 is served.")
        assert "LDSO" not in await senders.locator("dd").first.inner_text()


@pytest.mark.requirement("FS-57")
async def test_somebody_changes_a_definition_and_sees_what_changes_before_it_is_served(office: Office) -> None:
    async with office.sitting(refused=400) as desk:
        page = desk.page
        await desk.go("Channels", "IF-031")
        field = page.get_by_label("Definition, YAML")
        text = await field.input_value()
        await field.fill(text.replace("category:", "categroy:", 1))
        await desk.press("Check and show what changes")
        await page.get_by_role("alert").wait_for()
        await field.fill(re.sub(r"(?m)^name: .*$", "name: Another name", text))
        await desk.press("Check and show what changes")
        await desk.sees("This is what changes; it is not saved yet.")
        await desk.press("Save and serve this")
        await desk.sees_heading("IF-031 Another name")


@pytest.mark.requirement("FS-57", "FS-62")
async def test_somebody_announces_maintenance_and_ends_it(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Incidents", "Maintenance")
        await page.get_by_label("Channel").select_option("IF-032")
        await desk.page.get_by_label("Reason").fill("A new disk")
        await desk.press("Announce")
        await page.get_by_role("region", name="Maintenance").get_by_text("A new disk").wait_for()
        await desk.press("End it now")
        await desk.sees("The window is over, or taken back.")
        assert await page.get_by_role("region", name="Maintenance").count() == 0


@pytest.mark.requirement("FS-57")
async def test_somebody_finds_a_data_item_and_the_interface_that_carries_it(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Channels", "Data")
        await page.get_by_label("Search items, blocks and interfaces").fill("DI-979")
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name=re.compile("DI-979")).first.click()
        await desk.sees("Rejected")
        await page.get_by_role("link", name=re.compile("IF-032")).first.click()
        await page.wait_for_url(re.compile("/data/interfaces/IF-032"))
        await desk.open("/data/interfaces/IF-031")
        async with page.expect_download() as waiting:
            await page.get_by_role("link", name=re.compile("CSV")).first.click()
        assert (await waiting.value).suggested_filename.endswith(".csv")
        await desk.open("/data/flows")
        await page.get_by_role("link", name="Acquisition").first.click()
        await desk.sees_heading("Acquisition")


@pytest.mark.requirement("FS-57")
async def test_somebody_moves_the_clock(office: Office) -> None:
    async with office.sitting(refused=400) as desk:
        await desk.go("Administration", "Clock")
        await desk.press("+ 1 day")
        await desk.sees("The clock was moved, and what became due has moved with it.", "business time is")
        await desk.page.get_by_label("By another duration").fill("one moment")
        await desk.page.keyboard.press("Enter")
        await desk.page.get_by_role("alert").wait_for()
        await desk.page.get_by_label("By another duration").fill("PT1H")
        await desk.press("Move")
        await desk.sees("1 day")
