"""The audit of one message in a browser: without scripts, on a telephone and on a wall, light and dark."""

import pytest

from tests.conftest import Serve
from tests.integration.delivery.fault_desk import QUICK
from tests.integration.routing.traffic import SUPPLIERS, send
from tests.integration.verdicts.desk import office
from tests.support.browser import browsing, opened
from tests.support.platform import sample


@pytest.mark.requirement("FS-55")
async def test_somebody_finds_whose_fault_a_dead_letter_is_and_what_it_says(serve: Serve) -> None:
    async with serve(**QUICK) as platform, office(platform) as desk, browsing() as browser:
        transaction = await send(platform, sample("if-909"))
        await desk.move_clock("P14D")
        token = (platform.dip.directory / "admin.token").read_text().strip()
        for width in (390, 1440):
            for scheme in ("light", "dark"):
                page = await opened(
                    browser,
                    viewport={"width": width, "height": 900},
                    color_scheme=scheme,
                    extra_http_headers={"Authorization": f"Bearer {token}"},
                )
                await page.goto(f"{platform.dip.portal_url}/messages/{transaction}")
                head = page.get_by_role("heading", name="Most likely set-up")
                assert await head.count() == 1
                await page.locator(".verdict-head summary").click()
                assert await page.get_by_text("V24", exact=True).first.is_visible()
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
                await page.get_by_role("link", name="Header and payload").click()
                await page.get_by_role("link", name="Kestrel Energy Supply").click()
                assert SUPPLIERS[0] in page.url
                assert await page.get_by_role("heading", level=2).count() == 3
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
                await page.goto(f"{platform.dip.portal_url}/activity")
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
