"""The first page of the portal, its live updates, and the same as JSON (5.11, FS-50 to FS-52, FS-56)."""

from typing import Final

from aiohttp import web

from dip.http.portal.dashboard.blocks import BLOCKS
from dip.http.portal.dashboard.boards import Boards
from dip.http.portal.dashboard.live import LiveBoards
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer

_WITHOUT_SCRIPTS_S: Final = 10
"""How often the page loads itself again where it can't be kept up to date."""


class DashboardPages:
    """Handlers of `/`, `/dashboard/events` and `/admin/api/dashboard`."""

    def __init__(self, *, boards: Boards, live: LiveBoards, renderer: Renderer) -> None:
        self._boards = boards
        self._live = live
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Call, page and stream."""
        return [
            web.get("/", self.page),
            # Who only asks for the head would be sent a stream that it can't read.
            web.get("/dashboard/events", self.events, allow_head=False),
            web.get(f"{API}/dashboard", self.snapshot),
        ]

    async def close(self, _: web.Application) -> None:
        """End what goes on, when the server stops."""
        self._live.close()

    async def page(self, request: web.Request) -> web.Response:
        """How the server does at this moment; `wall=1` for a screen that one looks at from across the room."""
        board = await self._boards.now(present_visitor(request))
        values = {
            "blocks": board.blocks,
            "headings": BLOCKS,
            "again_s": _WITHOUT_SCRIPTS_S,
        }
        is_wall = request.query.get("wall") == "1"
        return self._renderer.page(request, "dashboard/wall.html" if is_wall else "dashboard/page.html", values)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The blocks of the dashboard that changed, as server-sent events, for the page alone."""
        return await self._live.stream(request)

    async def snapshot(self, request: web.Request) -> web.Response:
        """How the server does at this moment.

        Messages by minute, latency, queues, failures, balance, alarms, certificates about to expire, maintenance,
        clock. Totals are everybody's; queues, failures, alarms and certificates are those that the visitor may see.
        """
        return json_response((await self._boards.now(present_visitor(request))).dashboard)
