"""One call of a participant: who calls, what it sent, how it is signed; and how a refusal is answered."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import ClientError, web
from aiohttp.http import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError, NotAuthenticated, NotFound, NotPermitted, TooLarge
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.forwarded import asked, client_address
from dip.http.problems import status_of
from dip.http.request_id import uid_of
from dip.intake.answer import Answering
from dip.intake.refusal import RequestRefused
from dip.messages.headers import API_KEY
from dip.messages.timestamps import wire_time
from dip.participants.access import Caller, check_api_key, check_connection
from dip.participants.rates import Rate, RateExceeded, strangers_rate
from dip.participants.registry import Participants
from dip.security.tls import peer_certificate

JSON: Final = "application/json"
_CALLER = web.RequestKey("caller", Caller)
_FAILED: Final = "MSG1000"
_UNKNOWN_CHANNEL: Final = "MSG1002"
_RETRY_AFTER_S: Final = "5"


class UnknownChannel(NotFound):
    """This DIP serves no such interface."""

    code = "unknown_channel"


class Desk:
    """What every call needs before its own work: the caller, the body within its limits, the answer to a refusal."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        log: Log,
        registry: Current[Registry],
        participants: Current[Participants],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._log = log
        self._registry = registry
        self._participants = participants
        self._requests = Rate(settings.requests_a_second, what="requests", now_s=clock.monotonic)
        self._strangers = strangers_rate(settings, clock)

    def middleware(self) -> Middleware:
        """Identifies the caller of every request and turns every refusal into a StandardResponse."""

        @web.middleware
        async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                try:
                    caller = request[_CALLER] = self._identify(request)
                except (NotAuthenticated, NotPermitted):
                    self._strangers.take(client_address(request))
                    raise
                self._requests.take(caller.dip_id)
                return await handler(request)
            except DipError as exc:
                return self._refuse(request, exc)
            except web.HTTPException as exc:
                return self._refuse_plainly(request, exc.status, exc.reason, exc.headers)
            except Exception:
                request_id = uid_of(request)
                self._log.exception("request_failed_unexpectedly", request_id=request_id)
                help_text = f"Something went wrong here; it was logged as {request_id}."
                return self._standard(request, 500, _FAILED, help_text)

        return answer

    async def read(self, request: web.Request, limit: int | None = None) -> bytes:
        """The body, within the limit and the time. limit: bytes; None: the limit for requests with messages.

        Raises TooLarge, BadRequest.
        """
        most, timeout_s = limit or self._settings.body_limit_bytes, self._settings.request_timeout_s
        advice = " Send fewer messages in one request." if limit is None else ""
        try:
            async with asyncio.timeout(timeout_s):
                return await _read(request, most, f"Body: expected at most {most} bytes.{advice}")
        except TimeoutError as exc:
            raise BadRequest(f"Body: expected all of it within {timeout_s:g} s.") from exc

    def urls(self, request: web.Request) -> Sequence[str]:
        """The forms of the address that the caller may have signed, the full one first."""
        target = request.raw_path
        absolute = ""
        if not target.startswith("/"):  # the absolute form, as a proxy may write it (RFC 9112, 3.2.2)
            absolute, target = target, "/" + target.partition("://")[2].partition("/")[2]
        public = self._settings.public_url.rstrip("/")
        full = [f"{public}{target}"] if public else []
        through = asked(request)
        if through.host != request.host:
            full.append(f"{through.scheme}://{through.host}{target}")
        full.append(absolute or f"https://{request.host}{target}")
        return [*full, *(url.partition("://")[2] for url in full), target]

    def refuse_unread(self, status: int, detail: str) -> web.Response:
        """The answer to what never became a request."""
        return self._standard(None, status, _FAILED, detail)

    def check_again(self, request: web.Request) -> None:
        """Whether the caller would still be let in: a certificate may be revoked, or expire, while a call waits.

        Raises NotAuthenticated, NotPermitted.
        """
        self._identify(request)

    def admits(self, request: web.Request) -> bool:
        """Whether `check_again` has nothing against the caller."""
        try:
            self._identify(request)
        except (NotAuthenticated, NotPermitted):
            return False
        return True

    def _identify(self, request: web.Request) -> Caller:
        participants = self._participants.value
        der = peer_certificate(request.transport)
        caller = check_connection(participants, der, self._clock.wall(), self._settings.environment)
        check_api_key(participants, caller, request.headers.get(API_KEY), required=self._settings.api_key_required)
        return caller

    def _refuse(self, request: web.Request, error: DipError) -> web.Response:
        if isinstance(error, RequestRefused):
            return self._standard(request, error.status, error.response_code, error.message)
        code = _UNKNOWN_CHANNEL if isinstance(error, UnknownChannel) else _FAILED
        again = {"Retry-After": str(error.after_s)} if isinstance(error, RateExceeded) else {}
        return self._standard(request, status_of(error), code, error.message, again)

    def _refuse_plainly(
        self, request: web.Request, status: int, reason: str, headers: Mapping[str, str]
    ) -> web.Response:
        kept = {"Allow": headers["Allow"]} if "Allow" in headers else {}
        return self._standard(request, status, _FAILED, f"{reason}: {request.method} {request.path}", kept)

    def _standard(
        self,
        request: web.Request | None,
        status: int,
        code: str,
        help_text: str,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        caller = request.get(_CALLER) if request is not None else None
        answering = Answering(self._settings.switches, self._registry.value.response_codes)
        timestamp = wire_time(self._clock.now())
        body = answering.refuse_whole(code, help_text, caller.dip_id if caller else None, timestamp)
        extra = dict(headers or {})
        if status in (429, 503):
            extra.setdefault("Retry-After", _RETRY_AFTER_S)
        return web.Response(status=status, body=body, content_type=JSON, headers=extra)


async def _read(request: web.Request, limit: int, refusal: str) -> bytes:
    """The body. limit: bytes; refusal: what is said where there are more of them."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BadRequest("Content-Encoding: expected none; the content hash covers the body as it is sent.")
    if (request.content_length or 0) > limit:
        raise TooLarge(refusal)
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise TooLarge(refusal)
    except (ConnectionError, ClientError, HttpProcessingError) as exc:
        raise BadRequest("Body: expected all of it; the connection broke off, or its chunks have no form.") from exc
    return bytes(body)


def known_caller(request: web.Request) -> Caller | None:
    """Who calls, where that was found out."""
    return request.get(_CALLER)


def caller_of(request: web.Request) -> Caller:
    """Who calls."""
    return request[_CALLER]
