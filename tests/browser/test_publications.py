"""Publications in a browser: without scripts, by keyboard, on a telephone and on a wall, light and dark."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.conftest import Serve
from tests.support.browser import browsing, opened
from tests.support.publishing import File, Outside, publish

CSV = b"mpan,role\n2000056535971,SUP\n"
LONG = "a-name-as-long-as-they-may-be-" + "x" * 60 + ".csv"
PATHS = ("/publications", "/publications/IF-047", f"/publications/IF-047/{LONG}", "/publications?limit=0", "/login")


@pytest.mark.requirement("FS-57")
async def test_pages_fit_every_width_and_are_read_in_light_and_dark(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, browsing() as browser:
        outside = Outside(uri="https://files.example/" + "y" * 180)
        await publish(platform, File(name=LONG, content=CSV), outside, directory=tmp_path)
        for width in (390, 1440):
            paper = set()
            for scheme in ("light", "dark"):
                page = await opened(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
                for path in PATHS:
                    await page.goto(platform.dip.portal_url + path)
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                    unnamed = "input:not([type=hidden]):not([aria-label]), select:not([aria-label])"
                    for field in await page.locator(unnamed).all():
                        name = await field.get_attribute("id")
                        assert await page.locator(f'label[for="{name}"]').count() == 1, (path, name)
                paper.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
            assert len(paper) == 2


@pytest.mark.requirement("FS-57")
async def test_somebody_at_a_keyboard_finds_a_file_and_gets_its_very_bytes(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, browsing() as browser:
        await publish(platform, File(name="other.csv", content=b"other\n"), directory=tmp_path, description="Other")
        await publish(platform, File(name="isd.csv", content=CSV), directory=tmp_path, description="Standing data")
        page = await opened(browser, accept_downloads=True)
        await page.goto(f"{platform.dip.portal_url}/publications")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
        await page.get_by_label("Text").focus()
        await page.keyboard.type("isd.csv")
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("text=isd.csv"))
        assert await page.get_by_role("article").count() == 1
        await page.get_by_role("link", name="Industry standing data", exact=True).click()
        await page.wait_for_url(f"{platform.dip.portal_url}/publications/IF-047/isd.csv")
        link = page.get_by_role("link", name="Download isd.csv 1.1.1")
        await link.focus()
        async with page.expect_download() as waiting:
            await page.keyboard.press("Enter")
        download = await waiting.value
        assert download.suggested_filename == "isd-1.1.1.csv"
        there = await download.path()
        assert await asyncio.to_thread(there.read_bytes) == CSV
