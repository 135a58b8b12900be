"""Alarms, open and over: the page `/alarms`, and who looks after one (5.11.4)."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError, NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.alarm_notes import AlarmNotes
from dip.http.portal.alarm_searches import AlarmSearch, read_alarm_search
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.participants.registry import Participants
from dip.reporting.alarms import Alarms, about, in_words
from dip.store.alarms import Alarm, AlarmKind

_PAGE: Final = "/alarms"
_ON_A_PAGE: Final = 50
_LARGEST_KEY: Final = 2**63 - 1


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody says who looks after an alarm."""

    note: str = ""


class AlarmDesk:
    """Handlers of `/alarms` and of `/admin/api/alarms/{alarm_id}/acknowledge`."""

    def __init__(
        self,
        *,
        alarms: Alarms,
        notes: AlarmNotes,
        participants: Current[Participants],
        clock: Clock,
        renderer: Renderer,
    ) -> None:
        self._alarms = alarms
        self._notes = notes
        self._participants = participants
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Call and page."""
        return [
            web.post(f"{API}/alarms/{{alarm_id}}/acknowledge", self.acknowledge),
            web.get(_PAGE, self.page),
            web.post(f"{_PAGE}/{{alarm_id}}/acknowledge", self.send),
        ]

    async def acknowledge(self, request: web.Request) -> web.Response:
        """Say that somebody looks after an alarm that goes on; there are no reminders of it until it is over."""
        order = await order_of(request, Acknowledgement) if request.can_read_body else Acknowledgement()
        return json_response(await self._acknowledged(request, order.note))

    async def page(self, request: web.Request) -> web.Response:
        """Alarms, newest first, those that go on and those that are over."""
        return await self._show(request)

    async def send(self, request: web.Request) -> web.Response:
        """What the form beside an alarm asks for."""
        form = await request.post()
        try:
            await self._acknowledged(request, str(form.get("note", "")).strip())
        except DipError as refused:
            return await self._show(request, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?{urlencode({'state': 'open', 'done': request.match_info['alarm_id']})}")

    async def _acknowledged(self, request: web.Request, note: str) -> Alarm:
        visitor = present_visitor(request)
        return await self._alarms.acknowledge(
            number_in(request, "alarm_id"), by=visitor.name, note=note, sees=visitor.sees
        )

    async def _show(self, request: web.Request, refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        # A bookmark without a query shows what needs somebody now.
        query = request.query if request.query else {"state": "open"}
        try:
            search = read_alarm_search(query, limit=_ON_A_PAGE)
            found = await self._alarms.listed(
                before=search.before,
                is_open=search.is_open,
                limit=search.limit + 1,
                parties=visitor.dip_ids,
                kind=search.kind,
                about=search.recipient or None,
            )
        except BadRequest as fault:
            search, found, refused = AlarmSearch(limit=_ON_A_PAGE), [], fault
        rows = [self._notes.seen(one, visitor) for one in found[: search.limit]]
        conditions = search.conditions()
        following = rows[-1].id if len(found) > len(rows) else None
        values = {
            "rows": rows,
            "search": search,
            "refused": refused,
            "done": query.get("done", ""),
            "kinds": {kind: in_words(kind) for kind in AlarmKind},
            "participants": sorted(
                (one for one in self._participants.value if visitor.sees(one.dip_id)), key=lambda one: one.dip_id
            ),
            "name_of": self._names(),
            "about": about,
            "lasted": self._lasted,
            "older": f"{_PAGE}?{urlencode({'state': '', **conditions, 'next': following})}" if following else None,
            "newest": f"{_PAGE}?{urlencode({'state': '', **conditions})}" if search.before else None,
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "alarms.html", values, status=status)

    def _names(self) -> Callable[[str], str]:
        known = {one.dip_id: one.name for one in self._participants.value}
        return lambda dip_id: next((name for one, name in known.items() if one == dip_id), "")

    def _lasted(self, alarm: Alarm) -> str:
        """How long it went on, or has gone on."""
        until: datetime = alarm.cleared_at or self._clock.now()
        return in_hours((until - alarm.raised_at).total_seconds())


def in_hours(seconds: float) -> str:
    """A span of time in its two largest parts, such as `3 d 4 h`."""
    left, parts = max(0, int(seconds)), list[str]()
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        many, left = divmod(left, size)
        if many or (unit == "s" and not parts):
            parts.append(f"{many} {unit}")
    return " ".join(parts[:2])


def number_in(request: web.Request, name: str) -> int:
    """A number in the path of a request. Raises NotFound where it is none."""
    text = request.match_info[name]
    if not (text.isascii() and text.isdecimal()) or int(text[:20]) > _LARGEST_KEY:
        raise NotFound
    return int(text)
