"""Stands between a client and a server and passes bytes on, or holds or breaks connections when a test wants it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_CHUNK = 16 * 1024


class Relay:
    """A listening socket before a server's. Bytes count from client to server, over all connections.

    hold_at: so many bytes pass, then `held` is set and nothing passes before `go_on` is. cut_every: a connection is
    broken off after so many bytes of its own, cuts times.
    """

    def __init__(self, port: int) -> None:
        self.passed = 0
        self.hold_at: int | None = None
        self.held = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cut_every: int | None = None
        self.cuts = 0
        self.url = ""
        self._port = port
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        ways = [
            asyncio.create_task(self._forth(reader, behind_writer)),
            asyncio.create_task(self._back(behind_reader, writer)),
        ]
        self._serving.update(ways)
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._serving.difference_update(ways)
            writer.transport.abort()
            behind_writer.transport.abort()

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        of_connection = 0
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                writer.write(chunk)
                await writer.drain()
                self.passed += len(chunk)
                of_connection += len(chunk)
                if self.hold_at is not None and self.passed >= self.hold_at:
                    self.hold_at = None
                    self.held.set()
                    await self.go_on.wait()
                if self.cuts and self.cut_every is not None and of_connection >= self.cut_every:
                    self.cuts -= 1
                    return

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                writer.write(chunk)
                await writer.drain()


@asynccontextmanager
async def relay(port: int) -> AsyncIterator[Relay]:
    """A relay to a port of this machine."""
    made = Relay(port)
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        made.go_on.set()
        listening.close()
        await listening.wait_closed()
