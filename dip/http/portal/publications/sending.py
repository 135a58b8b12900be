"""Sends the content of a download, watching over time: who takes nothing is cut off."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from aiohttp import web

from dip.ground.errors import DipError

_SLICE: Final = 128 * 1024
"""Each is to be taken in time: who reads slowly is not who reads nothing. More than the library gathers unsent."""


class Download(web.StreamResponse):
    """An answer with content of any length. `body_length`, for the activity log: what the reader's connection took."""

    _taken = 0

    @property
    def body_length(self) -> int:
        """Bytes of content, without headers and what else goes over the wire."""
        return self._taken

    async def stream(
        self, request: web.Request, pieces: AsyncGenerator[bytes | memoryview, None], stall_s: float
    ) -> OSError | DipError | None:
        """Send the pieces to the end; why they did not come so far otherwise, after the connection was cut.

        Once the headers are out no other answer can be given: only a connection that ends early tells the reader.
        """
        try:
            async with asyncio.timeout(stall_s):
                await self.prepare(request)
            if request.transport is not None:
                # A slice is out of our hands when it is written: none waits here while the next is read.
                request.transport.set_write_buffer_limits(high=0)
            async with aclosing(pieces):
                async for piece in pieces:
                    await self._send(piece, stall_s)
                    # While the next one is read, this one is held by nobody but the connection.
                    del piece
            async with asyncio.timeout(stall_s):
                await self.write_eof()
            if request.transport is not None:
                request.transport.set_write_buffer_limits()
        except (OSError, DipError) as exc:
            _cut(request)
            return exc
        except BaseException:
            _cut(request)
            raise
        return None

    async def _send(self, piece: bytes | memoryview, stall_s: float) -> None:
        view = memoryview(piece)
        for start in range(0, len(view), _SLICE):
            part = view[start : start + _SLICE]
            async with asyncio.timeout(stall_s):
                await self.write(part)
            self._taken += len(part)


def is_sent(request: web.Request) -> bool:
    """Whether everything that was written to the connection has left the process."""
    return request.transport is None or request.transport.get_write_buffer_size() == 0


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
