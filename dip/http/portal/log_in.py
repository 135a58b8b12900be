"""The log-in page, and logging out."""

from aiohttp import web

from dip.ground.log import Log
from dip.http.portal.guard import check_origin
from dip.http.portal.renderer import Renderer
from dip.http.portal.sessions import COOKIE, Sessions

_HOME = "/messages"


class LogIn:
    """Handlers of `/login` and `/logout`."""

    def __init__(self, *, sessions: Sessions, renderer: Renderer, log: Log) -> None:
        self._sessions = sessions
        self._renderer = renderer
        self._log = log

    async def form(self, request: web.Request) -> web.Response:
        """The form."""
        return self._page(request, refused=False, name="")

    async def log_in(self, request: web.Request) -> web.Response:
        """Begin a session, or show the form again with what is wrong."""
        check_origin(request)
        given = await request.post()
        name, password = str(given.get("name", "")).strip(), str(given.get("password", ""))
        token = await self._sessions.log_in(name, password)
        if token is None:
            self._log.warning("log_in_refused")
            return self._page(request, refused=True, name=name, status=403)
        self._log.info("user_logged_in")
        response = web.HTTPSeeOther(_local(request.query.get("next", "")))
        response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=request.secure, path="/")
        raise response

    async def log_out(self, request: web.Request) -> web.Response:
        """End the session."""
        token = request.cookies.get(COOKIE)
        if token:
            await self._sessions.log_out(token)
        response = web.HTTPSeeOther("/login")
        response.del_cookie(COOKIE, path="/")
        raise response

    def _page(self, request: web.Request, *, refused: bool, name: str, status: int = 200) -> web.Response:
        values = {"refused": refused, "name": name, "next": _local(request.query.get("next", ""))}
        return self._renderer.page(request, "login.html", values, status=status)


def _local(target: str) -> str:
    """Where to go after the log-in: an address of this portal, never another site's."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if is_local and target != "/" else _HOME
