"""The log-in page, and logging out."""

import math

from aiohttp import web

from dip.ground.log import Log
from dip.http.forwarded import asked, client_address
from dip.http.portal.guard import check_origin, client_certificate
from dip.http.portal.local_address import local_address
from dip.http.portal.lock_out import LockOut
from dip.http.portal.renderer import Renderer
from dip.http.portal.sessions import COOKIE, Sessions
from dip.http.portal.view_as import stop_viewing


class LogIn:
    """Handlers of `/login` and `/logout`."""

    def __init__(self, *, sessions: Sessions, lock_out: LockOut, renderer: Renderer, log: Log) -> None:
        self._sessions = sessions
        self._lock_out = lock_out
        self._renderer = renderer
        self._log = log

    def routes(self) -> list[web.RouteDef]:
        """In and out."""
        return [
            web.get("/login", self.form),
            web.post("/login", self.log_in),
            web.post("/logout", self.log_out),
        ]

    async def form(self, request: web.Request) -> web.Response:
        """The form; a user's client certificate that is in force leads past it."""
        # Who has just logged out is not logged in again at once.
        fingerprint = None if "out" in request.query else client_certificate(request)
        token = None if fingerprint is None else await self._sessions.log_in_by_certificate(fingerprint)
        if token is not None:
            self._log.info("user_logged_in", by="certificate")
            raise self._welcomed(request, token)
        return self._page(request)

    async def log_in(self, request: web.Request) -> web.Response:
        """Begin a session, or show the form again with what is wrong."""
        check_origin(request)
        given = await request.post()
        name, password = str(given.get("name", "")).strip(), str(given.get("password", ""))
        address = client_address(request)
        if left_s := self._lock_out.left_s(name, address):
            self._log.warning("log_in_locked_out")
            return self._page(request, name=name, status=429, locked_s=left_s)
        # Counted before it is known: a crowd that asks at once gets no more tries.
        self._lock_out.failed(name, address)
        token = await self._sessions.log_in(name, password)
        if token is None:
            self._log.warning("log_in_refused")
            return self._page(request, refused=True, name=name, status=403)
        self._lock_out.succeeded(name, address)
        self._log.info("user_logged_in", by="password")
        raise self._welcomed(request, token)

    async def log_out(self, request: web.Request) -> web.Response:
        """End the session."""
        token = request.cookies.get(COOKIE)
        if token:
            await self._sessions.log_out(token)
        response = web.HTTPSeeOther("/login" if client_certificate(request) is None else "/login?out=1")
        response.del_cookie(COOKIE, path="/")
        stop_viewing(request, response)
        raise response

    def _welcomed(self, request: web.Request, token: str) -> web.HTTPSeeOther:
        """Where the log-in leads, with the session's cookie."""
        response = web.HTTPSeeOther(local_address(request.query.get("next", "")))
        set_session(request, response, token)
        # Whom somebody else viewed at this browser is nothing to who logs in now.
        stop_viewing(request, response)
        return response

    def _page(
        self, request: web.Request, *, refused: bool = False, name: str = "", status: int = 200, locked_s: int = 0
    ) -> web.Response:
        values = {
            "refused": refused,
            "locked_minutes": math.ceil(locked_s / 60),
            "name": name,
            "next": local_address(request.query.get("next", "")),
        }
        page = self._renderer.page(request, "login.html", values, status=status)
        if locked_s:
            page.headers["Retry-After"] = str(locked_s)
        return page


def set_session(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Put a session's token into its cookie: kept from scripts, and from the clear wherever there is TLS."""
    secure = asked(request).scheme == "https"
    response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=secure, path="/")
