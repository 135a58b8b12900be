"""A browser for tests: Debian's chromium, people who log in at it, and what it complains of."""

import os
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, async_playwright

from tests.support.platform import Platform
from tests.support.process import ROOT

OWN_PASSWORD: Final = "a long new password of my own"
SCREENSHOTS: Final = Path(os.environ.get("SCREENSHOTS") or ROOT / "test-output" / "screenshots")
"""Where pictures of pages are kept, `<page>-<width>-<scheme>.png`; git knows nothing of it."""


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A browser. Where there is none the test is skipped, but not where a change is decided on."""
    chromium = shutil.which("chromium")
    if chromium is None and not os.environ.get("CI"):
        pytest.skip("there is no chromium on this machine")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def opened(browser: Browser, **options: Any) -> Page:
    """A page of a visitor of its own."""
    return await (await browser.new_context(java_script_enabled=False, **options)).new_page()


class Complaints:
    """What a browser complains of while it shows pages, each as one line.

    Errors of the console and of scripts, requests that failed, answers of 400 and above. What the pages'
    Content-Security-Policy refuses is an error of the console. but: statuses that are expected.
    """

    def __init__(self, page: Page, but: Iterable[int] = ()) -> None:
        self.heard: list[str] = []
        self._but = frozenset(but)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.heard.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        # An answer of 400 and above is heard as an answer, with its address.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.heard.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        # A download is a navigation that ends as one.
        if request.failure != "net::ERR_ABORTED":
            self.heard.append(f"failed: {request.method} {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self._but:
            self.heard.append(f"{response.status}: {response.request.method} {response.url}")


async def log_in(page: Page, platform: Platform, name: str, password: str) -> None:
    """Log in as somebody at a keyboard does."""
    await page.goto(f"{platform.dip.portal_url}/login")
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password").fill(password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: "/login" not in url)


async def choose_password(page: Page, old: str, new: str = OWN_PASSWORD) -> None:
    """Fill in the page that somebody meets whose password others know; they are at their account then."""
    await page.get_by_label("Present password").fill(old)
    await page.get_by_label("New password", exact=True).fill(new)
    await page.get_by_label("The new one again").fill(new)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/account"))
    await page.get_by_text("Your password is changed").wait_for()


async def log_in_first(page: Page, platform: Platform) -> None:
    """The first log-in of the first administrator, whose password is `OWN_PASSWORD` from then on."""
    password = (platform.dip.directory / "admin.password").read_text(encoding="utf-8").split()[-1]
    await log_in(page, platform, "admin", password)
    await choose_password(page, password)


async def keep_picture(page: Page, name: str, width: int, scheme: str) -> Path:
    """Keep a picture of the whole page; where it lies."""
    path = SCREENSHOTS / f"{name}-{width}-{scheme}.png"
    await page.screenshot(path=path, full_page=True)
    return path
