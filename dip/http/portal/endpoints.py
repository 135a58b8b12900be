"""Endpoints and logical queues: how each address is served, paused, resumed, and which channels go there (5.5.10)."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from dip.delivery.dispatcher import Dispatcher, EndpointState, UnknownEndpoint
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError, NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.endpoint_assignments import Assignments, NewEndpoint
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.participants.registry import Participants

_ONE: Final = f"{API}/endpoints/{{endpoint_id}}"
_PAGE: Final = "/endpoints"
_CREATED: Final = 201
_NO_CONTENT: Final = 204

Count: TypeAlias = Annotated[int, Meta(ge=1, le=1000)]
Size: TypeAlias = Annotated[int, Meta(ge=1, le=100_000)]
Calls: TypeAlias = Annotated[int, Meta(ge=1, le=16)]
Rate: TypeAlias = Annotated[float, Meta(gt=0, le=10_000)]
Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
Jitter: TypeAlias = Annotated[float, Meta(ge=0, lt=1)]
Address: TypeAlias = Annotated[str, Meta(pattern=r"^[^@\s,]+@[^@\s,]+$", max_length=254)]


class EndpointChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be different at an endpoint; null goes back to the server's setting. Seconds; kB; jitter: part of one.

    told: who gets a mail when it is paused, and when it goes on.
    """

    name: Annotated[str, Meta(max_length=80)] | UnsetType = UNSET
    message_count: Count | UnsetType | None = UNSET
    payload_kb: Size | UnsetType | None = UNSET
    calls_in_flight: Calls | UnsetType | None = UNSET
    calls_a_second: Rate | UnsetType | None = UNSET
    retry_first_s: Seconds | UnsetType | None = UNSET
    retry_longest_s: Seconds | UnsetType | None = UNSET
    retry_jitter: Jitter | UnsetType | None = UNSET
    pause_after: Count | UnsetType | None = UNSET
    told: Annotated[tuple[Address, ...], Meta(max_length=20)] | UnsetType = UNSET


class Endpoints:
    """Handlers of `/admin/api/endpoints` and of the page."""

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        assignments: Assignments,
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        self._dispatcher = dispatcher
        self._assignments = assignments
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(f"{API}/endpoints", self.listed),
            web.post(f"{API}/endpoints", self.assign),
            web.get(_ONE, self.one),
            web.patch(_ONE, self.change),
            web.delete(_ONE, self.remove),
            web.post(f"{_ONE}/pause", self.pause),
            web.post(f"{_ONE}/resume", self.resume),
            web.get(_PAGE, self.page),
            web.post(f"{_PAGE}/{{endpoint_id}}", self.save),
        ]

    def states(self) -> list[dict[str, Any]]:
        """Every endpoint as plain objects."""
        return [msgspec.to_builtins(state) for state in self._dispatcher.endpoints()]

    async def listed(self, request: web.Request) -> web.Response:
        """Every endpoint."""
        return json_response({"items": self._seen(present_visitor(request)), "next": None})

    async def one(self, request: web.Request) -> web.Response:
        """One endpoint."""
        return json_response(self.state(self.own_one(request)))

    async def assign(self, request: web.Request) -> web.Response:
        """Assign channels of a recipient to an address."""
        order = await order_of(request, NewEndpoint)
        made = await self._assignments.assign(order, present_visitor(request))
        body = msgspec.json.encode(self.state(made))
        return web.Response(status=_CREATED, body=body, content_type="application/json")

    async def change(self, request: web.Request) -> web.Response:
        """Serve an endpoint in another way."""
        endpoint_id = self.own_one(request)
        order = await order_of(request, EndpointChange)
        given = {name: value for name in order.__struct_fields__ if (value := getattr(order, name)) is not UNSET}
        await self._dispatcher.change(msgspec.structs.replace(self._dispatcher.setting(endpoint_id), **given))
        return json_response(self.state(endpoint_id))

    async def pause(self, request: web.Request) -> web.Response:
        """Send nothing there until somebody resumes it; its queue waits."""
        return json_response(await self._hold(self.own_one(request), held=True))

    async def resume(self, request: web.Request) -> web.Response:
        """Send there again, at once, whatever its failures."""
        return json_response(await self._hold(self.own_one(request), held=False))

    async def remove(self, request: web.Request) -> web.Response:
        """Take an address away from all that goes there, or from the channels that `channel` names; what waits stays.

        It waits until it is pulled, or until there is another webhook.
        """
        named = [one for one in request.query.get("channel", "").split(",") if one]
        await self._assignments.remove(self.own_one(request), named or None)
        return web.Response(status=_NO_CONTENT)

    async def page(self, request: web.Request) -> web.Response:
        """Every endpoint with its forms."""
        return self._show(request)

    async def save(self, request: web.Request) -> web.Response:
        """What a form of the page asks for."""
        endpoint_id = self.own_one(request)
        form = await request.post()
        asked = str(form.get("do", ""))
        try:
            there = await self._done(endpoint_id, asked, form)
        except NotFound:
            raise
        except DipError as refused:
            return self._show(request, _Refused(endpoint_id, asked, refused, form))
        raise web.HTTPSeeOther(f"{_PAGE}?done={asked}{f'#{there}' if there else ''}")

    async def _done(self, endpoint_id: str, asked: str, form: Any) -> str:
        """Do what a button says; the endpoint that is there then, empty where there is none any more."""
        match asked:
            case "pause" | "resume":
                await self._hold(endpoint_id, held=asked == "pause")
            case "save":
                setting = self._dispatcher.setting(endpoint_id)
                await self._dispatcher.change(msgspec.structs.replace(setting, **changes_of(form)))
            case "move":
                return await self._assignments.move(endpoint_id, str(form.get("url", "")).strip())
            case "remove":
                await self._assignments.remove(endpoint_id, [str(one) for one in form.getall("channel", [])])
                return ""
            case _:
                raise BadRequest("do: expected save, pause, resume, move or remove.")
        return endpoint_id

    def _show(self, request: web.Request, refused: "_Refused | None" = None) -> web.Response:
        visitor = present_visitor(request)
        values = {
            "endpoints": self._seen(visitor),
            "names": {one.dip_id: one.name for one in self._participants.value},
            "limits": LIMITS,
            "own": {one.id: self._dispatcher.setting(one.id) for one in self._dispatcher.endpoints()},
            "refused": refused,
            "done": request.query.get("done", ""),
        }
        status = 200 if refused is None else status_of(refused.error)
        return self._renderer.page(request, "endpoints.html", values, status=status)

    def _seen(self, visitor: Visitor) -> list[EndpointState]:
        """The endpoints of those whose affairs the visitor sees."""
        return [one for one in self._dispatcher.endpoints() if visitor.sees(one.recipient)]

    def own_one(self, request: web.Request) -> str:
        """The endpoint that an address names. Raises UnknownEndpoint where there is none, or none of the visitor's."""
        endpoint_id = request.match_info["endpoint_id"]
        if not present_visitor(request).sees(self.state(endpoint_id).recipient):
            raise UnknownEndpoint("No webhook has this id; GET /admin/api/endpoints lists them.")
        return endpoint_id

    async def _hold(self, endpoint_id: str, *, held: bool) -> EndpointState:
        setting = self._dispatcher.setting(endpoint_id)
        await self._dispatcher.change(msgspec.structs.replace(setting, held=held))
        if not held:
            self._dispatcher.try_now(endpoint_id)
        return self.state(endpoint_id)

    def state(self, endpoint_id: str) -> EndpointState:
        """How an endpoint is doing. Raises UnknownEndpoint."""
        self._dispatcher.setting(endpoint_id)
        return next(one for one in self._dispatcher.endpoints() if one.id == endpoint_id)


class _Refused(msgspec.Struct, frozen=True):
    """A form of the page that was refused. form: what was typed."""

    endpoint_id: str
    asked: str
    error: DipError
    form: Mapping[str, Any]


LIMITS: Final = (
    ("messageCount", "message_count", "Messages in a call", "max_message_count"),
    ("payloadKb", "payload_kb", "kB in a call", "max_payload_kb"),
    ("callsInFlight", "calls_in_flight", "Calls at once", "calls_in_flight"),
    ("callsASecond", "calls_a_second", "Calls a second", "calls_a_second"),
    ("retryFirstS", "retry_first_s", "First retry after, s", "retry_first_s"),
    ("retryLongestS", "retry_longest_s", "Longest wait, s", "retry_longest_s"),
    ("retryJitter", "retry_jitter", "Jitter, part of 1", "retry_jitter"),
    ("pauseAfter", "pause_after", "Paused after failures", "pause_after"),
)
"""Field of the call, of the setting, its label, and where the value in force stands in the state."""


def changes_of(form: Any) -> dict[str, Any]:
    """The settings of a form; an empty field is the server's setting. Raises BadRequest."""
    given: dict[str, Any] = {
        "name": str(form.get("name", "")).strip(),
        "told": str(form.get("told", "")).replace(",", " ").split(),
    }
    for wire, _, label, _ in LIMITS:
        text = str(form.get(wire, "")).strip()
        try:
            given[wire] = (float(text) if "." in text else int(text)) if text else None
        except ValueError as exc:
            raise BadRequest(f"{label}: expected a number.") from exc
    try:
        change = msgspec.convert(given, EndpointChange)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"The endpoint's settings: {exc}.") from exc
    return {name: getattr(change, name) for name in change.__struct_fields__}
