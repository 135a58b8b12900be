"""The administration API, reading: messages, queues, look-ups by MPAN."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from dip.ground.errors import NotFound
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.message_verdicts import judged
from dip.http.portal.mpan_desk import MpanDesk, question_of
from dip.http.portal.open_doors import json_response
from dip.http.portal.pages import Digester
from dip.http.portal.searches import page_of, read_search
from dip.store.page_records import PAGE_LIMIT
from dip.store.pages import SqlitePages

Endpoints = Callable[[], list[dict[str, Any]]]
"""How each endpoint of the deliveries stands."""


class Administration:
    """Handlers of `/admin/api`; lists are `{"items": […], "next": key or null}`."""

    def __init__(
        self,
        *,
        pages: SqlitePages,
        vault: Digester,
        mpans: MpanDesk,
        endpoints: Endpoints,
    ) -> None:
        self._pages = pages
        self._vault = vault
        self._mpans = mpans
        self._endpoints = endpoints

    def routes(self) -> list[web.RouteDef]:
        """The calls."""
        return [
            web.get(f"{API}/messages", self.messages),
            web.get(f"{API}/messages/{{transaction_id}}", self.message),
            web.get(f"{API}/queues", self.queues),
            web.get(f"{API}/mpans/{{mpan}}", self.mpan),
        ]

    async def messages(self, request: web.Request) -> web.Response:
        """Messages, newest first; the filters of the page."""
        search, parties = read_search(request.query, limit=PAGE_LIMIT), present_visitor(request).dip_ids
        rows, following = page_of(await self._pages.messages(search.filter(self._vault.digest, parties)), search)
        return json_response({"items": rows, "next": following})

    async def message(self, request: web.Request) -> web.Response:
        """Everything known of one message, without its payload; and whose fault it most likely is where it failed."""
        found = await self._pages.message(request.match_info["transaction_id"], present_visitor(request).dip_ids)
        if found is None:
            raise NotFound("No message has this transaction id.")
        return json_response(judged(found))

    async def queues(self, request: web.Request) -> web.Response:
        """The queues in which something waits, and how the endpoints stand."""
        visitor = present_visitor(request)
        queues = await self._pages.queues(visitor.dip_ids)
        endpoints = [one for one in self._endpoints() if visitor.sees(one["recipient"])]
        return json_response({"items": queues, "next": None, "endpoints": endpoints})

    async def mpan(self, request: web.Request) -> web.Response:
        """Who gets messages about an MPAN, and why: the rule, the row used, the near misses.

        `known_at`: as the appointments were thought to be then.
        """
        question = question_of(request.match_info["mpan"], request.query)
        return json_response((await self._mpans.answer(question, present_visitor(request))).view)
