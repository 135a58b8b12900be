"""The door of a port: how many connections may be open, how long a TLS handshake may take, who speaks no TLS at all."""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final, cast

from aiohttp import web

from dip.ground.log import Log
from dip.http.connections import Bounds, Connection
from dip.http.forwarded import is_within
from dip.http.unread import Refuse
from dip.participants.webhooks import Network

_TLS_HANDSHAKE: Final = 0x16
"""The first byte of every TLS connection (RFC 8446, 5.1)."""
_REST_S: Final = 0.5
"""After a connection could not be accepted, mostly for want of file descriptors."""
_TOLD_EVERY_S: Final = 60.0
_PREFIX: Final = 64
"""Of IPv6: the smallest network that one customer gets."""


class Seats:
    """Counts the connections of a port, in all and from each address.

    most: in all. most_from_one: from one address, or one /64 of IPv6. trusted: gateways, which speak for many.
    """

    def __init__(self, *, most: int, most_from_one: int, trusted: Sequence[Network] = ()) -> None:
        self._most = most
        self._most_from_one = most_from_one
        self._trusted = trusted
        self._taken: Counter[str] = Counter()
        self.taken = 0
        """Connections that are open."""

    def take(self, address: str) -> Callable[[], None] | None:
        """What gives the seat back, once; None where there is no seat left for this address."""
        key = _neighbourhood(address)
        if self.taken >= self._most:
            return None
        if self._taken[key] >= self._most_from_one and not is_within(address, self._trusted):
            return None
        self._taken[key] += 1
        self.taken += 1
        is_open = True

        def leave() -> None:
            nonlocal is_open
            if is_open:
                is_open = False
                self.taken -= 1
                self._taken[key] -= 1
                if not self._taken[key]:
                    del self._taken[key]

        return leave


class Door(web.BaseSite):
    """Accepts the connections of one listening socket and watches over them.

    tls: None for plain HTTP. options: of the HTTP parser and the connection, such as `max_headers`.
    """

    def __init__(
        self,
        runner: web.AppRunner,
        listening: socket.socket,
        *,
        tls: ssl.SSLContext | None,
        handshake_timeout_s: float,
        seats: Seats,
        bounds: Bounds,
        refuse: Refuse,
        log: Log,
        options: dict[str, Any],
    ) -> None:
        super().__init__(runner)
        self._manager = cast(web.Server, runner.server)
        self._listening = listening
        self._tls = tls
        self._handshake_timeout_s = handshake_timeout_s
        self._seats = seats
        self._bounds = bounds
        self._log = log
        self._make = partial(
            Connection, self._manager, bounds=bounds, refuse=refuse, log=log, access_log=None, **options
        )
        self._accepting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._opening: set[asyncio.Task[None]] = set()
        self._told_s = -_TOLD_EVERY_S

    @property
    def name(self) -> str:
        """Where it listens."""
        host, port = self._listening.getsockname()[:2]
        return f"{'http' if self._tls is None else 'https'}://{host}:{port}"

    async def start(self) -> None:
        """Accept connections from now on."""
        await super().start()
        self._listening.setblocking(False)
        self._accepting = asyncio.create_task(self._accept())
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Accept none any more; those that are open stay, those that are being made do not."""
        await super().stop()
        await _end(self._accepting, *self._opening)
        self._listening.close()

    async def close(self) -> None:
        """No connection is open any more, or none that matters: watch over none."""
        await _end(self._watching)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(self._listening)
            except OSError as exc:
                self._tell(reason=exc.strerror or type(exc).__name__)
                await asyncio.sleep(_REST_S)
                continue
            leave = self._seats.take(peer[0])
            if leave is None:
                connection.close()
                self._tell(reason="all seats are taken")
                continue
            task = asyncio.create_task(self._open(connection, leave))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket, leave: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        opened = False
        try:
            async with asyncio.timeout(self._handshake_timeout_s):
                is_plain = self._tls is not None and await _first_byte(connection) != _TLS_HANDSHAKE
            tls = None if is_plain else self._tls
            timeout_s = None if tls is None else self._handshake_timeout_s
            make = partial(self._make, loop=loop, is_plain=is_plain, gone=leave)
            await loop.connect_accepted_socket(make, connection, ssl=tls, ssl_handshake_timeout=timeout_s)
            opened = True
        except OSError:
            # Also a failed handshake, and a TimeoutError: the other side knows, and it may be anybody.
            pass
        finally:
            if not opened:
                leave()
                connection.close()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._bounds.pace_s)
            now_s = loop.time()
            for connection in self._manager.connections:
                if isinstance(connection, Connection):
                    connection.check(now_s)

    def _tell(self, reason: str) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s >= _TOLD_EVERY_S:
            self._told_s = now_s
            self._log.warning("connections_refused", reason=reason, open=self._seats.taken)


async def _end(*tasks: "asyncio.Task[None] | None") -> None:
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def _neighbourhood(address: str) -> str:
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return address
    mapped = read.ipv4_mapped
    return str(mapped) if mapped is not None else str(ip_network((read, _PREFIX), strict=False))


async def _first_byte(connection: socket.socket) -> int:
    """The first byte that the caller sends, left where it is. Raises ConnectionError where it sends none."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            seen = connection.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            readable = loop.create_future()
            loop.add_reader(connection, _set, readable)
            try:
                await readable
            finally:
                loop.remove_reader(connection)
            continue
        if not seen:
            raise ConnectionAbortedError("The caller left without a word.")
        return seen[0]


def _set(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
