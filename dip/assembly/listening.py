"""Ports: taken before anything is changed, served, and closed with what is in flight finished."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from aiohttp import web

from dip.delivery.dispatcher import Dispatcher
from dip.ground.errors import SetupRefused
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.acceptor import Door, Seats
from dip.http.connections import Bounds
from dip.http.forwarded import PROXIES
from dip.http.unread import REFUSE
from dip.security.tls import TlsIdentity, present

_BACKLOG = 1024
_CALLS_SHARE = 0.8
"""Of the time that a stopping server has: for the calls of others, such as a stream that nobody reads."""


def listen(host: str, port: int) -> socket.socket:
    """Take a port. Raises SetupRefused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), backlog=_BACKLOG, family=family)
    except OSError as exc:
        raise SetupRefused(
            f"can't listen on {host}:{port}: {exc.strerror}; stop what uses it, or give another port or --host"
        ) from exc


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can call."""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _is_every_address(host: str) -> bool:
    """Whether it stands for every address of the machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def url_of(scheme: str, host: str, listening: socket.socket) -> str:
    """Where somebody on this machine calls."""
    shown = host
    if _is_every_address(host):
        shown = "::1" if ":" in host else "127.0.0.1"
    port = listening.getsockname()[1]
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


def showing(contexts: Sequence[ssl.SSLContext]) -> Callable[[TlsIdentity], Awaitable[None]]:
    """What has ports show another certificate from the next handshake on."""

    async def show(identity: TlsIdentity) -> None:
        # On the event loop, where every handshake begins: none sees half of it.
        for context in contexts:
            present(context, identity)

    return show


async def serve(
    application: web.Application, listening: socket.socket, tls: ssl.SSLContext | None, settings: Settings, log: Log
) -> web.AppRunner:
    """Serve an application, every step of every connection within the bounds of the settings."""
    doors: list[Door] = []

    async def close(_: web.Application) -> None:
        for door in doors:
            await door.close()

    application.on_cleanup.append(close)
    runner = web.AppRunner(application, handle_signals=False, shutdown_timeout=settings.shutdown_grace_s * _CALLS_SHARE)
    await runner.setup()
    door = Door(
        runner,
        listening,
        tls=tls,
        handshake_timeout_s=settings.handshake_timeout_s,
        seats=Seats(
            most=settings.most_connections,
            most_from_one=settings.connections_from_one_address,
            trusted=application[PROXIES].trusted,
        ),
        bounds=Bounds(
            header_timeout_s=settings.header_timeout_s,
            body_timeout_s=settings.request_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
        ),
        refuse=application[REFUSE],
        log=log,
        options={
            "auto_decompress": False,
            "keepalive_timeout": settings.idle_timeout_s,
            "max_line_size": settings.request_line_limit_bytes,
            "max_field_size": settings.header_limit_bytes,
            "max_headers": settings.header_count_limit,
        },
    )
    doors.append(door)
    await door.start()
    return runner


async def wind_down(
    runners: Sequence[web.AppRunner], dispatcher: Dispatcher, nobody_waits: Callable[[], None], grace_s: float
) -> None:
    """Take nothing new, let nobody wait, finish what is in flight."""
    for runner in runners:
        for site in list(runner.sites):
            await site.stop()
    nobody_waits()
    try:
        async with asyncio.timeout(grace_s):
            await asyncio.gather(*(runner.cleanup() for runner in runners), dispatcher.close(grace_s))
    except TimeoutError:
        pass
    for runner in runners:
        await runner.cleanup()
