"""The administration API, reading: messages, queues, look-ups by MPAN."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.guard import present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.pages import Digester
from dip.http.portal.powers import Visitor
from dip.http.portal.searches import check_mpan, page_of, read_search
from dip.participants.registry import Participants
from dip.store.page_records import PAGE_LIMIT
from dip.store.pages import SqlitePages

LookUp = Callable[[str, str | None, datetime | None], dict[str, Any]]
"""Who gets a message about an MPAN, on a channel, at a moment of business time."""
Endpoints = Callable[[], list[dict[str, Any]]]
"""How each endpoint of the deliveries stands."""


class Administration:
    """Handlers of `/admin/api`; lists are `{"items": […], "next": key or null}`."""

    def __init__(
        self,
        *,
        pages: SqlitePages,
        registry: Current[Registry],
        participants: Current[Participants],
        vault: Digester,
        look_up: LookUp,
        clock: Clock,
        endpoints: Endpoints,
    ) -> None:
        self._pages = pages
        self._registry = registry
        self._participants = participants
        self._vault = vault
        self._look_up = look_up
        self._clock = clock
        self._endpoints = endpoints

    async def messages(self, request: web.Request) -> web.Response:
        """Messages, newest first; the filters of the page."""
        search, parties = read_search(request.query, limit=PAGE_LIMIT), present_visitor(request).dip_ids
        rows, following = page_of(await self._pages.messages(search.filter(self._vault.digest, parties)), search)
        return json_response({"items": rows, "next": following})

    async def message(self, request: web.Request) -> web.Response:
        """Everything known of one message, without its payload."""
        found = await self._pages.message(request.match_info["transaction_id"], present_visitor(request).dip_ids)
        if found is None:
            raise NotFound("No message has this transaction id.")
        return json_response(found)

    async def queues(self, request: web.Request) -> web.Response:
        """The queues in which something waits, and how the endpoints stand."""
        visitor = present_visitor(request)
        queues = await self._pages.queues(visitor.dip_ids)
        endpoints = [one for one in self._endpoints() if visitor.sees(one["recipient"])]
        return json_response({"items": queues, "next": None, "endpoints": endpoints})

    async def mpan(self, request: web.Request) -> web.Response:
        """Who gets messages about an MPAN, and why."""
        mpan = check_mpan(request.match_info["mpan"])
        channel = request.query.get("channel") or None
        if channel is not None and self._registry.value.find(channel) is None:
            raise BadRequest("channel names no channel of this server; GET /admin/api/channels lists them.")
        found = self._look_up(mpan, channel, _moment(request.query.get("at", "")))
        visitor = present_visitor(request)
        if visitor.dip_ids is not None and not self._is_responsible(visitor, found["appointments"]):
            raise NotFound("No participant of yours is appointed for this MPAN.")
        return json_response(found)

    def _is_responsible(self, visitor: Visitor, appointments: list[dict[str, Any]]) -> bool:
        """Whether a participant of the visitor's holds an appointment, or is about to; not one that is over (FS-50)."""
        now = self._clock.now()
        return any(
            visitor.sees(one["dipId"])
            and (one["effectiveTo"] is None or datetime.fromisoformat(one["effectiveTo"]) > now)
            for one in appointments
        )


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        # A plus sign that was not escaped reaches us as a space.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadRequest("at is a time with an offset, such as 2026-03-21T00:00:00+00:00.")
    return found
