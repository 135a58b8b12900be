"""The shipped catalogue, its dictionary and its flows."""

import pytest

from dip.channels.flows import Flows, load_flows
from dip.channels.registry import Registry, load
from dip.ground.assets import asset
from dip.http.portal.data.dictionary import Dictionary


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load(asset("channels"), specification_items=True)


@pytest.fixture(scope="session")
def dictionary(registry: Registry) -> Dictionary:
    return Dictionary(registry)


@pytest.fixture(scope="session")
def flows(registry: Registry) -> Flows:
    return load_flows(asset("channels"), registry)
