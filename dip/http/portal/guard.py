"""Who may see what of the portal: a session, or the administration token; the few open addresses."""

import hashlib
import hmac
from typing import Final
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from dip.ground.errors import NotAuthenticated, NotPermitted
from dip.http.portal.powers import EVERY_POWER, Visitor
from dip.http.portal.sessions import COOKIE, Sessions

API: Final = "/admin/api"
FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "X-Form-Token"

_OPEN: Final = frozenset(
    {
        "/healthz",
        "/metrics",
        "/catalogue.json",
        "/maintenance.json",
        "/login",
        "/openapi.json",
        "/asyncapi.json",
        "/docs",
        "/crl",
    }
)
_STATIC: Final = "/static/"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_VISITOR: Final = web.RequestKey("visitor", Visitor)


def guard(sessions: Sessions, admin_token_digest: str) -> Middleware:
    """The middleware that lets nobody in unknown. admin_token_digest: SHA-256 of the token, hexadecimal."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        visitor = await _visitor(request, sessions, admin_token_digest)
        if visitor is not None:
            request[_VISITOR] = visitor
        if _is_open(request):
            return await handler(request)
        if visitor is None:
            if wants_page(request):
                raise web.HTTPSeeOther(f"/login?next={quote(request.path)}")
            raise NotAuthenticated("Log in, or send `Authorization: Bearer` with the token in DIR/admin.token.")
        if request.method not in _READING and visitor.form_token is not None:
            await _check_form(request, visitor.form_token)
        return await handler(request)

    return middleware


def is_open_address(path: str) -> bool:
    """Whether anybody may ask for this address without a log-in."""
    return path in _OPEN or path.startswith(_STATIC)


def visitor_of(request: web.Request) -> Visitor | None:
    """Who asks."""
    return request.get(_VISITOR)


def wants_page(request: web.Request) -> bool:
    """Whether the answer is for a person's eyes: a browser, and not the administration API."""
    return not request.path.startswith("/admin/") and "text/html" in request.headers.get("Accept", "")


def check_origin(request: web.Request) -> None:
    """Raise NotPermitted where a form comes from another site's page."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise NotPermitted("This form was sent by a page of another site. Open the portal itself.")


def _is_open(request: web.Request) -> bool:
    # What leads nowhere is answered "not found" to everybody.
    return is_open_address(request.path) or request.match_info.http_exception is not None


async def _visitor(request: web.Request, sessions: Sessions, admin_token_digest: str) -> Visitor | None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        digest = hashlib.sha256(given.strip().encode()).hexdigest()
        if not hmac.compare_digest(digest, admin_token_digest):
            raise NotAuthenticated("The bearer token is not the one in DIR/admin.token.")
        return Visitor(name="admin.token", form_token=None, powers=EVERY_POWER)
    token = request.cookies.get(COOKIE)
    return await sessions.find(token) if token else None


async def _check_form(request: web.Request, expected: str) -> None:
    check_origin(request)
    given = request.headers.get(FORM_HEADER)
    if given is None:
        given = str((await request.post()).get(FORM_FIELD, ""))
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotPermitted("This form is not of your present log-in. Load the page again, then send it.")
