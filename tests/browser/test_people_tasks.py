"""What people do about users and participants: make one, let it in, change what it may; keep others out."""

import re

import pytest

from tests.browser.office import Office
from tests.support.browser import Complaints, choose_password, log_in

pytestmark = pytest.mark.asyncio(loop_scope="module")
SUPPLIER = "2300000001"


@pytest.mark.requirement("FS-57", "FS-58")
async def test_somebody_makes_a_user_who_logs_in_and_chooses_a_password(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Administration")
        await page.get_by_label("Name", exact=True).fill("kestrel")
        await page.get_by_label("support").last.check()
        await desk.press("Add")
        password = await page.get_by_role("status").locator("code").inner_text()
        assert page.context.browser is not None
        theirs = await (await page.context.browser.new_context()).new_page()
        complaints = Complaints(theirs)
        await log_in(theirs, desk.platform, "kestrel", password)
        await choose_password(theirs, password, "another password of the kestrel")
        assert await theirs.get_by_role("heading", name="kestrel").count() == 1
        await theirs.get_by_label("Mail address").fill("kestrel@dip.example")
        await theirs.keyboard.press("Enter")
        await theirs.get_by_text("Your mail address is saved.").wait_for()
        await theirs.get_by_text("Account of kestrel").click()
        await theirs.get_by_role("button", name="Log out").click()
        await theirs.wait_for_url(re.compile("/login"))
        await log_in(theirs, desk.platform, "kestrel", "another password of the kestrel")
        assert complaints.heard == []
        await desk.go("Users")
        row = page.get_by_role("row").filter(has_text="kestrel")
        assert "in use" in await row.inner_text()


@pytest.mark.requirement("FS-57")
async def test_a_wrong_password_opens_nothing_and_says_so(office: Office) -> None:
    assert office.browser.browser is not None
    context = await office.browser.browser.new_context()
    page = await context.new_page()
    complaints = Complaints(page, but=(403,))
    await page.goto(f"{office.platform.dip.portal_url}/users")
    await page.get_by_label("Name", exact=True).fill("admin")
    await page.get_by_label("Password").fill("not the password")
    await page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    await alert.wait_for()
    assert await alert.inner_text() == "Name or password is wrong."
    assert await page.get_by_label("Name", exact=True).input_value() == "admin"
    assert await page.get_by_label("Password").evaluate("field => document.activeElement === field")
    await context.close()
    assert complaints.heard == []


@pytest.mark.requirement("FS-57", "FS-60")
async def test_somebody_lets_a_participant_in(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Participants", "Add a participant")
        await desk.page.get_by_label("MPID").fill("KITE")
        await desk.page.get_by_label("Name", exact=True).fill("Kite Energy")
        await page.get_by_label(re.compile("^SUP ")).check()
        await desk.press("Add it")
        await desk.sees_heading("Kite Energy")
        await desk.sees("It takes part from now on.", "Its API key is shown this once")
        (made,) = (one for one in desk.platform.dip.participants.value if one.name == "Kite Energy")
        assert made.dip_id.startswith("23")
        assert await page.get_by_text(made.dip_id, exact=True).count() > 0
        await desk.go("Participants")
        await page.get_by_label("DIP id, MPID, name, company or role").fill("kite")
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("q=kite"))
        assert await page.get_by_role("row").count() == 2


@pytest.mark.requirement("FS-57", "FS-60")
async def test_somebody_signs_a_participant_up_and_gives_it_another_role(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.open(f"/participants/{SUPPLIER}")
        choice = page.get_by_role("switch").first
        was = await choice.is_checked()
        await choice.set_checked(not was)
        await desk.press("Save what it signs up for")
        await page.get_by_role("status").wait_for()
        assert await page.get_by_role("switch").first.is_checked() is not was
        await page.get_by_text("Roles it was given").click()
        await page.get_by_role("checkbox", name=re.compile("^LDSO ")).check()
        await desk.press("Save")
        await page.get_by_role("status").wait_for()
        known = {str(one.dip_id): one for one in desk.platform.dip.participants.value}
        assert "LDSO" in known[SUPPLIER].roles


@pytest.mark.requirement("FS-57")
async def test_somebody_has_an_agent_act_for_a_participant_and_takes_it_back(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.open(f"/participants/{SUPPLIER}")
        await desk.go("Agents")
        await page.get_by_label("Role").select_option("SUP")
        await desk.press("Assign")
        await desk.sees("The agent acts from now on.")
        await desk.press("Withdraw")
        await desk.sees("The agent was withdrawn.")
