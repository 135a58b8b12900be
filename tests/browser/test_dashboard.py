"""The dashboard in a browser: live figures, the wall, and the way to a message that was rejected."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page

from dip.store.alarms import AlarmKind
from tests.conftest import Serve
from tests.integration.dashboard.watching import a_rejected_message
from tests.integration.delivery.conftest import send
from tests.support.accessibility import axe_faults
from tests.support.browser import Complaints, browsing, log_in_first
from tests.support.platform import Platform

QUICK = {"dashboard_refresh_s": 0.1, "alarm_check_s": 3600.0, "dead_letter_sweep_s": 3600.0}


@asynccontextmanager
async def at_the_dashboard(platform: Platform, browser: Browser) -> AsyncIterator[Page]:
    """The first administrator at the dashboard, with scripts, as most people have them."""
    page = await (await browser.new_context()).new_page()
    complaints = Complaints(page)
    await log_in_first(page, platform)
    await page.goto(platform.dip.portal_url)
    yield page
    assert complaints.heard == []


@pytest.mark.requirement("FS-51", "FS-56")
async def test_a_figure_changes_without_loading_the_page_again(serve: Serve) -> None:
    async with serve(**QUICK) as platform, browsing() as browser, at_the_dashboard(platform, browser) as page:
        await page.get_by_role("status").get_by_text("Live").wait_for()
        await page.evaluate("document.body.dataset.same = 'page'")
        await send(platform, 3)
        await page.locator("[data-figure=in-today]").get_by_text("3", exact=True).wait_for()
        await page.get_by_role("region", name="Queues").get_by_text("3 waiting").wait_for()
        assert await page.locator("body").get_attribute("data-same") == "page"


async def test_a_block_that_holds_the_focus_waits_until_it_is_left(serve: Serve) -> None:
    async with serve(**QUICK) as platform, browsing() as browser, at_the_dashboard(platform, browser) as page:
        await page.get_by_role("status").get_by_text("Live").wait_for()
        inside = page.get_by_role("link", name="Endpoints", exact=True).last
        await inside.focus()
        await send(platform)
        await page.locator("[data-figure=in-today]").get_by_text("1", exact=True).wait_for()
        assert await inside.evaluate("one => one === document.activeElement")
        assert await page.get_by_text("Nothing waits").is_visible()
        await inside.evaluate("one => one.blur()")
        await page.get_by_text("1 waiting").wait_for()


async def test_the_page_says_when_it_is_not_live_any_more(serve: Serve) -> None:
    async with serve(dashboard_streams=0, **QUICK) as platform, browsing() as browser:
        page = await (await browser.new_context()).new_page()
        Complaints(page)
        await log_in_first(page, platform)
        await page.goto(platform.dip.portal_url)
        await page.get_by_role("status").get_by_text("Not live").wait_for()


@pytest.mark.requirement("FS-56", "FS-57")
async def test_somebody_new_finds_a_rejected_message_and_its_reason_in_three_clicks(serve: Serve) -> None:
    async with serve(**QUICK) as platform, browsing() as browser:
        transaction = await a_rejected_message(platform)
        async with at_the_dashboard(platform, browser) as page:
            await page.get_by_role("region", name="Rejected and dead").get_by_role("link", name="RCP1061").click()
            await page.wait_for_url(re.compile(f"/messages/{transaction}"))
            await page.get_by_text("RejectedByRecipient").first.wait_for()
            assert "RCP1061" in await page.locator("main").inner_text()
            await page.locator("main").get_by_role("link", name="RCP1061").first.click()
            await page.wait_for_url(re.compile("/help/codes/RCP1061"))


@pytest.mark.requirement("FS-56")
async def test_the_wall_is_read_without_scrolling(serve: Serve) -> None:
    async with serve(**QUICK) as platform, browsing() as browser:
        await a_rejected_message(platform)
        for number in range(12):
            platform.dip.duties.alarms.raised(AlarmKind.LATENCY, f"23000000{number:02} IF-031", "It has been waiting.")
        async with at_the_dashboard(platform, browser) as page:
            await page.get_by_role("link", name="Wall").click()
            await page.wait_for_url(re.compile("wall=1"))
            await page.get_by_role("status").get_by_text("Live").wait_for()
            assert await page.get_by_role("banner").count() == 0
            for width, height in ((1920, 1080), (3840, 2160)):
                await page.set_viewport_size({"width": width, "height": height})
                size = await page.evaluate(
                    "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
                )
                assert size == [width, height]
                cut = await page.evaluate(
                    "[...document.querySelectorAll('.block')].filter(one => one.scrollHeight > one.clientHeight + 1)"
                    ".map(one => one.className)"
                )
                assert cut == [], (width, height)
                figure = await page.locator("[data-figure=in]").evaluate(
                    "one => parseFloat(getComputedStyle(one).fontSize)"
                )
                assert figure >= height / 20
            assert await axe_faults(page) == []
