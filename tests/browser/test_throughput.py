"""Throughput in a browser: a question answered by labels alone, and charts from a telephone to a wall."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from dip.store.queries import queries
from dip.store.throughput import BOUNDS_MS, SPANS, Side
from tests.conftest import Serve
from tests.integration.portal.test_throughput_page import sent
from tests.support.browser import Complaints, browsing
from tests.support.platform import Platform

CHANNELS = 12


async def opened(browser: Browser, platform: Platform, **options: Any) -> Page:
    """A page of the administration, which its token lets in."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    return await (await browser.new_context(extra_http_headers=headers, **options)).new_page()


def times(many: int) -> tuple[int, ...]:
    """How many were timed, their sum, the least, the most, and how many took up to each bound: some took 2.9 s."""
    within = [0] * (len(BOUNDS_MS) + 1)
    within[BOUNDS_MS.index(50)], within[BOUNDS_MS.index(3000)] = many - many // 50, many // 50
    return (many, many * 30_000, 10_000, 2_900_000, *within)


async def a_busy_day(platform: Platform) -> None:
    """Figures of a day, for each of twelve channels."""
    midnight = int(platform.dip.clock.now().timestamp()) // SPANS[-1] * SPANS[-1]
    rows = [
        (span, side, at, f"IF-{channel:03}", party, outcome, many, *times(many if timed else 0))
        for channel in range(1, CHANNELS + 1)
        for side, party in ((Side.SENDER.value, "2300000001"), (Side.SENDER.of_all, ""))
        for span in SPANS
        for at in range(midnight, midnight + SPANS[-1], max(span, 900))
        for outcome, many, timed in (
            ("taken", 100 + channel, True),
            ("refused", 3, False),
            ("delivered", 190, True),
            ("rejected", 9, False),
        )
    ]
    statement = queries()["add_throughput"]
    await platform.dip.store.writer.ask(lambda connection: connection.executemany(statement, rows))


@pytest.mark.requirement("FS-51", "FS-52", "FS-57")
async def test_somebody_finds_how_many_messages_a_channel_carried_today_and_how_slow_the_slowest_was(
    serve: Serve,
) -> None:
    async with serve() as platform, browsing() as browser:
        await sent(platform, 3)
        page = await opened(browser, platform)
        complaints = Complaints(page)
        await page.goto(platform.dip.portal_url)
        await page.get_by_role("link", name="Throughput", exact=True).first.click()
        await page.get_by_text("Channels: all").click()
        await page.get_by_role("checkbox", name=re.compile("^IF-031 ")).check()
        await page.get_by_role("button", name="Today").click()
        await page.wait_for_url("**/throughput?period=today&*channel=IF-031*")
        counts = page.get_by_role("region", name="Altogether", exact=True)
        assert await counts.get_by_text("Taken in").locator("xpath=following-sibling::dd").inner_text() == "3"
        times = page.get_by_role("region", name="End to end", exact=True).first
        slowest = await times.get_by_text("Slowest").locator("xpath=following-sibling::dd").inner_text()
        assert re.fullmatch(r"[\d.]+ m?s", slowest)
        await page.get_by_label("Tell apart").select_option("participants")
        await page.get_by_role("button", name="Show").click()
        await page.wait_for_url("**/throughput?*by=party*")
        assert "period=today" in page.url
        assert await page.get_by_text("Channels: IF-031").count() == 1
        assert await page.get_by_role("img", name="Out: deliveries, told apart").count() == 1
        assert complaints.heard == []


@pytest.mark.requirement("FS-51", "FS-57")
async def test_the_charts_fit_from_a_telephone_to_a_wall_light_and_dark(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        await a_busy_day(platform)
        for width in (390, 1440, 1920):
            colours = set()
            for scheme in ("light", "dark"):
                page = await opened(browser, platform, viewport={"width": width, "height": 1080}, color_scheme=scheme)
                complaints = Complaints(page)
                await page.goto(f"{platform.dip.portal_url}/throughput?period=today&bucket=PT15M")
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
                chart = page.get_by_role("img", name="End to end", exact=True)
                box = await chart.bounding_box()
                assert box is not None
                assert box["width"] > width / 3
                words = chart.locator(".threshold-words").first
                assert await words.evaluate("word => word.getBoundingClientRect().height") >= 12
                colours.add(await words.evaluate("word => getComputedStyle(word).fill"))
                assert complaints.heard == []
            assert len(colours) == 2


@pytest.mark.requirement("FS-51")
async def test_beyond_eight_channels_the_others_are_told_together(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        await a_busy_day(platform)
        page = await opened(browser, platform)
        await page.goto(f"{platform.dip.portal_url}/throughput?period=today&bucket=PT1H&by=channel")
        legend = page.locator(".legend").first.get_by_role("listitem")
        named = [text.split()[0] for text in await legend.all_inner_texts()]
        assert named == [*(f"IF-{channel:03}" for channel in range(CHANNELS, CHANNELS - 8, -1)), "others"]
