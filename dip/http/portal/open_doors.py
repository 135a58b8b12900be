"""What anybody may ask without a log-in: whether it lives, its figures, its channels in short."""

from typing import Any

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from dip import __version__
from dip.channels.channel import Channel
from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.settings import Settings


class OpenDoors:
    """Handlers of `/healthz`, `/metrics` and `/catalogue.json`."""

    def __init__(self, *, settings: Settings, registry: Current[Registry], metrics: CollectorRegistry) -> None:
        self._settings = settings
        self._registry = registry
        self._metrics = metrics

    def routes(self) -> list[web.RouteDef]:
        """What is open."""
        return [
            web.get("/healthz", self.health),
            web.get("/metrics", self.metrics),
            web.get("/catalogue.json", self.catalogue),
        ]

    async def health(self, request: web.Request) -> web.Response:
        """That it serves, and as what."""
        return json_response(
            {
                "status": "ok",
                "profile": self._settings.profile,
                "environment": self._settings.environment,
                "version": __version__,
            }
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """The figures, as Prometheus reads them."""
        return web.Response(body=generate_latest(self._metrics), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def catalogue(self, request: web.Request) -> web.Response:
        """What a client needs to know of each channel."""
        channels = self._registry.value.channels
        return json_response({id_: _in_short(channel) for id_, channel in sorted(channels.items())})


def json_response(content: Any, status: int = 200) -> web.Response:
    """Anything that msgspec can write, as JSON."""
    return web.Response(status=status, body=msgspec.json.encode(content), content_type="application/json")


def _in_short(channel: Channel) -> dict[str, Any]:
    return {
        "name": channel.name,
        "encrypted": channel.encrypted,
        "category": channel.category,
        "senders": sorted(channel.senders),
        "recipients": sorted(channel.recipients),
        "events": sorted(channel.events),
    }
