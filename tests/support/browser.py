"""A browser for tests: Debian's chromium, without scripts."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright


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
