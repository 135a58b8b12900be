"""The pages: the last messages, and one message with its path (5.11.3, figures 16 to 19)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlencode

from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest, NotFound
from dip.ground.settings import Settings
from dip.http.portal.audit_strip import Limits, strip_of
from dip.http.portal.guard import present_visitor
from dip.http.portal.message_addressing import AddressingAgain, asked_for
from dip.http.portal.message_content import may_see_content, views_for
from dip.http.portal.navigation import allows
from dip.http.portal.paths import path_of
from dip.http.portal.renderer import Renderer
from dip.http.portal.searches import as_typed, page_of, read_search
from dip.messages.identifiers import DipId
from dip.messages.timestamps import day_or_time
from dip.participants.registry import Participants
from dip.reporting.verdicts import verdicts_of
from dip.store.pages import SqlitePages

_ON_A_PAGE: Final = 50
_WATCH_SECONDS: Final = 5


_DRAWN: Final = frozenset({"correlation", "mpan", "transaction"})


class Digester(Protocol):
    """Makes the digest under which an MPAN is kept."""

    def digest(self, value: str) -> bytes:
        """Sixteen bytes that stand for the value."""


def _drawn(conditions: Mapping[str, str]) -> dict[str, str]:
    """The conditions of a search as a diagram takes them; none where it would show something else."""
    return dict(conditions) if conditions.keys() <= _DRAWN else {}


class Pages:
    """Handlers of the pages about messages."""

    def __init__(
        self,
        *,
        pages: SqlitePages,
        registry: Current[Registry],
        participants: Current[Participants],
        vault: Digester,
        addressing: AddressingAgain,
        settings: Settings,
        renderer: Renderer,
    ) -> None:
        self._limits = Limits(timedelta(seconds=settings.audit_soon_s), timedelta(seconds=settings.audit_latest_s))
        self._pages = pages
        self._registry = registry
        self._participants = participants
        self._vault = vault
        self._addressing = addressing
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The pages."""
        return [
            web.get("/messages", self.messages),
            web.get("/messages/{transaction_id}", self.message),
        ]

    async def messages(self, request: web.Request) -> web.Response:
        """The last messages, or those that fit a search, newest first."""
        fault, visitor = None, present_visitor(request)
        try:
            search = read_search(request.query, limit=_ON_A_PAGE)
            rows, following = page_of(
                await self._pages.messages(search.filter(self._vault.digest, visitor.dip_ids)), search
            )
        except BadRequest as error:
            fault, rows, following = error.message, [], None
            search = as_typed(request.query)
        conditions = search.conditions()
        watched = request.query.get("watch") == "1" and search.before is None and fault is None
        registry, participants = self._registry.value, self._participants.value
        response = self._renderer.page(
            request,
            "messages.html",
            {
                "rows": rows,
                "search": search,
                "searching": bool(conditions),
                "fault": fault,
                "older": f"/messages?{urlencode({**conditions, 'next': following})}" if following else None,
                "newest": f"/messages?{urlencode(conditions)}" if search.before else None,
                "diagram": f"/diagrams?{urlencode(drawn)}" if (drawn := _drawn(conditions)) else None,
                "watched": watched,
                "watch": f"/messages?{urlencode({**conditions, **({} if watched else {'watch': 1})})}",
                "watch_seconds": _WATCH_SECONDS,
                "channels": sorted(registry.channels.values(), key=lambda channel: channel.id),
                "senders": sorted(
                    (one for one in participants if visitor.sees(one.dip_id)), key=lambda one: one.dip_id
                ),
                "channel_name": self._channel_name,
                "name_of": self._name_of,
            },
            status=400 if fault else 200,
        )
        if watched:
            response.headers["Refresh"] = str(_WATCH_SECONDS)
        return response

    async def message(self, request: web.Request) -> web.Response:
        """One message with its path, or 404."""
        visitor = present_visitor(request)
        found = await self._pages.message(request.match_info["transaction_id"], visitor.dip_ids)
        if found is None:
            raise NotFound("No message has this transaction id. Search for it by another of its marks.")
        registry = self._registry.value
        # Whom the MPAN table names beside the recipients is for the DIP's own people.
        sees_mpans = visitor.dip_ids is None and allows(visitor, "GET /mpans/{mpan}")
        way = path_of(found)
        whole, views = views_for(found, visitor)
        return self._renderer.page(
            request,
            "message.html",
            {
                "message": found,
                "addressed": await self._addressing.of(found, visitor) if sees_mpans else None,
                "asked_for": asked_for,
                "in_words": lambda text: day_or_time(datetime.fromisoformat(text)),
                "path_of_message": way,
                "strip": strip_of(found, way, self._limits),
                "verdicts": verdicts_of(found),
                "sees_content": may_see_content(visitor) and (whole or bool(views)),
                "channel_name": self._channel_name,
                "event_meaning": self._event_meaning(found.interface, found.event),
                "name_of": self._name_of,
                "holder_of": self._holder_of,
                "response_codes": registry.response_codes,
            },
        )

    def _channel_name(self, interface: str) -> str:
        channel = self._registry.value.find(interface)
        return channel.name if channel is not None else ""

    def _event_meaning(self, interface: str, code: str) -> str:
        channel = self._registry.value.find(interface)
        events = channel.events.items() if channel is not None else ()
        return next((event.meaning for known, event in events if known == code), "")

    def _name_of(self, dip_id: str) -> str:
        participant = self._participants.value.get(DipId(dip_id))
        return participant.name if participant is not None else ""

    def _holder_of(self, fingerprint: str) -> str:
        return self._participants.value.holder_of(fingerprint) or "nobody known"
