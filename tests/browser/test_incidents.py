"""Incidents and maintenance in a browser: without scripts, telephone and wall, light and dark, by keyboard."""

import re

import pytest

from tests.conftest import Serve
from tests.integration.duties.desk import desk
from tests.support.browser import browsing, opened

NEW = {"title": "A" * 120, "description": "IF-031 is not answered", "impact": "high", "urgency": "high"}
PATHS = ("/incidents", "/incidents/new", "/incidents/1", "/maintenance")


@pytest.mark.requirement("FS-62", "FS-63")
async def test_pages_fit_every_width_and_every_field_has_its_label(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office, browsing() as browser:
        await office.do("incidents", {**NEW, "channels": ["IF-031", "IF-032"]}, 201)
        await office.do("maintenance", {"channels": None, "reason": "R" * 200})
        token = (platform.dip.directory / "admin.token").read_text().strip()
        bearer = {"Authorization": f"Bearer {token}"}
        for width in (390, 1440):
            for scheme in ("light", "dark"):
                viewport = {"width": width, "height": 900}
                page = await opened(browser, viewport=viewport, color_scheme=scheme, extra_http_headers=bearer)
                for path in PATHS:
                    await page.goto(platform.dip.portal_url + path)
                    assert await page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                    for field in await page.locator(
                        "input:not([type=hidden], [type=checkbox]), select, textarea"
                    ).all():
                        name = await field.get_attribute("id")
                        assert await page.locator(f'label[for="{name}"]').count() == 1, (path, name)


@pytest.mark.requirement("FS-63")
async def test_somebody_at_a_keyboard_raises_an_incident(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        token = (platform.dip.directory / "admin.token").read_text().strip()
        page = await opened(browser, extra_http_headers={"Authorization": f"Bearer {token}"})
        await page.goto(f"{platform.dip.portal_url}/incidents/new")
        await page.get_by_label("Title").focus()
        await page.keyboard.type("No answers")
        await page.keyboard.press("Tab")
        await page.keyboard.type("IF-031 is not answered")
        await page.get_by_label("Title").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(r"/incidents/1\?"))
        assert await page.get_by_role("heading", name="1 No answers").count() == 1
