"""The world that the tests ask about: one for all tests of a module, for it takes a while to come about."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import check_references
from tests.integration.scope.world import QUIET, World, world
from tests.support.platform import copied, platform


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def others(laid_out: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A running platform with the affairs of others."""
    directory = tmp_path_factory.mktemp("others")
    target = copied(laid_out, directory / "state")
    async with platform(target, **QUIET) as running, world(running, directory) as made:
        yield made
    check_references(target)
