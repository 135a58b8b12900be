"""Hands out the documents: made once for each state of the catalogue, packed, with an entity tag."""

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.http.description.asyncapi import asyncapi
from dip.http.description.openapi import openapi
from dip.http.description.routes import routes_of
from dip.http.portal.renderer import Renderer

_JSON: Final = "application/json"
_PACKING: Final = 6
PAGE_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
"""The packaged page sets styles of its own and draws its icons from data addresses; no script but our files' runs."""


class _Written(NamedTuple):
    registry: Registry
    plain: bytes
    packed: bytes
    tag: str


class _Document:
    """One document, as long as the catalogue stays the same."""

    def __init__(self, registry: Current[Registry], make: Callable[[Registry], dict[str, Any]]) -> None:
        self._registry = registry
        self._make = make
        self._written: _Written | None = None
        self._writing = asyncio.Lock()

    async def written(self) -> _Written:
        """The document of the present catalogue; a new one is made off the event loop, by one caller for all."""
        async with self._writing:
            registry = self._registry.value
            if self._written is None or self._written.registry is not registry:
                self._written = await asyncio.to_thread(self._write, registry)
            return self._written

    def _write(self, registry: Registry) -> _Written:
        plain = msgspec.json.encode(self._make(registry))
        tag = hashlib.sha256(plain).hexdigest()[:32]
        return _Written(registry, plain, gzip.compress(plain, _PACKING, mtime=0), tag)


class Documents:
    """Handlers of `/openapi.json`, `/asyncapi.json` and `/docs`.

    api_url: where participants reach the API. The two applications are read when a document is asked for. offered: in
    whose name a visitor may try that API out, for the page's script; None: in nobody's.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        registry: Current[Registry],
        renderer: Renderer,
        api_url: str,
        api: web.Application,
        portal: web.Application,
        offered: Callable[[web.Request], Awaitable[dict[str, Any] | None]],
    ) -> None:
        self._renderer = renderer
        self._api_url = api_url
        self._offered = offered
        self._openapi = _Document(
            registry,
            lambda snapshot: openapi(
                snapshot, settings, api_url=api_url, api_routes=routes_of(api), portal_routes=routes_of(portal)
            ),
        )
        self._asyncapi = _Document(registry, lambda snapshot: asyncapi(snapshot, settings, api_url=api_url))

    def routes(self) -> list[web.RouteDef]:
        """The documents and their page."""
        return [
            web.get("/openapi.json", self.openapi),
            web.get("/asyncapi.json", self.asyncapi),
            web.get("/docs", self.page),
        ]

    async def openapi(self, request: web.Request) -> web.Response:
        """The OpenAPI 3.0 document of the whole HTTP interface."""
        return _answer(request, await self._openapi.written())

    async def asyncapi(self, request: web.Request) -> web.Response:
        """The AsyncAPI 3.0 document of the message channels."""
        return _answer(request, await self._asyncapi.written())

    async def page(self, request: web.Request) -> web.Response:
        """The OpenAPI document as a page to read and to try out."""
        offered = await self._offered(request)
        trying = None if offered is None else msgspec.json.encode({"api": self._api_url, **offered}).decode()
        response = self._renderer.page(request, "docs.html", {"trying": trying})
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response


def _answer(request: web.Request, document: _Written) -> web.Response:
    headers = {"ETag": f'"{document.tag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if document.tag in {tag.value for tag in request.if_none_match or ()}:
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=document.packed, content_type=_JSON, headers=headers)
    return web.Response(body=document.plain, content_type=_JSON, headers=headers)
