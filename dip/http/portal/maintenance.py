"""The published maintenance of channels (5.13.5): on every page, and for programs without a log-in."""

from collections.abc import Sequence

from aiohttp import web

from dip.catalogue.pauses import Pauses
from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.http.portal.open_doors import json_response
from dip.http.portal.views import PauseView, pause_in_list


class Maintenance:
    """What is paused now, or will be."""

    def __init__(self, *, pauses: Pauses, registry: Current[Registry], clock: Clock) -> None:
        self._pauses = pauses
        self._registry = registry
        self._clock = clock

    def published(self) -> Sequence[PauseView]:
        """Every pause under way or announced, the next first."""
        registry, now = self._registry.value, self._clock.now()
        return [pause_in_list(pause, registry, now) for pause in self._pauses.published()]

    def of(self, channel: str) -> PauseView | None:
        """A channel's pause, under way or announced."""
        return next((pause for pause in self.published() if pause.channel == channel), None)

    async def listed(self, request: web.Request) -> web.Response:
        """GET /maintenance.json."""
        return json_response({"items": self.published(), "next": None})
