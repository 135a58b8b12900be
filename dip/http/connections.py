"""A caller's connection, bounded in time at every step; what the HTTP parser refuses is answered in the port's form."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast

import msgspec
from aiohttp import web
from aiohttp.http import HttpVersion10
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo

from dip.ground.log import Log
from dip.http.unread import NOT_TLS, OLD_VERSION, Refuse, Unread, too_slow, unread

_LINGER_S: Final = 2.0
"""How long a refused caller may go on sending before the connection is closed; closed under its hands, the answer
would be lost."""
_QUIET_S: Final = 0.1
_Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Bounds(msgspec.Struct, frozen=True):
    """How long each step of a connection may take, seconds."""

    header_timeout_s: float
    body_timeout_s: float
    answer_timeout_s: float

    @property
    def pace_s(self) -> float:
        """How often connections are looked at."""
        return min(1.0, self.header_timeout_s / 4, self.body_timeout_s / 4, self.answer_timeout_s / 4)


class Connection(web.RequestHandler):
    """The protocol of one connection.

    refuse: the port's way to say no. is_plain: the caller does not speak TLS though the port does; whatever it asks is
    refused. gone: called once, when the connection is over.
    """

    __slots__ = (
        "_bounds",
        "_gone",
        "_head_since_s",
        "_is_plain",
        "_last_read_s",
        "_log",
        "_refuse",
        "_stuck_since_s",
        "_wire",
    )

    def __init__(
        self,
        manager: web.Server,
        *,
        loop: asyncio.AbstractEventLoop,
        bounds: Bounds,
        refuse: Refuse,
        is_plain: bool,
        gone: Callable[[], None],
        log: Log,
        **options: Any,
    ) -> None:
        super().__init__(manager, loop=loop, **options)
        self._bounds = bounds
        self._refuse = refuse
        self._is_plain = is_plain
        self._gone = gone
        self._log = log
        self._wire: asyncio.Transport | None = None
        self._last_read_s = 0.0
        self._head_since_s: float | None = None
        self._stuck_since_s: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # Of another class with another event loop.
        self._wire = cast(asyncio.Transport, transport)
        self._last_read_s = self._loop.time()
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Over."""
        self._wire = None
        super().connection_lost(exc)
        self._gone()

    def data_received(self, data: bytes) -> None:
        """Read on; with the first bytes of a request the time for its headers begins."""
        self._last_read_s = self._loop.time()
        super().data_received(data)
        if data and self._head_since_s is None and self._current_request is None and not self._messages:
            self._head_since_s = self._last_read_s

    def resume_writing(self) -> None:
        """The caller reads."""
        self._stuck_since_s = None
        super().resume_writing()

    def hurry(self) -> None:
        """Of a body that nobody reads to its end, perhaps gigabytes, take in no more than a refusal needs to arrive."""
        self._lingering_time = _LINGER_S

    def check(self, now_s: float) -> None:
        """End what takes too long. now_s: of the loop's clock."""
        wire = self._wire
        if wire is None:
            return
        if self._paused or wire.is_closing():
            self._stuck_since_s = self._stuck_since_s or now_s
            if now_s - self._stuck_since_s > self._bounds.answer_timeout_s:
                self._log.info("connection_ended", reason="the caller does not read")
                wire.abort()
        elif self._current_request is not None:
            self._check_body(self._current_request, now_s)
        else:
            self._check_head(now_s)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to what never became a request, or to a fault that nobody caught."""
        if isinstance(exc, ConnectionError):
            raise exc
        if status >= 500:
            self.log_exception("Error handling request", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("An answer is under way; there can't be another one.")
        return self._refusal(unread(exc, message or "") if status == 400 else Unread(status, message or "It failed."))

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send; what the library refuses by itself, such as an unknown Expect, has the port's form too."""
        if isinstance(resp, web.HTTPException) and resp.status >= 400 and not resp.prepared:
            resp = self._refusal(Unread(resp.status, f"{resp.reason}."))
        return await super().finish_response(request, resp, start_time)

    async def _handle_request(
        self, request: web.BaseRequest, start_time: float | None, request_handler: _Handle
    ) -> tuple[web.StreamResponse, bool]:
        self._head_since_s = None
        if self._is_plain:
            request_handler = self._answering(NOT_TLS)
        elif request.version < HttpVersion10:
            request_handler = self._answering(OLD_VERSION)
        return await super()._handle_request(request, start_time, request_handler)

    def _make_error_handler(self, err_info: _ErrInfo) -> _Handle:
        async def refuse(request: web.BaseRequest) -> web.StreamResponse:
            response = self.handle_error(request, err_info.status, err_info.exc, err_info.message)
            return await self._send_and_linger(request, response)

        return refuse

    def _answering(self, refusal: Unread) -> _Handle:
        async def refuse(request: web.BaseRequest) -> web.StreamResponse:
            return await self._send_and_linger(request, self._refusal(refusal))

        return refuse

    def _refusal(self, refusal: Unread) -> web.StreamResponse:
        self._log.info("request_not_taken", status=refusal.status)
        response = self._refuse(refusal.status, refusal.detail)
        response.force_close()
        return response

    async def _send_and_linger(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse:
        await response.prepare(request)
        await response.write_eof()
        self.close()
        end_s = self._loop.time() + _LINGER_S
        seen_s = -1.0
        while self._wire is not None and seen_s != self._last_read_s and self._loop.time() < end_s:
            seen_s = self._last_read_s
            await asyncio.sleep(_QUIET_S)
        return response

    def _check_body(self, request: web.BaseRequest, now_s: float) -> None:
        content = request.content
        if content.is_eof() or self._reading_paused or content.exception() is not None:
            return
        if now_s - self._last_read_s > self._bounds.body_timeout_s:
            # Whoever waits for the rest is told; nobody reads on afterwards.
            self._lingering_time = 0.0
            content.set_exception(web.HTTPRequestTimeout())

    def _check_head(self, now_s: float) -> None:
        waiter, since_s = self._waiter, self._head_since_s
        if since_s is None or waiter is None or waiter.done() or now_s - since_s <= self._bounds.header_timeout_s:
            return
        self._head_since_s = None
        late = too_slow(self._bounds.header_timeout_s)
        self._messages.append((_ErrInfo(late.status, TimeoutError(), late.detail), EMPTY_PAYLOAD))
        waiter.set_result(None)
