"""A webhook of a user: an HTTPS server that asks nobody for a certificate and keeps what it is told."""

import ssl
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from dip.client import Credentials


class Told:
    """Listens on a loopback port. refusing: how many calls it turns away before it takes one."""

    def __init__(self, credentials: Credentials, refusing: int = 0) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.refused = 0
        self.url = ""
        self._refusing = refusing
        self._context = credentials.listening_context()
        self._context.verify_mode = ssl.CERT_NONE
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/told", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context).start()
        self.url = f"https://127.0.0.1:{self._runner.addresses[0][1]}/told"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        assert request.transport.get_extra_info("peercert") in (None, {})
        if self.refused < self._refusing:
            self.refused += 1
            return web.Response(status=503)
        self.bodies.append(await request.json())
        return web.Response(status=204)
