"""The forms of the administration, as somebody uses them: endpoints, test calls, imports, pulls, master key, users."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import Page

from dip.security.certificate_requests import signing_request
from tests.browser.office import Office, Sitting
from tests.integration.delivery.conftest import REGISTRATION
from tests.integration.pulls.pulls import SERVICE_1, mpan, serving, two_rows, written
from tests.support.accessibility import axe_faults, too_wide, unseen_focus
from tests.support.browser import keep_picture

pytestmark = pytest.mark.asyncio(loop_scope="module")
WIDTHS = (390, 1440)


async def looked_at(page: Page, name: str) -> None:
    """A page on a telephone and on a desk, light and dark: pictures are kept, and nothing is amiss."""
    shown = page.viewport_size
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            await keep_picture(page, name, width, scheme)
            assert await too_wide(page) == []
            assert await axe_faults(page) == []
    assert await unseen_focus(page) == []
    if shown is not None:
        await page.set_viewport_size(shown)


async def choose(desk: Sitting) -> None:
    """Come from the list of endpoints to the form for a new one, for the registration service."""
    await desk.go("Queues", "Endpoints", "Add an endpoint")
    await desk.page.get_by_label("Participant", exact=True).select_option(REGISTRATION)
    await desk.press("Go on")
    await desk.page.get_by_label("Address", exact=True).wait_for()


@pytest.mark.requirement("FS-15", "FS-57")
async def test_somebody_adds_an_endpoint_tries_it_moves_it_and_removes_it(office: Office) -> None:
    listener = await office.platform.listener(REGISTRATION, "IF-007")
    moved = listener.url.replace("/messages", "/elsewhere")
    async with office.sitting(refused=400) as desk:
        page = desk.page
        await choose(desk)
        await looked_at(page, "endpoint-new")
        await page.get_by_label("Address", exact=True).fill("https://10.0.0.1/hook")
        await page.get_by_label("IF-034").check()
        await desk.press("Add it")
        await desk.sees("a webhook needs a public address")
        assert await page.get_by_label("IF-034").is_checked()
        await looked_at(page, "endpoint-new-refused")
        await page.get_by_label("Address", exact=True).fill(f"{listener.url}/second")
        await page.keyboard.press("Enter")
        await desk.sees("The channels go there from now on")
        await looked_at(page, "endpoints")
        await page.get_by_role("link", name="/second").click()
        await desk.press("Call it now")
        await desk.sees("The test call went well", "Its certificate is verified", "as it should")
        await looked_at(page, "endpoint-test")
        await desk.go("Endpoints")
        mine = page.get_by_role("region", name="/second")
        await mine.get_by_text("Move it to another address").click()
        await mine.get_by_label("New address").fill(moved)
        await mine.get_by_role("button", name="Move it").click()
        await desk.sees("Moved. What waits goes to the new address")
        mine = page.get_by_role("region", name="/elsewhere")
        await mine.get_by_text("Remove it…").click()
        await mine.get_by_role("button", name="Remove what is ticked").click()
        await desk.sees("Removed. What waits stays")
        assert await page.get_by_role("region", name="/elsewhere").count() == 0


@pytest.mark.requirement("FS-35", "FS-57")
async def test_somebody_imports_a_file_and_looks_at_what_was_rejected(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"{mpan(1)},SUP,2300000001,2024-01-01,\n{mpan(2)},SUP,2399999999,2024-01-01,\n", encoding="utf-8")
    async with office.sitting(refused=400) as desk:
        page = desk.page
        await desk.go("MPANs", "Imports and pulls")
        await looked_at(page, "mpan-runs-forms")
        empty = tmp_path / "other.json"
        empty.write_text('{"no": "rows"}', encoding="utf-8")
        await page.get_by_label("CSV file, plain or gzip").set_input_files(empty)
        await desk.press("Import")
        await desk.sees("Choose the file again")
        await page.get_by_label("CSV file, plain or gzip").set_input_files(file)
        await desk.press("Import")
        await desk.sees("1 row accepted, 1 rejected", "2399999999")
        await looked_at(page, "mpan-run")


@pytest.mark.requirement("FS-35", "FS-57")
async def test_somebody_begins_a_pull_and_stops_it(office: Office, tmp_path: Path) -> None:
    rows = written(tmp_path / "1.csv", two_rows(range(15)))
    async with serving(office.platform, SERVICE_1, rows, delay_s=3600) as url, office.sitting() as desk:
        page = desk.page
        await desk.go("MPANs", "Imports and pulls")
        await page.get_by_label("Registration service", exact=True).select_option(SERVICE_1)
        await page.get_by_label("Its address").fill(url)
        await desk.press("Pull")
        await desk.sees("The pull has begun")
        await page.get_by_role("button", name="Stop the pull").click()
        await desk.sees("Stopped. What it has taken stays")


@pytest.mark.requirement("FS-57")
async def test_somebody_changes_the_master_key(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Administration", "Master key")
        await looked_at(page, "master-key")
        await page.get_by_label("Type “change” to confirm").fill("change")
        await page.keyboard.press("Enter")
        await desk.sees("keep a new backup of it now")


@pytest.mark.requirement("FS-57", "FS-58")
async def test_somebody_issues_a_user_a_certificate_and_removes_the_user(office: Office) -> None:
    async with office.sitting() as desk:
        page = desk.page
        await desk.go("Administration", "Users")
        await page.get_by_label("Name").fill("merlin")
        await page.get_by_label("read-only").last.check()
        await desk.press("Add")
        await desk.sees("The password of")
        row = page.get_by_role("row").filter(has_text="merlin")
        await row.get_by_text("Change", exact=True).click()
        await row.get_by_text("Issue a certificate…").click()
        await row.get_by_label("Signing request").fill(
            signing_request(ec.generate_private_key(ec.SECP256R1()), "merlin").decode()
        )
        await row.get_by_role("button", name="Issue it").click()
        await page.get_by_label("Certificate of merlin, PEM").wait_for()
        row = page.get_by_role("row").filter(has_text="merlin")
        await row.get_by_text("Change", exact=True).click()
        await row.get_by_text("Remove…").click()
        await looked_at(page, "users-removing")
        await row.get_by_role("button", name="Remove merlin for good").click()
        await desk.sees("The user is removed")
