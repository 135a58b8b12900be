"""Endpoints and logical queues: how each address is served, paused, resumed, and which channels go there (5.5.10)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from dip.channels.registry import Registry
from dip.delivery.dispatcher import Dispatcher, EndpointState, UnknownEndpoint
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.messages.identifiers import DipId
from dip.participants.receiving import check_receives
from dip.participants.registry import Participants
from dip.participants.webhooks import Network, check_webhook_url
from dip.store.records import ALL_CHANNELS, STATUS_CHANNEL, EndpointSetting, Webhook

_ONE: Final = f"{API}/endpoints/{{endpoint_id}}"
_PAGE: Final = "/endpoints"
_CREATED: Final = 201
_NO_RECIPIENT: Final = "recipient: expected the DIP id of a participant."

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


class NewEndpoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A logical queue of a recipient: its address, and the channels assigned to it."""

    recipient: str
    url: str
    channels: Annotated[tuple[str, ...], Meta(min_length=1, max_length=200)]
    name: Annotated[str, Meta(max_length=80)] = ""


class Endpoints:
    """Handlers of `/admin/api/endpoints` and of the page."""

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        settings: Settings,
        networks: Sequence[Network],
        registry: Current[Registry],
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        self._dispatcher = dispatcher
        self._settings = settings
        self._networks = networks
        self._registry = registry
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(f"{API}/endpoints", self.listed),
            web.post(f"{API}/endpoints", self.assign),
            web.get(_ONE, self.one),
            web.patch(_ONE, self.change),
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
        return json_response(self._state(self._own_one(request)))

    async def assign(self, request: web.Request) -> web.Response:
        """Assign channels of a recipient to an address."""
        order = await order_of(request, NewEndpoint)
        check_webhook_url(order.url, self._settings.environment, self._networks)
        kinds = {channel == STATUS_CHANNEL for channel in order.channels}
        if len(kinds) > 1:
            raise BadRequest("channels: status messages have an endpoint of their own; assign them apart.")
        recipient = DipId(order.recipient)
        if not present_visitor(request).sees(recipient):
            raise BadRequest(_NO_RECIPIENT)
        channels = [
            channel if channel in (ALL_CHANNELS, STATUS_CHANNEL) else channel.upper() for channel in order.channels
        ]
        for channel in channels:
            self._check_assignment(recipient, channel)
        for channel in channels:
            await self._dispatcher.set_webhook(Webhook(recipient, channel, order.url))
        (state,) = (
            one
            for one in self._dispatcher.endpoints()
            if (one.recipient, one.url, one.for_status) == (recipient, order.url, kinds == {True})
        )
        if order.name:
            setting = msgspec.structs.replace(self._dispatcher.setting(state.id), name=order.name)
            await self._dispatcher.change(setting)
        body = msgspec.json.encode(self._state(state.id))
        return web.Response(status=_CREATED, body=body, content_type="application/json")

    async def change(self, request: web.Request) -> web.Response:
        """Serve an endpoint in another way."""
        endpoint_id = self._own_one(request)
        order = await order_of(request, EndpointChange)
        given = {name: value for name in order.__struct_fields__ if (value := getattr(order, name)) is not UNSET}
        await self._dispatcher.change(msgspec.structs.replace(self._dispatcher.setting(endpoint_id), **given))
        return json_response(self._state(endpoint_id))

    async def pause(self, request: web.Request) -> web.Response:
        """Send nothing there until somebody resumes it; its queue waits."""
        return json_response(await self._hold(self._own_one(request), held=True))

    async def resume(self, request: web.Request) -> web.Response:
        """Send there again, at once, whatever its failures."""
        return json_response(await self._hold(self._own_one(request), held=False))

    async def page(self, request: web.Request) -> web.Response:
        """Every endpoint with its form."""
        visitor = present_visitor(request)
        values = {
            "endpoints": self._seen(visitor),
            "names": {one.dip_id: one.name for one in self._participants.value},
            "limits": _LIMITS,
            "own": self._own(),
        }
        return self._renderer.page(request, "endpoints.html", values)

    async def save(self, request: web.Request) -> web.Response:
        """What a form of the page asks for."""
        endpoint_id = self._own_one(request)
        form = await request.post()
        asked = str(form.get("do", ""))
        if asked in ("pause", "resume"):
            await self._hold(endpoint_id, held=asked == "pause")
        else:
            setting = self._dispatcher.setting(endpoint_id)
            await self._dispatcher.change(msgspec.structs.replace(setting, **_of_form(form)))
        raise web.HTTPSeeOther(f"{_PAGE}#{endpoint_id}")

    def _check_assignment(self, recipient: DipId, channel: str) -> None:
        participant = self._participants.value.get(recipient)
        if participant is None:
            raise BadRequest(_NO_RECIPIENT)
        if channel == ALL_CHANNELS and not self._settings.switches.mixed_channels:
            raise BadRequest("channels: this profile has no webhook for all channels; name each.")
        found = self._registry.value.find(channel)
        if found is None and channel not in (ALL_CHANNELS, STATUS_CHANNEL):
            raise BadRequest(f"channels: {channel[:20]} is no channel of this server.")
        check_receives(found, participant)

    def _seen(self, visitor: Visitor) -> list[EndpointState]:
        """The endpoints of those whose affairs the visitor sees."""
        return [one for one in self._dispatcher.endpoints() if visitor.sees(one.recipient)]

    def _own_one(self, request: web.Request) -> str:
        """The endpoint that an address names. Raises UnknownEndpoint where there is none, or none of the visitor's."""
        endpoint_id = request.match_info["endpoint_id"]
        if not present_visitor(request).sees(self._state(endpoint_id).recipient):
            raise UnknownEndpoint("No webhook has this id; GET /admin/api/endpoints lists them.")
        return endpoint_id

    async def _hold(self, endpoint_id: str, *, held: bool) -> EndpointState:
        setting = self._dispatcher.setting(endpoint_id)
        await self._dispatcher.change(msgspec.structs.replace(setting, held=held))
        if not held:
            self._dispatcher.try_now(endpoint_id)
        return self._state(endpoint_id)

    def _state(self, endpoint_id: str) -> EndpointState:
        self._dispatcher.setting(endpoint_id)
        return next(one for one in self._dispatcher.endpoints() if one.id == endpoint_id)

    def _own(self) -> Mapping[str, EndpointSetting]:
        return {one.id: self._dispatcher.setting(one.id) for one in self._dispatcher.endpoints()}


_LIMITS: Final = (
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


def _of_form(form: Any) -> dict[str, Any]:
    """The settings of a form; an empty field is the server's setting. Raises BadRequest."""
    given: dict[str, Any] = {
        "name": str(form.get("name", "")).strip(),
        "told": str(form.get("told", "")).replace(",", " ").split(),
    }
    for wire, _, label, _ in _LIMITS:
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
