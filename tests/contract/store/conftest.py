"""A store of each kind, open and empty."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dip.store.protocol import MessageStore
from tests.contract.store.opened import STORES, Opened, StoreFactory

pytest.register_assert_rewrite("tests.contract.store.queue_bench")


@pytest.fixture(params=sorted(STORES))
def factory(request: pytest.FixtureRequest) -> StoreFactory:
    """Opens a store of one kind over a directory."""
    return STORES[request.param]


@pytest.fixture
async def opened(factory: StoreFactory, tmp_path: Path) -> AsyncIterator[Opened]:
    """An empty store."""
    async with factory(tmp_path) as made:
        yield made


@pytest.fixture
def store(opened: Opened) -> MessageStore:
    """The messages of an empty store."""
    return opened.messages
