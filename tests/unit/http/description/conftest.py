"""Documents of the shipped catalogue, made without a server."""

from typing import Any, Literal

import pytest

from dip.channels.registry import Registry, load
from dip.ground.assets import asset
from dip.ground.settings import Settings
from dip.http.description.asyncapi import asyncapi
from dip.http.description.openapi import openapi
from dip.http.description.routes import Route

API_URL = "https://dip.example:8443/gateway"
API_ROUTES = (
    Route("POST", "/dip-channel/{channel_id}", "An array of messages for the channel of the address."),
    Route("POST", "/dip-channel", "An array of messages for several channels."),
    Route("POST", "/dip-channel/{channel_id}/pubconfig/{recipient_id}", "Set a webhook."),
    Route("DELETE", "/dip-channel/{channel_id}/pubconfig/{recipient_id}", "Remove it."),
    Route("POST", "/statusmessage/config/{recipient_id}", "Set a webhook."),
    Route("POST", "/validate/{channel_id}/{event}", "Whether a message has the form."),
    Route("GET", "/to/be/added/{name}", "Does something new. In more words."),
)
PORTAL_ROUTES = (
    Route("GET", "/healthz", "That it serves, and as what."),
    Route("GET", "/admin/api/messages", "Messages, newest first; the filters of the page."),
    Route("PUT", "/admin/api/things/{name}", "Change a thing."),
    Route("GET", "/messages", "The last messages."),
    Route("POST", "/login", "Begin a session."),
)
Made = tuple[Registry, dict[str, Any], dict[str, Any]]


@pytest.fixture(scope="session", params=["spec", "live"])
def made(request: pytest.FixtureRequest) -> Made:
    """The catalogue of a profile, its OpenAPI document and its AsyncAPI document."""
    profile: Literal["spec", "live"] = request.param
    settings = Settings(profile=profile)
    registry = load(asset("channels"), specification_items=settings.switches.specification_items)
    described = openapi(registry, settings, api_url=API_URL, api_routes=API_ROUTES, portal_routes=PORTAL_ROUTES)
    return registry, described, asyncapi(registry, settings, api_url=API_URL)


@pytest.fixture(scope="session")
def registry(made: Made) -> Registry:
    """The catalogue of the profile."""
    return made[0]


@pytest.fixture(scope="session")
def described(made: Made) -> dict[str, Any]:
    """The OpenAPI document of the profile."""
    return made[1]


@pytest.fixture(scope="session")
def channels(made: Made) -> dict[str, Any]:
    """The AsyncAPI document of the profile."""
    return made[2]
