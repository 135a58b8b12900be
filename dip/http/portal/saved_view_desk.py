"""Views that a user keeps: the page `/views`, the link of each, and the calls of the administration API (FS-54)."""

from typing import Final

import msgspec
from aiohttp import web

from dip.ground.errors import BadRequest, DipError, NotPermitted
from dip.http.portal.administration_orders import order_of
from dip.http.portal.alarms import number_in
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.open_doors import json_response
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.http.portal.view_addresses import check_view_address, in_words
from dip.http.problems import status_of
from dip.reporting.saved_views import LONGEST_NAME, SavedViews

_PAGE: Final = "/views"
_ONE: Final = f"{_PAGE}/{{view_id}}"
_CALLS: Final = f"{API}/views"
_DONE: Final = {"add": "The view is kept.", "change": "The view was changed.", "remove": "The view was removed."}


class ViewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A view to be kept. address: path and query of a page of the portal. shared: with one's colleagues."""

    name: str
    address: str
    shared: bool = False


class SavedViewDesk:
    """Handlers of the views of each user. They are one's own, also while one views the portal as a participant."""

    def __init__(self, *, views: SavedViews, renderer: Renderer) -> None:
        self._views = views
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """Calls and pages."""
        return [
            web.get(_CALLS, self.listed),
            web.post(_CALLS, self.keep),
            web.delete(f"{_CALLS}/{{view_id}}", self.remove),
            web.get(_PAGE, self.page),
            web.post(_PAGE, self.send),
            web.get(_ONE, self.open),
            web.post(_ONE, self.change),
        ]

    async def listed(self, request: web.Request) -> web.Response:
        """The views that you keep, and those that colleagues share with you."""
        user, company = _user(present_visitor(request))
        shared = self._views.shared_with(user, company)
        return json_response({"items": self._views.of(user), "next": None, "shared": shared})

    async def keep(self, request: web.Request) -> web.Response:
        """Keep a page with its conditions under a name."""
        user, _ = _user(present_visitor(request))
        order = await order_of(request, ViewOrder)
        address = check_view_address(order.address)
        return json_response(await self._views.add(user, order.name, address, shared=order.shared), status=201)

    async def remove(self, request: web.Request) -> web.Response:
        """Keep a view of yours no more."""
        user, _ = _user(present_visitor(request))
        await self._views.remove(user, number_in(request, "view_id"))
        return web.Response(status=204)

    async def open(self, request: web.Request) -> web.Response:
        """The page that a view keeps. What it shows is what its reader may see."""
        user, company = _user(present_visitor(request))
        raise web.HTTPSeeOther(self._views.one(number_in(request, "view_id"), user, company).address)

    async def page(self, request: web.Request) -> web.Response:
        """The views that one keeps, and those of colleagues."""
        return self._show(request)

    async def send(self, request: web.Request) -> web.Response:
        """Keep a page, as its own form asks."""
        form = await request.post()
        name, address, shared = str(form.get("name", "")), str(form.get("address", "")), form.get("shared") == "1"
        try:
            user, _ = _user(present_visitor(request))
            await self._views.add(user, name, check_view_address(address), shared=shared)
        except DipError as refused:
            return self._show(request, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?done=add")

    async def change(self, request: web.Request) -> web.Response:
        """Give a view another name, share it or not, or remove it."""
        form, number = await request.post(), number_in(request, "view_id")
        action = str(form.get("do", ""))
        try:
            user, _ = _user(present_visitor(request))
            if action == "change":
                shared = form.get("shared") == "1"
                await self._views.change(user, number, str(form.get("name", "")), shared=shared)
            elif action == "remove":
                await self._views.remove(user, number)
            else:
                raise BadRequest("do: expected change or remove.")
        except DipError as refused:
            return self._show(request, refused)
        raise web.HTTPSeeOther(f"{_PAGE}?done={action}")

    def _show(self, request: web.Request, refused: DipError | None = None) -> web.Response:
        visitor = present_visitor(request)
        is_user = visitor.form_token is not None
        user, company = _user(visitor) if is_user else ("", None)
        values = {
            "is_user": is_user,
            "own": self._views.of(user) if is_user else [],
            "shared": self._views.shared_with(user, company) if is_user else [],
            "in_words": in_words,
            "longest_name": LONGEST_NAME,
            "refused": refused,
            "done": _DONE.get(request.query.get("done", ""), ""),
        }
        return self._renderer.page(request, "views.html", values, status=200 if refused is None else status_of(refused))


def _user(visitor: Visitor) -> tuple[str, str | None]:
    """The name of the user who asks, and its own company. Raises NotPermitted where it is the administration token."""
    if visitor.form_token is None:
        raise NotPermitted("The administration token is no user: log in as one to keep views.")
    return visitor.name, (visitor.viewer or visitor).company
