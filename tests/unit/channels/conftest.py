from pathlib import Path

import pytest

from dip.channels.registry import Registry, load, read
from dip.ground.assets import asset


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The shipped catalogue in the spec profile."""
    return load(asset("channels"), specification_items=True)


@pytest.fixture(scope="session")
def live_registry() -> Registry:
    """The shipped catalogue in the live profile."""
    return load(asset("channels"), specification_items=False)


@pytest.fixture
def texts() -> dict[str, str]:
    """The texts of the shipped catalogue, to be changed by a test."""
    return read(Path(asset("channels")))
