"""Sequence diagrams in a browser: without scripts, on a telephone and on a wall, light and dark, and from a file."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.conftest import Serve
from tests.support.browser import browsing
from tests.support.platform import Platform
from tests.support.played import play


async def opened(browser: Browser, platform: Platform, **options: Any) -> Page:
    """A page of the administration, which its token lets in."""
    token = (platform.dip.directory / "admin.token").read_text()
    headers = {"Authorization": f"Bearer {token}"}
    context = await browser.new_context(java_script_enabled=False, extra_http_headers=headers, **options)
    return await context.new_page()


@pytest.mark.requirement("FS-53", "FS-57")
async def test_a_diagram_scrolls_in_its_box_and_is_read_in_light_and_dark(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, browsing() as browser:
        correlation = (await play(platform)).correlation
        for width in (390, 1440):
            colours = set()
            for scheme in ("light", "dark"):
                page = await opened(browser, platform, viewport={"width": width, "height": 900}, color_scheme=scheme)
                await page.goto(f"{platform.dip.portal_url}/diagrams?correlation={correlation}")
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
                box = page.get_by_role("region", name="Sequence diagram")
                assert await box.evaluate("box => box.scrollWidth >= box.querySelector('svg').clientWidth")
                words = page.locator("svg.sequence .label").first
                colours.add(await words.evaluate("word => getComputedStyle(word).fill"))
                picture = tmp_path / f"diagram-{width}-{scheme}.png"
                await page.screenshot(path=picture, full_page=True)
                assert await asyncio.to_thread(lambda file: file.stat().st_size, picture) > 10_000
            assert len(colours) == 2


@pytest.mark.requirement("FS-53", "FS-55", "FS-57")
async def test_somebody_at_a_keyboard_goes_from_a_search_to_a_diagram_to_a_message(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        played = await play(platform)
        page = await opened(browser, platform, viewport={"width": 1440, "height": 900})
        await page.goto(f"{platform.dip.portal_url}/messages?correlation={played.correlation}")
        await page.get_by_role("link", name="Diagram", exact=True).focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/diagrams?correlation=*")
        arrow = page.locator("svg.sequence a").first
        await arrow.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/messages/{played.transactions[0]}")
        await page.get_by_role("link", name="Diagram of this message").click()
        await page.wait_for_url("**/diagrams?transaction=*")
        assert await page.get_by_role("heading", name="1 message", exact=True).count() == 1


@pytest.mark.requirement("FS-53")
async def test_the_files_open_without_a_server_and_ask_for_nothing(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform, browsing() as browser:
        correlation = (await play(platform)).correlation
        page = await opened(browser, platform)
        await page.goto(f"{platform.dip.portal_url}/diagrams?correlation={correlation}")
        for label, name in (("SVG", "diagram.svg"), ("HTML", "diagram.html")):
            address = await page.get_by_role("link", name=label, exact=True).get_attribute("href")
            answer = await page.request.get(f"{platform.dip.portal_url}{address}")
            await asyncio.to_thread((tmp_path / name).write_bytes, await answer.body())
        asked: list[str] = []
        alone = await (await browser.new_context(viewport={"width": 390, "height": 900})).new_page()
        alone.on("request", lambda request: asked.append(request.url))
        for name in ("diagram.svg", "diagram.html"):
            await alone.goto((tmp_path / name).as_uri())
            assert await alone.locator("polygon.tip").count() > 20
            await alone.screenshot(path=tmp_path / f"{name}.png")
        assert asked == [(tmp_path / name).as_uri() for name in ("diagram.svg", "diagram.html")]
        assert await alone.evaluate("document.documentElement.scrollWidth") <= 390
