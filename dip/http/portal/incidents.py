"""Incidents: calls of the administration API (7.3, 7.4)."""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.incident_views import author_of, line, view
from dip.http.portal.open_doors import json_response
from dip.http.portal.searches import read_search
from dip.reporting.incidents.incidents import Incidents
from dip.reporting.incidents.orders import (
    Author,
    Confirmation,
    IncidentChange,
    NewContact,
    NewIncident,
    NewReview,
    Resolution,
)
from dip.store.incidents import Incident
from dip.store.page_records import PAGE_LIMIT

_ALL: Final = f"{API}/incidents"
_ONE: Final = f"{_ALL}/{{number}}"
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_CLOSED: Final = {"": None, "unfinished": False, "closed": True}
_QUEUES: Final = {"": False, "escalation": True}
_PRIORITIES: Final = {"": None, **{str(number): number for number in range(1, 5)}}


class IncidentQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents a list shows. escalation: those that are escalated, or later than their target."""

    is_closed: bool | None
    priority: int | None
    escalation: bool
    before: int | None
    limit: int


class IncidentDesk:
    """Handlers of `/admin/api/incidents`."""

    def __init__(self, *, incidents: Incidents, clock: Clock) -> None:
        self._incidents = incidents
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """The calls."""
        return [
            web.get(_ALL, self.listed),
            web.post(_ALL, self.open),
            web.get(_ONE, self.one),
            web.patch(_ONE, self.change),
            web.get(f"{_ONE}/history", self.history),
            web.post(f"{_ONE}/contacts", self.contact),
            web.post(f"{_ONE}/resolve", self.resolve),
            web.post(f"{_ONE}/confirm", self.confirm),
            web.post(f"{_ONE}/review", self.review),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """Incidents of one's own company and those that are published, or all; newest first."""
        author, now = author_of(present_visitor(request)), self._clock.now()
        query = query_of(request, limit=PAGE_LIMIT)
        shown, following = await found(self._incidents, author, query)
        return json_response({"items": [line(one, author, now) for one in shown], "next": following})

    async def open(self, request: web.Request) -> web.Response:
        """Raise an incident. Its priority follows from impact and urgency."""
        author = author_of(present_visitor(request))
        made = await self._incidents.open(author, await order_of(request, NewIncident))
        return await self._shown(author, made, _CREATED)

    async def one(self, request: web.Request) -> web.Response:
        """An incident; of a published one that is not one's own, what everybody may read."""
        author = author_of(present_visitor(request))
        return await self._shown(author, self._incidents.one(author, number_of(request)))

    async def change(self, request: web.Request) -> web.Response:
        """Give it an owner or escalate it, change impact, urgency, channels, cause, notice; relate it to others."""
        author = author_of(present_visitor(request))
        change = await order_of(request, IncidentChange)
        return await self._shown(author, await self._incidents.change(author, number_of(request), change))

    async def history(self, request: web.Request) -> web.Response:
        """Every change and every contact, newest first."""
        author = author_of(present_visitor(request))
        asked = read_search({name: request.query.get(name, "") for name in ("next", "limit")}, limit=PAGE_LIMIT)
        entries = await self._incidents.history(author, number_of(request), before=asked.before, limit=asked.limit + 1)
        shown = entries[: asked.limit]
        return json_response({"items": shown, "next": shown[-1].number if len(entries) > len(shown) else None})

    async def contact(self, request: web.Request) -> web.Response:
        """Keep a contact about it; what a company's user writes is kept as written by the page."""
        author = author_of(present_visitor(request))
        await self._incidents.contact(author, number_of(request), await order_of(request, NewContact))
        return web.Response(status=_NO_CONTENT)

    async def resolve(self, request: web.Request) -> web.Response:
        """Say that the service is restored; who raised it is asked to confirm."""
        author = author_of(present_visitor(request))
        order = await order_of(request, Resolution)
        return await self._shown(author, await self._incidents.resolve(author, number_of(request), order))

    async def confirm(self, request: web.Request) -> web.Response:
        """Confirm, as the one who raised it, that it is resolved, which closes it; or deny it."""
        author = author_of(present_visitor(request))
        order = await order_of(request, Confirmation)
        return await self._shown(author, await self._incidents.confirm(author, number_of(request), order))

    async def review(self, request: web.Request) -> web.Response:
        """Keep its post-incident review; a major incident is not closed without."""
        author = author_of(present_visitor(request))
        order = await order_of(request, NewReview)
        return await self._shown(author, await self._incidents.review(author, number_of(request), order))

    async def _shown(self, author: Author, incident: Incident, status: int = 200) -> web.Response:
        related = await self._incidents.related(author, incident.id) if author.sees(incident) else ()
        return json_response(view(incident, author, self._clock.now(), related), status)


def number_of(request: web.Request) -> int:
    """The number of an incident in an address. Raises NotFound."""
    text = request.match_info["number"]
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotFound("No incident of yours has this number.")
    return int(text)


def query_of(request: web.Request, *, limit: int) -> IncidentQuery:
    """Which incidents somebody asks for. Raises BadRequest."""
    asked = read_search({name: request.query.get(name, "") for name in ("next", "limit")}, limit=limit)
    state, queue, priority = (request.query.get(name, "") for name in ("state", "queue", "priority"))
    if state not in _CLOSED or queue not in _QUEUES or priority not in _PRIORITIES:
        raise BadRequest("state is unfinished or closed, queue is escalation, priority is 1 to 4.")
    return IncidentQuery(
        is_closed=_CLOSED[state],
        priority=_PRIORITIES[priority],
        escalation=_QUEUES[queue],
        before=asked.before,
        limit=asked.limit,
    )


async def found(incidents: Incidents, author: Author, query: IncidentQuery) -> tuple[Sequence[Incident], int | None]:
    """A page of incidents, and the key of the next."""
    rows = await incidents.listed(
        author,
        is_closed=query.is_closed,
        priority=query.priority,
        escalation=query.escalation,
        before=query.before,
        limit=query.limit + 1,
    )
    shown = rows[: query.limit]
    return shown, shown[-1].id if len(rows) > len(shown) else None
