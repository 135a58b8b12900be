"""The pages of incidents: the list, one incident, and the forms of both (7.3, 7.4)."""

from datetime import date
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError
from dip.http.portal.guard import present_visitor
from dip.http.portal.incident_views import author_of, in_words, line
from dip.http.portal.incidents import found, number_of, query_of
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.messages.identifiers import InterfaceId
from dip.participants.registry import Participants
from dip.reporting.incidents.incidents import Incidents, is_overdue
from dip.reporting.incidents.orders import (
    Author,
    Confirmation,
    IncidentChange,
    NewContact,
    NewIncident,
    NewReview,
    Resolution,
)
from dip.store.incidents import ContactWay, Incident, Level

_PAGE: Final = "/incidents"
_ONE: Final = f"{_PAGE}/{{number}}"
_NEW: Final = f"{_PAGE}/new"
_ON_A_PAGE: Final = 50
_ENTRIES: Final = 100
_ACTIONS: Final = 3
_NEW_FIELDS: Final = ("title", "description", "impact", "urgency", "participant", "transaction", "alarm", "related")
_ONE_FIELDS: Final = ("text", "resolution", "root_cause", "notice", "held_on")
_FILTERS: Final = ("state", "priority", "queue")
_Order = TypeVar("_Order")


class IncidentPages:
    """Handlers of `/incidents`. Every form works without script."""

    def __init__(
        self,
        *,
        incidents: Incidents,
        registry: Current[Registry],
        participants: Current[Participants],
        clock: Clock,
        renderer: Renderer,
    ) -> None:
        self._incidents = incidents
        self._registry = registry
        self._participants = participants
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The pages."""
        return [
            web.get(_PAGE, self.page),
            web.get(_NEW, self.new),
            web.post(_PAGE, self.open),
            web.get(_ONE, self.one),
            web.post(_ONE, self.change),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The incidents, those that are not closed first."""
        author, now = author_of(present_visitor(request)), self._clock.now()
        typed = {name: request.query.get(name, "unfinished" if name == "state" else "") for name in _FILTERS}
        fault, rows, following = None, [], None
        try:
            query = query_of(request, limit=_ON_A_PAGE)
            if "state" not in request.query:
                query = msgspec.structs.replace(query, is_closed=False)
            shown, following = await found(self._incidents, author, query)
            rows = [line(one, author, now) for one in shown]
        except BadRequest as error:
            fault = error.message
        values = {
            "rows": rows,
            "typed": typed,
            "fault": fault,
            "newest": f"{_PAGE}?{urlencode(typed)}" if request.query.get("next") else None,
            "older": f"{_PAGE}?{urlencode({**typed, 'next': following})}" if following else None,
            "targets": self._incidents.priorities.targets,
        }
        return self._renderer.page(request, "incidents.html", values, status=400 if fault else 200)

    async def new(self, request: web.Request) -> web.Response:
        """The form for an incident."""
        return self._form(request, request.query)

    async def open(self, request: web.Request) -> web.Response:
        """Raise an incident."""
        form = await request.post()
        try:
            order = _order(
                NewIncident,
                {
                    **_texts(form, "title", "description", "impact", "urgency"),
                    "channels": _channels(form),
                    "participant": _text(form, "participant") or None,
                    "related": _numbers(form, "related"),
                    "transactionId": _text(form, "transaction") or None,
                    "alarm": next(iter(_numbers(form, "alarm")), None),
                },
            )
            made = await self._incidents.open(author_of(present_visitor(request)), order)
        except DipError as refused:
            return self._form(request, form, refused)
        raise web.HTTPSeeOther(f"{_PAGE}/{made.id}?done=raised")

    async def one(self, request: web.Request) -> web.Response:
        """One incident with its history and forms; of others' what is published."""
        return await self._shown(request)

    async def change(self, request: web.Request) -> web.Response:
        """What a form of the page asks for."""
        form = await request.post()
        author, number, action = author_of(present_visitor(request)), number_of(request), _text(form, "do")
        try:
            await self._act(author, number, action, form)
        except DipError as refused:
            return await self._shown(request, form, refused)
        raise web.HTTPSeeOther(f"{_PAGE}/{number}?done={action}")

    async def _act(self, author: Author, number: int, action: str, form: Any) -> None:
        """Do what a button says. Raises BadRequest and what its order raises."""
        match action:
            case "assign":
                owner = {"owner": _text(form, "owner") or author.name, "text": _text(form, "text")}
                await self._incidents.change(author, number, _order(IncidentChange, owner))
            case "escalate":
                await self._incidents.change(author, number, _order(IncidentChange, _texts(form, "team", "text")))
            case "edit":
                await self._incidents.change(author, number, _edit(form))
            case "publish" | "unpublish":
                notice = _text(form, "notice") if action == "publish" else None
                await self._incidents.change(author, number, _order(IncidentChange, {"notice": notice}))
            case "contact":
                order = {**_texts(form, "text", "person"), "way": _text(form, "way") or ContactWay.PAGE}
                await self._incidents.contact(author, number, _order(NewContact, order))
            case "resolve":
                order = {"resolution": _text(form, "resolution"), "rootCause": _text(form, "root_cause")}
                await self._incidents.resolve(author, number, _order(Resolution, order))
            case "confirm" | "deny":
                solved = {"solved": action == "confirm", "text": _text(form, "text")}
                await self._incidents.confirm(author, number, _order(Confirmation, solved))
            case "review":
                await self._incidents.review(author, number, _review(form))
            case _:
                raise BadRequest("do: expected the name of a button of this page.")

    async def _shown(self, request: web.Request, form: Any = None, refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        author, number, now = author_of(visitor), number_of(request), self._clock.now()
        incident = self._incidents.one(author, number)
        own = author.sees(incident)
        asked = request.query.get("next", "")
        before = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else None
        entries = await self._incidents.history(author, number, before=before, limit=_ENTRIES + 1) if own else ()
        related = await self._incidents.related(author, number) if own else ()
        values = {
            "incident": incident,
            "own": own,
            "overdue": is_overdue(incident, now),
            "is_major": self._incidents.priorities.is_major(incident.priority),
            "entries": entries[:_ENTRIES],
            "older": f"{_PAGE}/{number}?next={entries[_ENTRIES - 1].number}" if len(entries) > _ENTRIES else None,
            "newest": f"{_PAGE}/{number}" if before else None,
            "in_words": in_words,
            "related": related,
            "is_desk": author.is_desk,
            "may_confirm": own and self._incidents.may_confirm(author, incident),
            "participant_name": self._name_of(incident),
            "actions": _ACTIONS,
            "typed": _texts(form or {}, *_ONE_FIELDS),
            "refused": refused,
            "done": request.query.get("done", ""),
            **self._choices(),
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "incident.html", values, status=status)

    def _form(self, request: web.Request, form: Any, refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        values = {
            "typed": _texts(form, *_NEW_FIELDS),
            "chosen": _channels(form),
            "refused": refused,
            "participants": sorted(
                (one for one in self._participants.value if visitor.sees(one.dip_id)), key=lambda one: one.dip_id
            ),
            "rows": self._incidents.priorities.rows,
            "targets": self._incidents.priorities.targets,
            **self._choices(),
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "incident_new.html", values, status=status)

    def _choices(self) -> dict[str, Any]:
        return {
            "levels": list(Level),
            "ways": list(ContactWay),
            "channels": sorted(self._registry.value.channels.values(), key=lambda one: one.id),
        }

    def _name_of(self, incident: Incident) -> str:
        known = None if incident.participant is None else self._participants.value.get(incident.participant)
        return known.name if known is not None else ""


def _edit(form: Any) -> IncidentChange:
    """What the form of details asks for. Raises BadRequest."""
    version = next(iter(_numbers(form, "version")), None)
    given = {
        **_texts(form, "impact", "urgency", "text"),
        "channels": _channels(form),
        "rootCause": _text(form, "root_cause"),
        "related": _numbers(form, "related"),
        "version": version,
    }
    return _order(IncidentChange, given)


def _review(form: Any) -> NewReview:
    """What the form of a review asks for. Raises BadRequest."""
    actions = [
        {"what": what, "who": _text(form, f"who-{number}"), "due": _text(form, f"due-{number}")}
        for number in range(_ACTIONS)
        if (what := _text(form, f"what-{number}"))
    ]
    held_on = _text(form, "held_on") or date.min.isoformat()
    return _order(NewReview, {"heldOn": held_on, "text": _text(form, "text"), "actions": actions})


def _order(kind: type[_Order], given: dict[str, Any]) -> _Order:
    """What a form asks for. Raises BadRequest."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as exc:
        raise BadRequest(str(exc)) from exc


def _text(form: Any, name: str) -> str:
    return str(form.get(name, "")).replace("\r\n", "\n").strip()


def _texts(form: Any, *names: str) -> dict[str, str]:
    return {name: _text(form, name) for name in names}


def _channels(form: Any) -> list[InterfaceId]:
    return [InterfaceId(str(one)) for one in form.getall("channels", []) if str(one)]


def _numbers(form: Any, name: str) -> list[int]:
    """Numbers with commas or spaces between. Raises BadRequest."""
    parts = _text(form, name).replace(",", " ").replace("#", " ").split()
    if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts):
        raise BadRequest(f"{name}: expected numbers.")
    return [int(part) for part in parts]
