"""What one wants to be told of alarms: calls of the administration API, and the page (5.11.4)."""

from typing import Any, Final

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError, NotPermitted
from dip.http.portal.administration_orders import order_of
from dip.http.portal.alarms import number_in
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of
from dip.participants.registry import Participants
from dip.reporting.alarm_subscriptions import SubscriptionOrder, Subscriptions
from dip.reporting.alarms import in_words
from dip.store.alarms import AlarmKind

_ALL: Final = f"{API}/alarm-subscriptions"
_ONE: Final = f"{_ALL}/{{subscription_id}}"
_PAGE: Final = "/alarms/subscriptions"
_CREATED: Final = 201
_NO_CONTENT: Final = 204
_WAYS: Final = {"mail": "By mail", "webhook": "By webhook", "page": "In the head of each page"}
_DONE: Final = {"add": "You are told from now on.", "remove": "It was removed.", "test": "A test is on its way."}


class AlarmSubscriptionDesk:
    """Handlers of `/admin/api/alarm-subscriptions` and of the page: each user's own."""

    def __init__(
        self,
        *,
        subscriptions: Subscriptions,
        registry: Current[Registry],
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        self._subscriptions = subscriptions
        self._registry = registry
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(_ALL, self.listed),
            web.post(_ALL, self.add),
            web.delete(_ONE, self.remove),
            web.post(f"{_ONE}/test", self.test),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.send),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """What you are told of alarms, and how."""
        return json_response({"items": self._subscriptions.of(_user(present_visitor(request))), "next": None})

    async def add(self, request: web.Request) -> web.Response:
        """Be told of alarms by mail, webhook or page; of participants that you may see."""
        visitor = present_visitor(request)
        order = await order_of(request, SubscriptionOrder)
        return json_response(await self._subscriptions.add(_user(visitor), order, visitor.dip_ids), status=_CREATED)

    async def remove(self, request: web.Request) -> web.Response:
        """Be told no more."""
        await self._subscriptions.remove(_user(present_visitor(request)), number_in(request, "subscription_id"))
        return web.Response(status=_NO_CONTENT)

    async def test(self, request: web.Request) -> web.Response:
        """Send a made-up alarm, marked as a test."""
        number = number_in(request, "subscription_id")
        return json_response(self._subscriptions.test(_user(present_visitor(request)), number))

    async def page(self, request: web.Request) -> web.Response:
        """What one is told, and a form for more."""
        return self._show(request)

    async def send(self, request: web.Request) -> web.Response:
        """What a form of the page asks for."""
        form, visitor = await request.post(), present_visitor(request)
        action, number = str(form.get("do", "")), str(form.get("subscription", ""))
        try:
            user = _user(visitor)
            if action == "add":
                await self._subscriptions.add(user, _order(form), visitor.dip_ids)
            elif action == "remove":
                await self._subscriptions.remove(user, _number(number))
            elif action == "test":
                self._subscriptions.test(user, _number(number))
            else:
                raise BadRequest("do: expected add, remove or test.")
        except DipError as refused:
            return self._show(request, form, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?done={action}")

    def _show(self, request: web.Request, form: Any = None, refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        is_user = visitor.form_token is not None
        values = {
            "subscriptions": self._subscriptions.of(visitor.name) if is_user else [],
            "is_user": is_user,
            "ways": _WAYS,
            "kinds": {kind: in_words(kind) for kind in AlarmKind},
            "chosen": form.getall("kinds", []) if form else [],
            "form": form or {},
            "refused": refused,
            "done": _DONE.get(request.query.get("done", ""), ""),
            "participants": sorted(
                (one for one in self._participants.value if visitor.sees(one.dip_id)), key=lambda one: one.dip_id
            ),
            "channels": sorted(self._registry.value.channels.values(), key=lambda channel: channel.id),
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "alarm_subscriptions.html", values, status=status)


def _user(visitor: Visitor) -> str:
    """The name of the user who asks. Raises NotPermitted where it is the administration token."""
    if visitor.form_token is None:
        raise NotPermitted("The administration token is no user: log in as one to be told of alarms.")
    return visitor.name


def _order(form: Any) -> SubscriptionOrder:
    """What the form says. Raises BadRequest."""
    way = str(form.get("way", ""))
    given = {
        "way": way,
        "target": "" if way == "page" else str(form.get("target", "")).strip(),
        "kinds": [str(one) for one in form.getall("kinds", [])],
        "channels": str(form.get("channels", "")).replace(",", " ").split(),
        "about": str(form.get("about", "")).strip(),
    }
    try:
        return msgspec.convert(given, SubscriptionOrder)
    except msgspec.ValidationError as exc:
        raise BadRequest(f"{exc}.") from exc


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise BadRequest("subscription: expected a number.")
    return int(text)
