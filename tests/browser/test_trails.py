"""The audit report and the flow reports in a browser: without scripts, on a telephone and on a wall, light and dark."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page

from tests.conftest import Serve
from tests.integration.trails.stage import MPAN, answered, played, requested
from tests.support.browser import browsing
from tests.support.platform import Platform

OWN = "/flows/own?title=Mine&link=correlation&message=IF-031+DSApp&response=&stage=&message=IF-032&response=A&stage=Yes"
PATHS = (
    *("/audit", f"/audit?id={MPAN}", "/audit?id=12", "/flows", "/flows/own", OWN),
    *("/flows/change-of-service", f"/flows/change-of-service?mpan={MPAN}", "/flows/acquisition"),
)


@asynccontextmanager
async def opened(platform: Platform, width: int, scheme: Literal["light", "dark"]) -> AsyncIterator[Page]:
    """A page of a visitor who may see everything."""
    token = (platform.dip.directory / "admin.token").read_text()
    async with browsing() as browser:
        options: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        context = await browser.new_context(
            java_script_enabled=False, extra_http_headers={"Authorization": f"Bearer {token}"}, **options
        )
        yield await context.new_page()


@pytest.mark.requirement("FS-53", "FS-54")
async def test_pages_fit_every_width_and_every_field_has_a_name(serve: Serve, tmp_path: Path) -> None:
    async with serve() as platform:
        await played(platform)
        await answered(platform, await requested(platform), "R")
        for width, scheme in ((390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")):
            async with opened(platform, width, "light" if scheme == "light" else "dark") as page:
                for number, path in enumerate(PATHS):
                    await page.goto(platform.dip.portal_url + path)
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                    for field in await page.locator("input:not([type=hidden]), select").all():
                        name = await field.get_attribute("id")
                        assert await page.locator(f'label[for="{name}"]').count() == 1, (path, name)
                    await page.screenshot(path=tmp_path / f"{number}-{width}-{scheme}.png", full_page=True)


@pytest.mark.requirement("FS-53", "FS-54")
async def test_somebody_goes_from_a_rejected_run_to_its_messages(serve: Serve) -> None:
    async with serve() as platform:
        correlation = await requested(platform)
        await answered(platform, correlation, "R")
        async with opened(platform, 1440, "light") as page:
            await page.goto(f"{platform.dip.portal_url}/flows")
            await page.get_by_role("link", name="Change of service").click()
            await page.get_by_label("State").select_option("stopped")
            await page.get_by_role("button", name="Search").click()
            await page.get_by_role("link", name=correlation).click()
            await page.wait_for_url(f"**/audit?correlation={correlation}")
            assert await page.get_by_role("row").count() == 3
            await page.get_by_role("link", name="Details").first.click()
            await page.wait_for_url("**/messages/T-IF-032-*")
