"""Errors as pages for people and as problem documents for programs; headers that every answer carries."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from dip.ground.errors import DipError
from dip.ground.log import Log
from dip.http.portal.guard import wants_page
from dip.http.portal.renderer import Renderer
from dip.http.problems import Problem, framework_problem, problem, problem_response, unexpected
from dip.http.request_id import uid_of
from dip.participants.rates import RateExceeded

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # `no-referrer` would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
}


_UNREAD: Final = {408: "too_slow", 414: "too_large", 431: "too_large", 505: "version_not_supported"}


def failures(renderer: Renderer, log: Log) -> Middleware:
    """The middleware that turns errors into answers; only a bug is logged, with one traceback."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except DipError as error:
            response = _answer(renderer, request, problem(error))
            if isinstance(error, RateExceeded):
                response.headers["Retry-After"] = str(error.after_s)
            return response
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return _answer(renderer, request, framework_problem(error), error)
        except Exception:
            request_id = uid_of(request)
            log.exception("portal_request_failed", request_id=request_id, method=request.method)
            return _answer(renderer, request, unexpected(request_id))

    return middleware


async def add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Set what browsers need to be strict; pages are kept nowhere, static files are asked for again."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "reference-dip"
    kept = "no-cache" if request.path.startswith("/static/") else "no-store"
    response.headers.setdefault("Cache-Control", kept)


def refuse_unread(status: int, detail: str) -> web.Response:
    """The answer to what never became a request."""
    code = _UNREAD.get(status, "bad_request")
    found = Problem(code.replace("_", " ").capitalize(), status, code, detail)
    return problem_response(found, {**SECURITY_HEADERS, "Server": "reference-dip", "Cache-Control": "no-store"})


def _answer(
    renderer: Renderer, request: web.Request, found: Problem, error: web.HTTPException | None = None
) -> web.Response:
    if wants_page(request):
        response = renderer.page(request, "failure.html", {"problem": found}, status=found.status)
    else:
        response = problem_response(found)
    if found.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if error is not None and "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response
