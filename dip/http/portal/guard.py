"""Lets nobody into the portal but by the rules: a session, a client certificate or the administration token."""

import hashlib
import hmac
from typing import Final
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from dip.ground.errors import NotAuthenticated, NotPermitted
from dip.http.forwarded import asked
from dip.http.portal.permissions import API as CALLS
from dip.http.portal.permissions import RULES, route_key
from dip.http.portal.powers import ADMINISTRATION, EVERY_POWER, Visitor
from dip.http.portal.sessions import COOKIE, Sessions
from dip.http.portal.streamed_forms import STREAMED, streamed_form
from dip.http.portal.view_as import ViewAs
from dip.security.tls import peer_certificate

API: Final = CALLS
FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "X-Form-Token"
MUST_CHANGE: Final = "/account/password"

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_VISITOR: Final = web.RequestKey("visitor", Visitor)


def guard(sessions: Sessions, admin_token_digest: str, view_as: ViewAs) -> Middleware:
    """The middleware that lets nobody in unknown. admin_token_digest: SHA-256 of the token, hexadecimal.

    view_as: whoever views the portal as a participant is that participant's user for everything behind the guard.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        visitor = await _visitor(request, sessions, admin_token_digest)
        if visitor is not None:
            request[_VISITOR] = visitor
            visitor = request[_VISITOR] = view_as.seen(request, visitor)
        key = route_key(request)
        rule = None if key is None else RULES.get(key)
        # What leads nowhere is answered "not found" to everybody.
        if key is None or (rule is not None and rule.is_open):
            return await handler(request)
        if visitor is None:
            if wants_page(request):
                raise web.HTTPSeeOther(f"/login?next={quote(request.path)}")
            raise NotAuthenticated("Log in, or send `Authorization: Bearer` with the token in DIR/admin.token.")
        if rule is None:
            raise NotPermitted("No rule says who may do this, so nobody may.")
        if visitor.must_change and not rule.before_change:
            if request.method in _READING and wants_page(request):
                raise web.HTTPSeeOther(MUST_CHANGE)
            raise NotPermitted(f"Change the password first, at {MUST_CHANGE}: others know the one you logged in with.")
        if rule.powers is not None:
            visitor.check_has(*sorted(rule.powers))
        if rule.in_person and visitor.viewer is not None:
            raise NotPermitted("You see the portal as a participant does. Stop that first: this is done in person.")
        if request.method not in _READING and visitor.form_token is not None:
            await _check_form(request, visitor.form_token, is_streamed=key in STREAMED)
        return await handler(request)

    return middleware


def visitor_of(request: web.Request) -> Visitor | None:
    """Who asks."""
    return request.get(_VISITOR)


async def visitor_again(
    request: web.Request, sessions: Sessions, admin_token_digest: str, view_as: ViewAs
) -> Visitor | None:
    """Who asks, looked at again while a long answer goes on; None where the log-in is over."""
    visitor, before = await _visitor(request, sessions, admin_token_digest), visitor_of(request)
    seen = None if visitor is None else view_as.seen(request, visitor)
    # Where the participant as which the answer began has gone, it does not go on with other eyes.
    is_same = seen is not None and before is not None and seen.viewed_as == before.viewed_as
    return seen if is_same else None


def wants_page(request: web.Request) -> bool:
    """Whether the answer is for a person's eyes: a browser, and not the administration API."""
    return not request.path.startswith("/admin/") and "text/html" in request.headers.get("Accept", "")


def client_certificate(request: web.Request) -> str | None:
    """The fingerprint of the client certificate that the connection showed and TLS verified; None: it showed none."""
    der = peer_certificate(request.transport)
    return None if der is None else hashlib.sha256(der).hexdigest()


def present_visitor(request: web.Request) -> Visitor:
    """Who asks, behind the guard. Raises NotAuthenticated at an open address."""
    visitor = visitor_of(request)
    if visitor is None:
        raise NotAuthenticated("Log in first.")
    return visitor


def check_origin(request: web.Request) -> None:
    """Raise NotPermitted where a form comes from another site's page."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc not in (request.host, asked(request).host):
        raise NotPermitted("This form was sent by a page of another site. Open the portal itself.")


async def _visitor(request: web.Request, sessions: Sessions, admin_token_digest: str) -> Visitor | None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        digest = hashlib.sha256(given.strip().encode()).hexdigest()
        if not hmac.compare_digest(digest, admin_token_digest):
            raise NotAuthenticated("The bearer token is not the one in DIR/admin.token.")
        return Visitor(name=ADMINISTRATION, form_token=None, powers=EVERY_POWER)
    token = request.cookies.get(COOKIE)
    return await sessions.find(token) if token else None


async def _check_form(request: web.Request, expected: str, *, is_streamed: bool) -> None:
    check_origin(request)
    given = request.headers.get(FORM_HEADER)
    if given is None and is_streamed:
        given = await (await streamed_form(request)).field(FORM_FIELD)
    elif given is None:
        given = str((await request.post()).get(FORM_FIELD, ""))
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotPermitted("This form is not of your present log-in. Load the page again, then send it.")
