"""Somebody at a desk with a browser, logged in as the first administrator."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
from playwright.async_api import BrowserContext, Page

from tests.support.browser import Complaints, browsing, log_in_first
from tests.support.platform import Platform, copied, platform


class Sitting:
    """A person's work: what they see, and do by what is written there."""

    def __init__(self, platform: Platform, page: Page) -> None:
        self.platform = platform
        self.page = page

    async def open(self, path: str) -> None:
        """Go to an address that somebody was told."""
        await self.page.goto(self.platform.dip.portal_url + path)

    async def go(self, *links: str) -> None:
        """Follow links one after another; the first of a name, so that the navigation's go before."""
        for link in links:
            await self.page.get_by_role("link", name=link, exact=True).first.click()

    async def press(self, name: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def sees(self, *texts: str) -> None:
        """Wait until these texts stand on the page."""
        for text in texts:
            await self.page.get_by_text(text).first.wait_for()

    async def sees_heading(self, name: str) -> None:
        """Wait until the page has this heading."""
        await self.page.get_by_role("heading", name=name).first.wait_for()


class Office(msgspec.Struct, frozen=True):
    """A server and the browser of its first administrator, for one task after another."""

    platform: Platform
    browser: BrowserContext

    @asynccontextmanager
    async def sitting(self, refused: int | None = None) -> AsyncIterator[Sitting]:
        """A task, begun on the first page. The browser may complain of nothing but what is meant to be refused.

        refused: the status of that.
        """
        page = await self.browser.new_page()
        complaints = Complaints(page, () if refused is None else (refused,))
        await page.goto(f"{self.platform.dip.portal_url}/")
        yield Sitting(self.platform, page)
        await page.close()
        assert not complaints.heard, complaints.heard


@asynccontextmanager
async def an_office(laid_out: Path, directory: Path) -> AsyncIterator[Office]:
    """An office over a data directory of its own.

    laid_out: a data directory to begin with, which stays as it is. directory: a new one below an empty one.
    """
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(platform(copied(laid_out, directory / "state")))
        browser = await stack.enter_async_context(browsing())
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await log_in_first(page, made)
        await page.close()
        yield Office(made, context)
