"""Viewing the portal as a participant, keeping a view, and a page head that fits, in a browser without scripts."""

import re

import pytest

from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, send
from tests.support.accessibility import axe_faults, too_wide
from tests.support.browser import browsing, keep_picture, log_in_first, opened

STRANGER = "2300000002"


@pytest.mark.requirement("FS-57", "FS-58")
async def test_somebody_sees_with_a_participants_eyes_and_stops(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        (sent,) = await send(platform)
        page = await opened(browser)
        await log_in_first(page, platform)
        await page.get_by_role("link", name="Messages", exact=True).click()
        message = page.locator(f'main a[href="/messages/{sent.transaction_id}"]')
        await message.wait_for()
        for chosen, many in ((STRANGER, 0), (SUPPLIER, 1), (REGISTRATION, 1)):
            # By the keyboard alone: the menu of one's account, the first field in it.
            await page.locator("summary", has_text="admin").press("Enter")
            await page.keyboard.press("Tab")
            await page.keyboard.type(chosen)
            await page.keyboard.press("Enter")
            bar = page.get_by_role("region", name="View as")
            await bar.get_by_text(chosen).wait_for()
            assert await message.count() == many
            answer = await page.request.get(f"{platform.dip.portal_url}/admin/api/messages/{sent.transaction_id}")
            assert answer.status == (200 if many else 404)
        for width in (390, 1440):
            await page.set_viewport_size({"width": width, "height": 900})
            assert await too_wide(page) == []
            await keep_picture(page, "view-as-bar", width, "light")
        await bar.get_by_role("button", name="Stop").click()
        await bar.wait_for(state="detached")
        assert await message.count() == 1


@pytest.mark.requirement("FS-54", "FS-57")
async def test_somebody_keeps_a_search_and_finds_it_again(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        page = await opened(browser)
        await log_in_first(page, platform)
        await page.goto(f"{platform.dip.portal_url}/audit?sender={SUPPLIER}")
        await page.get_by_text("Save this view").press("Enter")
        await page.get_by_label("Name of the view").fill("What Kestrel sent")
        await page.get_by_label("Shared with my colleagues").check()
        await page.get_by_role("button", name="Save it").click()
        await page.get_by_text("The view is kept.").wait_for()
        await page.get_by_role("link", name="What Kestrel sent").click()
        await page.wait_for_url(re.compile(rf"/audit\?sender={SUPPLIER}$"))


@pytest.mark.requirement("FS-57")
async def test_the_head_of_a_page_is_one_line_and_its_menus_open_by_keyboard(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        context = await browser.new_context()
        page = await context.new_page()
        await log_in_first(page, platform)
        for width in (390, 1024, 1280, 1440, 1920):
            await page.set_viewport_size({"width": width, "height": 900})
            await page.goto(f"{platform.dip.portal_url}/messages")
            links = page.get_by_role("navigation", name="Main").get_by_role("link")
            assert await links.count() == (8 if width >= 1280 else 0)
            tops = [await link.evaluate("e => e.getBoundingClientRect().top") for link in await links.all()]
            assert len(set(tops)) <= 1
            assert await too_wide(page) == []
        await page.set_viewport_size({"width": 390, "height": 900})
        await page.locator("summary", has_text="Menu").press("Enter")
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            assert await axe_faults(page) == []
            await keep_picture(page, "head-menu", 390, scheme)
        await page.get_by_role("navigation", name="All pages").get_by_role("link", name="Dead letters").press("Enter")
        await page.wait_for_url(re.compile("/dead-letters"))
        await page.locator("summary", has_text="admin").press("Enter")
        assert await axe_faults(page) == []
        await page.get_by_role("button", name="Log out").press("Enter")
        await page.wait_for_url(re.compile("/login"))
