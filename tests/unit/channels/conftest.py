from pathlib import Path

import pytest

from dip.channels.registry import Registry, load, read
from dip.ground.assets import asset

_KEPT = ("interfaces/IF-031.yaml", "interfaces/IF-041.yaml")


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
    """The texts of the shipped catalogue with two of its channels, to be changed by a test."""
    everything = read(Path(asset("channels")))
    return {name: text for name, text in everything.items() if not name.startswith("interfaces/") or name in _KEPT}
