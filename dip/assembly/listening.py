"""Ports: taken before anything is changed, served, and closed with what is in flight finished."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from aiohttp import web

from dip.delivery.dispatcher import Dispatcher
from dip.ground.errors import SetupRefused

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


async def serve(
    application: web.Application, listening: socket.socket, tls: ssl.SSLContext | None, grace_s: float
) -> web.AppRunner:
    """Serve an application. grace_s: what a stopping server has in all."""
    runner = web.AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        auto_decompress=False,
        shutdown_timeout=grace_s * _CALLS_SHARE,
    )
    await runner.setup()
    await web.SockSite(runner, listening, ssl_context=tls, backlog=_BACKLOG).start()
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
