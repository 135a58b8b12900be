"""The page of maintenance windows: open to everybody, with a form for administrators (5.13.5, FS-62)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from dip.catalogue.pauses import Pauses
from dip.channels.registry import Registry
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError, NotFound
from dip.http.portal.administration_orders import order_of
from dip.http.portal.channel_forms import author_of, moment_of, reason_of
from dip.http.portal.guard import API
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.open_doors import json_response
from dip.http.portal.renderer import Renderer
from dip.http.portal.views import windows_of
from dip.http.problems import status_of
from dip.messages.identifiers import InterfaceId

_PAGE: Final = "/maintenance"
_EVERY_CHANNEL: Final = "all"


class WindowOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A maintenance of several channels. channels: null for every channel served now; times need an offset.

    from: null for now; until: null where nobody knows.
    """

    reason: str
    channels: tuple[InterfaceId, ...] | None = None
    until: datetime | None = None
    starts: datetime | None = msgspec.field(default=None, name="from")


class MaintenancePages:
    """Handlers of `/maintenance` and of `/admin/api/maintenance`."""

    def __init__(
        self, *, pauses: Pauses, maintenance: Maintenance, registry: Current[Registry], renderer: Renderer
    ) -> None:
        self._pauses = pauses
        self._maintenance = maintenance
        self._registry = registry
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Page and call."""
        return [
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.change),
            web.post(f"{API}/maintenance", self.announce),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The windows under way and to come, the next first."""
        return self._show(request)

    async def announce(self, request: web.Request) -> web.Response:
        """Pause several channels, or every one, now or from a moment on; users are told by mail."""
        order = await order_of(request, WindowOrder)
        if any(time is not None and time.tzinfo is None for time in (order.starts, order.until)):
            raise BadRequest("from and until: expected times with an offset, such as 2026-03-21T19:05:00+00:00.")
        channels = self._checked(order.channels)
        await self._pauses.begin_all(
            channels, starts=order.starts, ends=order.until, author=author_of(request), reason=order.reason
        )
        shown = [one for one in self._maintenance.published() if one.channel in channels]
        return json_response({"items": shown, "next": None})

    async def change(self, request: web.Request) -> web.Response:
        """What a form of the page asks for: to announce a window, or to end it."""
        form = await request.post()
        try:
            named = [InterfaceId(str(one)) for one in form.getall("channel", [])]
            if form.get("do") == "end":
                for channel in self._checked(named):
                    await self._end(channel)
            else:
                await self._pauses.begin_all(
                    self._checked(None if named == [_EVERY_CHANNEL] else named),
                    starts=moment_of(form, "from"),
                    ends=moment_of(form, "until"),
                    author=author_of(request),
                    reason=reason_of(form),
                )
        except DipError as refused:
            return self._show(request, form, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?done={'ended' if form.get('do') == 'end' else 'announced'}")

    async def _end(self, channel: InterfaceId) -> None:
        try:
            await self._pauses.end(channel)
        except NotFound:
            # It was over by itself, or somebody else ended it.
            return

    def _checked(self, named: Sequence[InterfaceId] | None) -> Sequence[InterfaceId]:
        """The channels that are meant; None: every one. Raises BadRequest."""
        known = {*self._registry.value.channels, *(one.channel for one in self._maintenance.published())}
        if named is None:
            return sorted(self._registry.value.channels)
        if not named:
            raise BadRequest("channels: name at least one, or all.")
        if not known.issuperset(named):
            raise BadRequest("channels: no channel has one of these ids.")
        return list(dict.fromkeys(named))

    def _show(self, request: web.Request, form: Any = None, refused: DipError | None = None) -> web.Response:
        values = {
            "windows": windows_of(self._maintenance.published()),
            "channels": sorted(self._registry.value.channels.values(), key=lambda one: one.id),
            "typed": {name: str((form or {}).get(name, "")) for name in ("channel", "from", "until", "reason")},
            "refused": refused,
            "done": request.query.get("done", ""),
        }
        status = 200 if refused is None else status_of(refused)
        return self._renderer.page(request, "maintenance.html", values, status=status)
