"""The clock: calls of the administration API, and the page (contract, The clock)."""

from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.channels.durations import duration, written
from dip.delivery.business_time import BusinessTime, Times
from dip.ground.errors import BadRequest, DipError
from dip.http.portal.administration_orders import order_of
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.problems import status_of

_PAGE: Final = "/clock"
_STEPS: Final = (("PT1H", "1 hour"), ("P1D", "1 day"), ("P14D", "14 days"))


class Advance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far to move the clock: an ISO 8601 duration in days, hours, minutes and seconds."""

    advance: str


class ClockView(msgspec.Struct, frozen=True):
    """The clock. now: business time; offset: how far it is ahead of the wall clock, an ISO 8601 duration."""

    now: datetime
    wall: datetime
    offset: str


class ClockDesk:
    """Handlers of `/admin/api/clock` and of the page `/clock`."""

    def __init__(self, *, business_time: BusinessTime, renderer: Renderer) -> None:
        self._business_time = business_time
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and page."""
        return [
            web.get(f"{API}/clock", self.shown),
            web.post(f"{API}/clock", self.advance),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.move),
        ]

    async def shown(self, request: web.Request) -> web.Response:
        """Business time, wall time, and the offset between them."""
        return json_response(_view(self._business_time.times()))

    async def advance(self, request: web.Request) -> web.Response:
        """Move business time forward.

        It answers when everything that became due has moved in the store: one attempt for each due delivery, then
        dead letters. It does not wait for the answers of webhooks. Refused in PRD.
        """
        order = await order_of(request, Advance)
        return json_response(_view(await self._business_time.advance(_length(order.advance))))

    async def page(self, request: web.Request) -> web.Response:
        """The clock and the form that moves it."""
        return self._page(request)

    async def move(self, request: web.Request) -> web.Response:
        """What the form asks for."""
        form = await request.post()
        text = str(form.get("step") or form.get("advance", "")).strip()
        try:
            await self._business_time.advance(_length(text.upper()))
        except DipError as refused:
            return self._page(request, typed=text, refused=refused)
        raise web.HTTPSeeOther(f"{_PAGE}?moved=1")

    def _page(self, request: web.Request, typed: str = "", refused: DipError | None = None) -> web.Response:
        values: dict[str, Any] = {
            "times": self._business_time.times(),
            "movable": self._business_time.movable,
            "steps": _STEPS,
            "typed": typed,
            "refused": refused,
            "moved": request.query.get("moved") == "1",
        }
        return self._renderer.page(request, "clock.html", values, status=200 if refused is None else status_of(refused))


def _length(text: str) -> Any:
    try:
        return duration(text)
    except ValueError as exc:
        raise BadRequest(
            "advance: expected an ISO 8601 duration of days, hours, minutes and seconds, such as PT336H or P14D."
        ) from exc


def _view(times: Times) -> ClockView:
    return ClockView(times.now, times.wall, written(times.offset))
