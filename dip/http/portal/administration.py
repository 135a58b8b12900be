"""The administration API, reading: messages, queues, participants, look-ups by MPAN."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.open_doors import json_response
from dip.http.portal.pages import Digester
from dip.http.portal.searches import check_mpan, page_of, read_search
from dip.http.portal.views import participant_in_full, participant_in_list
from dip.messages.identifiers import DipId
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
        endpoints: Endpoints,
    ) -> None:
        self._pages = pages
        self._registry = registry
        self._participants = participants
        self._vault = vault
        self._look_up = look_up
        self._endpoints = endpoints

    async def messages(self, request: web.Request) -> web.Response:
        """Messages, newest first; the filters of the page."""
        search = read_search(request.query, limit=PAGE_LIMIT)
        rows, following = page_of(await self._pages.messages(search.filter(self._vault.digest)), search)
        return json_response({"items": rows, "next": following})

    async def message(self, request: web.Request) -> web.Response:
        """Everything known of one message, without its payload."""
        found = await self._pages.message(request.match_info["transaction_id"])
        if found is None:
            raise NotFound("No message has this transaction id.")
        return json_response(found)

    async def queues(self, request: web.Request) -> web.Response:
        """The queues in which something waits, and how the endpoints stand."""
        queues = await self._pages.queues()
        return json_response({"items": queues, "next": None, "endpoints": self._endpoints()})

    async def participants(self, request: web.Request) -> web.Response:
        """Every participant."""
        known = sorted(self._participants.value, key=lambda one: one.dip_id)
        return json_response({"items": [participant_in_list(one) for one in known], "next": None})

    async def participant(self, request: web.Request) -> web.Response:
        """One participant with its certificates."""
        participants = self._participants.value
        found = participants.get(DipId(request.match_info["dip_id"]))
        if found is None:
            raise NotFound("No participant has this DIP id.")
        return json_response(participant_in_full(found, participants))

    async def mpan(self, request: web.Request) -> web.Response:
        """Who gets messages about an MPAN, and why."""
        mpan = check_mpan(request.match_info["mpan"])
        channel = request.query.get("channel") or None
        if channel is not None and self._registry.value.find(channel) is None:
            raise BadRequest("channel names no channel of this server; GET /admin/api/channels lists them.")
        return json_response(self._look_up(mpan, channel, _moment(request.query.get("at", ""))))


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
