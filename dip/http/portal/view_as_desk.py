"""Choosing the participant as whose user one sees the portal, and stopping it (5.12)."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from dip.ground.errors import NotFound
from dip.http.forwarded import asked
from dip.http.portal.guard import present_visitor
from dip.http.portal.local_address import local_address
from dip.http.portal.renderer import Renderer
from dip.http.portal.view_as import COOKIE, ViewAs, stop_viewing
from dip.participants.participant import Participant

_PAGE: Final = "/view-as"
_SHOWN: Final = 50


class ViewAsDesk:
    """Handlers of `/view-as`. Who may not, and everybody in production, is told that there is no such page."""

    def __init__(self, *, view_as: ViewAs, renderer: Renderer) -> None:
        self._view_as = view_as
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The page and its form."""
        return [web.get(_PAGE, self.page), web.post(_PAGE, self.send)]

    async def page(self, request: web.Request) -> web.Response:
        """Participants to choose from, those that fit where something was typed."""
        self._check(request)
        text = request.query.get("participant", "").strip()
        found = self._view_as.found(text, _SHOWN) if text else self._view_as.first(_SHOWN)
        return self._show(request, text, found, local_address(request.query.get("back", "")))

    async def send(self, request: web.Request) -> web.Response:
        """See the portal as a participant's user does, or with one's own eyes again; back to where one was."""
        self._check(request)
        form = await request.post()
        back, text = local_address(str(form.get("back", ""))), str(form.get("participant", "")).strip()
        response = web.HTTPSeeOther(back)
        if form.get("do") == "stop":
            stop_viewing(request, response)
            raise response
        found = self._view_as.found(text, _SHOWN)
        if len(found) != 1:
            return self._show(request, text, found, back, status=200 if found else 400)
        # The flags of the session's cookie, so that one never travels without the other.
        secure = asked(request).scheme == "https"
        response.set_cookie(COOKIE, found[0].dip_id, httponly=True, samesite="Lax", secure=secure, path="/")
        raise response

    def _check(self, request: web.Request) -> None:
        if not self._view_as.may(present_visitor(request)):
            raise NotFound(
                "Only the DIP's own people view the portal as a participant, logged in, outside of production."
            )

    def _show(
        self, request: web.Request, text: str, found: Sequence[Participant], back: str, status: int = 200
    ) -> web.Response:
        values = {"text": text, "found": found, "back": back, "is_cut": len(found) == _SHOWN}
        return self._renderer.page(request, "view_as.html", values, status=status)
