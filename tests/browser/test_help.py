"""The help in a browser: from a rejected message to what its code means, on every width, light and dark."""

import re
from collections.abc import Sequence

import pytest

from dip.client import Received
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, send, state_of
from tests.support.browser import browsing, opened
from tests.support.waiting import until

PATHS = (
    "/help",
    "/help?text=dead+letter",
    "/help?text=there-is-no-such-word",
    "/help/codes",
    "/help/codes/MSG1006",
    "/help/codes/not_found",
    "/help/words",
    "/help/verdicts",
    "/help/pages/messages",
    "/nothing",
)


NEW_PASSWORD = "a better password for tests"


async def unknown_mpan(received: Sequence[Received]) -> Sequence[str]:
    return ["RCP1061" for _ in received]


@pytest.mark.requirement("FS-57")
async def test_somebody_finds_out_why_a_message_was_rejected(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        await platform.listener(REGISTRATION, "IF-031", handler=unknown_mpan)
        (sent,) = await send(platform)

        async def rejected() -> bool:
            return await state_of(platform, sent.transaction_id) == "rejected"

        await until(rejected)
        page = await opened(browser)
        await page.goto(f"{platform.dip.portal_url}/login")
        await page.get_by_label("Name").fill("admin")
        password = (platform.dip.directory / "admin.password").read_text(encoding="utf-8").strip()
        await page.get_by_label("Password").fill(password)
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_label("Present password").fill(password)
        await page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        await page.get_by_label("The new one again").fill(NEW_PASSWORD)
        await page.get_by_role("button", name="Change it").click()
        await page.goto(f"{platform.dip.portal_url}/messages/{sent.transaction_id}")
        await page.get_by_role("link", name="RCP1061", exact=True).first.click()
        await page.wait_for_url(re.compile("/help/codes/RCP1061$"))
        assert "MPAN Invalid or Unknown" in await page.inner_text("h1")
        assert await page.get_by_text("What to do").count() == 1
        await page.go_back()
        await page.get_by_role("link", name="Help on this page").click()
        await page.wait_for_url(re.compile("/help/pages/message$"))


@pytest.mark.requirement("FS-57")
async def test_the_help_fits_every_width_and_is_searched_by_keyboard(serve: Serve) -> None:
    async with serve() as platform, browsing() as browser:
        for width in (390, 1440):
            page = await opened(browser, viewport={"width": width, "height": 900})
            for path in PATHS:
                await page.goto(platform.dip.portal_url + path)
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                assert await page.locator("h1").count() == 1
        await page.goto(f"{platform.dip.portal_url}/help")
        await page.get_by_label("Search the help").focus()
        await page.keyboard.type("schema failure")
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile(r"text=schema"))
        await page.get_by_role("link", name="MSG1001 Schema Failure").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(re.compile("/help/codes/MSG1001$"))
