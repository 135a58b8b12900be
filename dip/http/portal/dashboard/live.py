"""The dashboard kept up to date: server-sent events with the blocks that changed (5.11, FS-50)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
from aiohttp import web

from dip.delivery.arrivals import rest
from dip.delivery.streams import TooManyStreams
from dip.ground.clock import Clock
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.portal.charts.frame import Drawn
from dip.http.portal.dashboard.boards import Boards
from dip.http.portal.powers import Visitor

Present = Callable[[web.Request], Awaitable[Visitor | None]]
"""Finds out who asks, at this moment; None where the log-in is over."""

_HEADERS: Final = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_OVER: Final = b"event: over\ndata: {}\n\n"
_HEARTBEAT: Final = b": heartbeat\n\n"


class LiveBoards:
    """The open streams: at most so many, each ended by its visitor's log-out or by the server's end."""

    def __init__(self, *, boards: Boards, present: Present, settings: Settings, clock: Clock, log: Log) -> None:
        self._boards = boards
        self._present = present
        self._settings = settings
        self._clock = clock
        self._log = log
        self._closing = asyncio.Event()
        self._open = 0

    def close(self) -> None:
        """End every stream, and take no further one."""
        self._closing.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send the blocks, then those that changed, until the visitor goes. Raises TooManyStreams."""
        if self._open >= self._settings.dashboard_streams or self._closing.is_set():
            raise TooManyStreams
        self._open += 1
        try:
            response = web.StreamResponse(headers=_HEADERS)
            await response.prepare(request)
            try:
                await self._send(request, response)
            except (ConnectionError, TimeoutError):
                _abandon(request)
            except Exception:
                # The answer has begun: all that can be done is to end it. The page tries again.
                self._log.exception("dashboard_not_read")
                _abandon(request)
            return response
        finally:
            self._open -= 1

    async def _send(self, request: web.Request, response: web.StreamResponse) -> None:
        sent: Mapping[str, Drawn] = {}
        beat = self._clock.monotonic()
        while request.transport is not None and not request.transport.is_closing():
            visitor = await self._present(request)
            if visitor is None or visitor.must_change:
                await self._write(response, _OVER)
                return
            blocks = (await self._boards.shared(visitor)).blocks
            changed = b"".join(_event(name, drawn.text) for name, drawn in blocks.items() if sent.get(name) != drawn)
            changed += b"".join(_event(name, "") for name in sent if name not in blocks)
            now = self._clock.monotonic()
            if changed or now - beat >= self._settings.stream_heartbeat_s:
                await self._write(response, changed or _HEARTBEAT)
                sent, beat = blocks, now
            if await rest(self._closing, self._settings.dashboard_refresh_s):
                return

    async def _write(self, response: web.StreamResponse, piece: bytes) -> None:
        async with asyncio.timeout(self._settings.answer_timeout_s):
            await response.write(piece)


def _event(block: str, html: str) -> bytes:
    return b"data: " + msgspec.json.encode({"block": block, "html": html}) + b"\n\n"


def _abandon(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
