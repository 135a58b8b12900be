"""The pages of MPANs: a search, and one MPAN with its look-up and its whole history (5.5.14, FS-35)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from dip.appointments.history import OPEN, STANDS, Knowledge, Row
from dip.channels.registry import Registry
from dip.ground.clock import Clock, microseconds, moment
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.http.portal.guard import present_visitor
from dip.http.portal.mpan_desk import Answer, MpanDesk, Question, question_of
from dip.http.portal.mpan_views import Origin
from dip.http.portal.renderer import Renderer
from dip.http.portal.searches import check_mpan
from dip.http.portal.timeline import Timeline, draw
from dip.messages.identifiers import DipId, RoleCode
from dip.messages.timestamps import day_or_time
from dip.participants.registry import Participants
from dip.registration.updates import Updates
from dip.routing.near_misses import in_words

_PAGE: Final = "/mpans"
_SECOND: Final = 1_000_000
_MOMENTS: Final = 100
"""Times at which something became known that can be chosen; earlier ones can be asked for in the address."""
FIELDS: Final = ("channel", "event", "at", "known_at")


class _Moment(msgspec.Struct, frozen=True):
    """A time at which something became known. value: as the form sends it."""

    value: str
    words: str
    is_chosen: bool


class _Line(msgspec.Struct, frozen=True):
    """A row of a table. origin, replaced_by: what brought it, and what replaced it."""

    row: Row
    starts: str
    ends: str
    known: str
    origin: Origin | None
    is_used: bool
    replaced: str = ""
    replaced_by: Origin | None = None


class MpanPages:
    """Handlers of `/mpans` and `/mpans/{mpan}`."""

    def __init__(
        self,
        *,
        desk: MpanDesk,
        registry: Current[Registry],
        participants: Current[Participants],
        updates: Updates,
        clock: Clock,
        renderer: Renderer,
    ) -> None:
        self._desk = desk
        self._registry = registry
        self._participants = participants
        self._updates = updates
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Both pages; those below `/mpans` that are no MPAN have to stand before."""
        return [web.get(_PAGE, self.search), web.get(f"{_PAGE}/{{mpan}}", self.one)]

    async def search(self, request: web.Request) -> web.Response:
        """The form to look for an MPAN; one that is given leads to its page."""
        typed, fault = request.query.get("mpan", "").strip(), None
        if typed:
            try:
                raise web.HTTPSeeOther(f"{_PAGE}/{check_mpan(typed)}")
            except BadRequest as error:
                fault = error.message
        values = {"typed": typed, "fault": fault}
        return self._renderer.page(request, "mpans.html", values, status=400 if fault else 200)

    async def one(self, request: web.Request) -> web.Response:
        """An MPAN: who gets its messages and why, its history as a timeline and as a table."""
        visitor = present_visitor(request)
        typed = {name: request.query.get(name, "").strip() for name in FIELDS}
        fault = None
        try:
            answer = await self._desk.answer(question_of(request.match_info["mpan"], typed), visitor)
        except BadRequest as error:
            fault = error.message
            # What is wrong stands in the form's own fields, or nothing can be shown at all.
            plain = Question(mpan=question_of(request.match_info["mpan"], {}).mpan)
            answer = await self._desk.answer(plain, visitor)
        values = {**self._values(answer, typed), "fault": fault, "is_whole": visitor.dip_ids is None}
        return self._renderer.page(request, "mpan.html", values, status=400 if fault else 200)

    def _values(self, answer: Answer, typed: Mapping[str, str]) -> dict[str, Any]:
        thought, found, registry = answer.thought, answer.explanation, self._registry.value
        used = frozenset(one.row for one in found.recipients if one.row is not None)
        asked, now = found.spans[0].first // _SECOND, microseconds(self._clock.now()) // _SECOND
        is_whole = bool(answer.view.replaced) or not thought.replaced
        former = thought.replaced if is_whole else ()
        lanes = {code: role.name for code, role in registry.roles.items()}
        timeline = Timeline(thought.mpan, thought.rows, former, used, now, asked)
        return {
            "mpan": thought.mpan,
            "typed": typed,
            "found": answer.view,
            "asked": in_words(asked),
            "timeline": draw(timeline, lanes, self._name_of) if thought.rows or former else None,
            "lines": [self._line(answer, row, row in used) for row in _in_order(thought.rows, lanes)],
            "former": [self._line(answer, row, is_used=False) for row in _in_order(former, lanes)],
            "is_known": bool(thought.history.knowledge),
            "waiting": len(self._updates.pending.of(int(thought.mpan))),
            "moments": self._moments(answer, typed["known_at"]),
            "then": in_words(thought.known_at // _SECOND) if typed["known_at"] else None,
            "now_link": f"?{urlencode({name: typed[name] for name in ('channel', 'event', 'at') if typed[name]})}",
            "channels": sorted(registry.channels.values(), key=lambda one: one.id),
            "chosen": registry.find(typed["channel"]),
            "lane_name": lambda role: lanes.get(role, ""),
            "name_of": self._name_of,
            "in_words": lambda text: day_or_time(datetime.fromisoformat(text)),
        }

    def _line(self, answer: Answer, row: Row, is_used: bool) -> _Line:
        knowledge = answer.thought.history.knowledge
        view = answer.views.row(row)
        return _Line(
            row,
            in_words(row.starts),
            "open" if row.ends >= OPEN else in_words(row.ends),
            _when(knowledge[row.known]),
            view.origin,
            is_used,
            "" if row.replaced == STANDS else _when(knowledge[row.replaced]),
            view.replaced_by,
        )

    def _moments(self, answer: Answer, chosen: str) -> Sequence[_Moment]:
        """What became known when, newest first; one that was asked for in another way is added."""
        known = {one.at: one for one in answer.thought.history.knowledge}
        found = []
        for at in sorted(known, reverse=True)[:_MOMENTS]:
            value = moment(at).isoformat(timespec="microseconds")
            found.append(_Moment(value, f"{_when(known[at])}, {_what(known[at])}", value == chosen))
        if chosen and not any(one.is_chosen for one in found):
            found.append(_Moment(chosen, chosen, is_chosen=True))
        return found

    def _name_of(self, dip_id: str) -> str:
        participant = self._participants.value.get(DipId(dip_id))
        return participant.name if participant is not None else ""


def _in_order(rows: Sequence[Row], lanes: Mapping[RoleCode, str]) -> Sequence[Row]:
    """Rows in the order of the lanes."""
    places = {role: place for place, role in enumerate(lanes)}
    return sorted(rows, key=lambda row: places.get(row.role, len(places)))


def _when(one: Knowledge) -> str:
    return moment(one.at).strftime("%Y-%m-%d %H:%M:%S")


def _what(one: Knowledge) -> str:
    if one.message is not None:
        return "by a message"
    return "by an import" if one.run is not None else "at the start"
