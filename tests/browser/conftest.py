"""Servers to look at, with somebody who is logged in: one for all tests of a module that a worker runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext

from tests.browser.office import Office, an_office
from tests.browser.world import World, a_world
from tests.support.browser import browsing, log_in_first


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(laid_out: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A server on which something of everything has happened."""
    async with a_world(laid_out, tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def administrator(world: World) -> AsyncIterator[BrowserContext]:
    """The browser of the world's first administrator."""
    async with browsing() as browser:
        context = await browser.new_context()
        page = await context.new_page()
        await log_in_first(page, world.platform)
        await page.close()
        yield context


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(laid_out: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A server on which nothing has happened yet, and its first administrator."""
    async with an_office(laid_out, tmp_path_factory.mktemp("office")) as made:
        yield made
