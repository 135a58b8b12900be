"""How much the portal does for those who are not logged in: a rate for each address (8.3), off unless set."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from dip.ground.errors import NotAuthenticated
from dip.http.forwarded import client_address
from dip.http.portal.sessions import COOKIE
from dip.participants.rates import Rate

_ALWAYS: Final = frozenset({"/healthz"})
"""What load balancers ask again and again."""


def strangers_limited(rate: Rate) -> Middleware:
    """The middleware that answers 429 to an address whose requests without log-in, or with a wrong one, are too many.

    Then it says so to everybody at that address, before a password or token is looked at: or guessing would go on.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in _ALWAYS:
            return await handler(request)
        address = client_address(request)
        if "Authorization" not in request.headers and COOKIE not in request.cookies:
            rate.take(address)
            return await handler(request)
        rate.check(address)
        try:
            return await handler(request)
        except NotAuthenticated:
            rate.take(address)
            raise

    return middleware
