"""Faults on demand: calls of the administration API, and the page (contract, faults; refused in PRD)."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from dip.channels.registry import Registry
from dip.conformance.fault_kinds import KINDS, Group
from dip.conformance.fault_orders import FaultOrders
from dip.conformance.faults import Fault, Faults
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.portal.guard import API, visitor_of
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.participants.registry import Participants
from dip.store.records import STATUS_CHANNEL

_ALL: Final = f"{API}/faults"
_PAGE: Final = "/faults"
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_GROUPS: Final = {
    Group.CALL: "Your calls to the DIP",
    Group.DELIVERY: "The DIP's calls to your webhook",
    Group.CONTENT: "Messages that you receive",
}
_NUMBERS: Final = {"rate": float, "count": int, "seconds": float, "status": int}


class FaultDesk:
    """Handlers of `/admin/api/faults` and of the page `/faults`."""

    def __init__(
        self,
        *,
        faults: Faults,
        settings: Settings,
        registry: Current[Registry],
        participants: Current[Participants],
        renderer: Renderer,
        log: Log,
    ) -> None:
        self._faults = faults
        self._orders = FaultOrders(settings=settings, registry=registry, participants=participants)
        self._settings = settings
        self._registry = registry
        self._participants = participants
        self._renderer = renderer
        self._log = log

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(_ALL, self.listed),
            web.put(_ALL, self.replace),
            web.post(_ALL, self.add),
            web.delete(_ALL, self.clear),
            web.delete(f"{_ALL}/{{fault_id}}", self.remove),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.send),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """The faults that are switched on, in the order in which they are asked, and how often each struck."""
        return json_response({"items": self._faults.listed(), "next": None})

    async def replace(self, request: web.Request) -> web.Response:
        """Have these faults and no others: `{"items": […]}`, or the list alone. Counts and chance begin anew."""
        self._faults.listed()
        self._faults.replace(self._orders.read_list(await request.read()))
        self._changed(request)
        return await self.listed(request)

    async def add(self, request: web.Request) -> web.Response:
        """Have one fault more, after the others."""
        self._faults.listed()
        made = self._faults.add(self._orders.read_one(await request.read()))
        self._changed(request)
        answer = json_response(made)
        answer.set_status(_CREATED)
        return answer

    async def clear(self, request: web.Request) -> web.Response:
        """Have none; calls that wait because of one go on."""
        self._faults.clear()
        self._changed(request)
        return web.Response(status=_NO_CONTENT)

    async def remove(self, request: web.Request) -> web.Response:
        """Have one fault less."""
        self._faults.remove(request.match_info["fault_id"])
        self._changed(request)
        return web.Response(status=_NO_CONTENT)

    async def page(self, request: web.Request) -> web.Response:
        """What is switched on, the form for one more, and what each kind does."""
        return self._shown(request, {})

    async def send(self, request: web.Request) -> web.Response:
        """What a form of the page asks for: add a fault, remove one, or clear them all."""
        self._faults.listed()
        form = {name: str(value).strip() for name, value in (await request.post()).items()}
        match form.get("do"):
            case "clear":
                self._faults.clear()
            case "remove":
                self._faults.remove(form.get("fault", ""))
            case _:
                try:
                    self._faults.add(self._orders.made_of(_of_form(form)))
                except BadRequest as refused:
                    return self._shown(request, form, refused.message)
        self._changed(request)
        raise web.HTTPSeeOther(_PAGE)

    def _shown(self, request: web.Request, form: Mapping[str, str], refused: str = "") -> web.Response:
        channels = [(STATUS_CHANNEL, "Status messages")]
        channels += sorted((one.id, one.name) for one in self._registry.value.channels.values())
        values = {
            "faults": self._faults.listed(),
            "often": _often,
            "kinds": KINDS,
            "groups": [
                (title, [one for one in KINDS.values() if one.group is group]) for group, title in _GROUPS.items()
            ],
            "participants": sorted(self._participants.value, key=lambda one: one.dip_id),
            "channels": channels,
            "labels": self._registry.value.response_codes,
            "form": form,
            "refused": refused,
            "seconds": f"{self._settings.fault_seconds:g}",
        }
        return self._renderer.page(request, "faults.html", values, status=400 if refused else 200)

    def _changed(self, request: web.Request) -> None:
        visitor = visitor_of(request)
        kinds = [fault.kind for fault in self._faults.listed()]
        self._log.info("faults_changed", by=visitor.name if visitor is not None else "", faults=kinds)


def _of_form(form: Mapping[str, str]) -> dict[str, Any]:
    """The fault of a form as a program would send it; an empty field is left out. Raises BadRequest."""
    order: dict[str, Any] = {name: form[name] for name in ("kind", "participant", "channel", "event") if form.get(name)}
    for name, number in _NUMBERS.items():
        if text := form.get(name):
            try:
                order[name] = number(text)
            except ValueError:
                raise BadRequest(f"/{name}: expected a number.") from None
    return order


def _often(fault: Fault) -> str:
    """How often a fault is to strike, in words."""
    if fault.rate is not None:
        return f"{fault.rate:.0%}" if fault.rate >= 0.01 else f"{fault.rate:.2%}"
    return "once" if fault.count == 1 else f"{fault.count} times"
