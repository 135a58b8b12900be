"""A running server describes itself: every route, in both profiles, to anybody, without the network."""

import dataclasses
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from dip.http.description.details import DETAILS
from dip.http.description.routes import routes_of
from dip.http.portal.guard import API
from tests.conftest import Serve
from tests.support.platform import Platform

DOCUMENTS = ("/openapi.json", "/asyncapi.json")
METHODS = {"get", "put", "post", "delete", "options", "patch"}


@asynccontextmanager
async def visiting(platform: Platform) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody without a log-in."""
    async with aiohttp.ClientSession(platform.dip.portal_url, auto_decompress=False) as session:
        yield session


async def document(platform: Platform, path: str) -> dict[str, Any]:
    plainly = {"Accept-Encoding": "identity"}
    async with visiting(platform) as session, session.get(path, headers=plainly) as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        found: dict[str, Any] = await answer.json()
        return found


def calls(described: dict[str, Any]) -> Iterator[tuple[bool, str, str]]:
    """Whether it is the API port's, method and address of every operation, with something for each parameter."""
    for path, held in described["paths"].items():
        for method in METHODS & held.keys():
            yield "servers" in held, method.upper(), re.sub(r"\{\w+\}", "dip.css", path)


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-44")
async def test_every_route_is_described_and_every_description_is_a_route(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        described = await document(platform, "/openapi.json")
        api, portal = platform.dip.applications
        reached: set[web.AbstractRoute] = set()
        for is_api, method, address in calls(described):
            router = (api if is_api else portal).router
            match = await router.resolve(make_mocked_request(method, address))
            assert match.http_exception is None, (method, address)
            reached.add(match.route)
        routes = [*api.router.routes(), *portal.router.routes()]
        missing = [str(route) for route in routes if route.method != "HEAD" and route not in reached]
        assert not missing


async def test_every_call_of_the_administration_api_is_described_in_full_and_nothing_else_is(serve: Serve) -> None:
    async with serve() as platform:
        routes = {route.key for route in routes_of(platform.dip.applications[1])}
        assert {key for key in routes if f" {API}/" in key} - DETAILS.keys() == set()
        assert DETAILS.keys() - routes == set()


@pytest.mark.parametrize("path", [*DOCUMENTS, "/docs"])
async def test_nobody_needs_a_log_in_for_the_description(serve: Serve, path: str) -> None:
    async with serve() as platform, visiting(platform) as session, session.get(path) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_document_is_packed_for_who_asks_and_not_sent_again_unchanged(serve: Serve, path: str) -> None:
    async with serve() as platform, visiting(platform) as session:
        async with session.get(path, headers={"Accept-Encoding": "identity"}) as answer:
            plain, tag = await answer.read(), answer.headers["ETag"]
            assert "Content-Encoding" not in answer.headers
        async with session.get(path, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert len(await answer.read()) * 5 < len(plain)
        async with session.get(path, headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")


async def test_a_document_follows_the_catalogue(serve: Serve) -> None:
    async with serve() as platform:
        before = [await document(platform, path) for path in DOCUMENTS]
        known = platform.dip.registry.value
        left = {name: channel for name, channel in known.channels.items() if name != "IF-031"}
        platform.dip.registry.value = dataclasses.replace(known, channels=left)
        after = [await document(platform, path) for path in DOCUMENTS]
        assert "/dip-channel/IF-031" in before[0]["paths"] and "IF-031" in before[1]["channels"]
        assert "/dip-channel/IF-031" not in after[0]["paths"] and "IF-031" not in after[1]["channels"]


async def test_the_document_names_the_address_that_participants_call(serve: Serve) -> None:
    async with serve() as platform:
        described = await document(platform, "/openapi.json")
        assert described["paths"]["/dip-channel/IF-031"]["servers"][0]["url"] == platform.dip.api_url
    async with serve("other", public_url="https://gateway.example/dip") as platform:
        described = await document(platform, "/openapi.json")
        assert described["paths"]["/dip-channel/IF-031"]["servers"][0]["url"] == "https://gateway.example/dip"


@pytest.mark.requirement("FS-44")
async def test_the_page_that_shows_it_is_served_from_the_machine_itself(serve: Serve) -> None:
    async with serve() as platform, visiting(platform) as session:
        async with session.get("/docs") as answer:
            text, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        assert "'unsafe-inline'" not in policy.partition("style-src")[0] and "default-src 'self'" in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert all(address.startswith(("/", "#")) for address in re.findall(r'(?:src|href)="([^"]+)"', text))
        loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        assert any("swagger-ui-bundle.js" in address for address in loaded)
        for address in loaded:
            async with session.get(address) as answer:
                assert answer.status == 200, address
        async with session.get("/static/swagger-ui/initializer.js") as answer:
            assert '"/openapi.json"' in await answer.text()


async def test_the_portal_leads_to_the_page(serve: Serve) -> None:
    async with serve() as platform, visiting(platform) as session, session.get("/login") as answer:
        assert 'href="/docs"' in await answer.text()
