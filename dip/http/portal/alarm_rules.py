"""Rules that raise alarms: calls of the administration API, and the page `/alarms/rules` (5.11.4)."""

from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError
from dip.http.portal.administration_orders import order_of
from dip.http.portal.alarms import number_in
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.participants.registry import Participants
from dip.reporting.alarm_rules import AlarmRules, RuleOrder
from dip.store.alarm_settings import RuleKind

_ALL: Final = f"{API}/alarm-rules"
_ONE: Final = f"{_ALL}/{{rule_id}}"
_PAGE: Final = "/alarms/rules"
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_KINDS: Final = {
    RuleKind.LATENCY: ("Messages late at an endpoint", "seconds"),
    RuleKind.QUEUE_AGE: ("Old messages in a queue", "seconds"),
    RuleKind.DEAD_LETTERS: ("Dead letters, at least", "messages"),
    RuleKind.THROUGHPUT: ("Too few messages, fewer than", "messages"),
    RuleKind.ENDPOINT_PAUSED: ("Endpoint paused for", "seconds"),
    RuleKind.CERTIFICATE_EXPIRES: ("Certificates expire within", "days"),
}


class AlarmRuleDesk:
    """Handlers of `/admin/api/alarm-rules` and of the page."""

    def __init__(
        self,
        *,
        rules: AlarmRules,
        registry: Current[Registry],
        participants: Current[Participants],
        every_s: float,
        renderer: Renderer,
    ) -> None:
        """every_s: how often the rules are looked at."""
        self._rules = rules
        self._registry = registry
        self._participants = participants
        self._every_s = every_s
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(_ALL, self.listed),
            web.post(_ALL, self.add),
            web.put(_ONE, self.change),
            web.delete(_ONE, self.remove),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.send),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """The rules that raise alarms beside the settings, by name."""
        return json_response({"items": self._rules.listed(), "next": None})

    async def add(self, request: web.Request) -> web.Response:
        """Add a rule; it counts from the next round on."""
        order = await order_of(request, RuleOrder)
        return json_response(await self._rules.add(order, author=present_visitor(request).name), status=_CREATED)

    async def change(self, request: web.Request) -> web.Response:
        """Give a rule another form."""
        number, order = number_in(request, "rule_id"), await order_of(request, RuleOrder)
        return json_response(await self._rules.change(number, order, author=present_visitor(request).name))

    async def remove(self, request: web.Request) -> web.Response:
        """Take a rule away; its alarms are over at the next round."""
        await self._rules.remove(number_in(request, "rule_id"))
        return web.Response(status=_NO_CONTENT)

    async def page(self, request: web.Request) -> web.Response:
        """The rules, a form for each, and one for a new rule."""
        return self._show(request)

    async def send(self, request: web.Request) -> web.Response:
        """What a form of the page asks for."""
        form = {name: str(value).strip() for name, value in (await request.post()).items()}
        author, action = present_visitor(request).name, form.get("do", "")
        try:
            number = _number(form.get("rule", "0"))
            match action:
                case "add":
                    await self._rules.add(_order(form), author=author)
                case "save":
                    await self._rules.change(number, _order(form), author=author)
                case "on" | "off":
                    await self._rules.switch(number, in_force=action == "on", author=author)
                case "remove":
                    await self._rules.remove(number)
                case _:
                    raise BadRequest("do: expected add, save, on, off or remove.")
        except DipError as refused:
            return self._show(request, form if action == "add" else {}, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?done={action}")

    def _show(
        self, request: web.Request, form: Mapping[str, str] | None = None, refused: DipError | None = None
    ) -> web.Response:
        values = {
            "rules": self._rules.listed(),
            "kinds": _KINDS,
            "form": form or {},
            "refused": refused,
            "done": request.query.get("done", ""),
            "every_s": self._every_s,
            "participants": sorted(self._participants.value, key=lambda one: one.dip_id),
            "channels": sorted(self._registry.value.channels.values(), key=lambda channel: channel.id),
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "alarm_rules.html", values, status=status)


def _order(form: Mapping[str, str]) -> RuleOrder:
    """What the form of a rule says. Raises BadRequest."""
    given: dict[str, object] = {name: form.get(name, "") for name in ("name", "kind", "recipient", "channel")}
    given["threshold"] = _figure(form, "threshold")
    given["inForce"] = form.get("in_force", "1") == "1"
    if form.get("kind") == RuleKind.THROUGHPUT:
        given["periodS"] = _figure(form, "period")
    try:
        return msgspec.convert(given, RuleOrder)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"{exc}.") from exc


def _figure(form: Mapping[str, str], name: str) -> float:
    try:
        return float(form.get(name, ""))
    except ValueError:
        raise BadRequest(f"{name}: expected a number.") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise BadRequest("rule: expected the number of a rule.")
    return int(text)
