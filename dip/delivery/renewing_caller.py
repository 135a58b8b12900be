"""Calls to webhooks go on while the DIP's own TLS certificate is renewed: none is cut off, none is made twice (8.4)."""

from collections.abc import AsyncIterable, Callable
from typing import Any, Protocol

import msgspec

from dip.delivery.answers import Call
from dip.security.tls import TlsIdentity


class Caller(Protocol):
    """Posts to webhooks."""

    async def post(self, url: str, body: bytes | AsyncIterable[bytes], headers: Any) -> Call:
        """Post and read the answer; a call without an answer has status None and a reason."""

    async def close(self) -> None:
        """Close all connections."""


class _InUse(msgspec.Struct):
    caller: Caller
    fingerprint: str
    calls: int = 0


class RenewingCaller:
    """Posts under the present certificate; a call under way ends on the connection that it began on."""

    def __init__(self, *, make: Callable[[TlsIdentity], Caller], identity: TlsIdentity) -> None:
        """make: a caller with connections of its own, which shows this certificate."""
        self._make = make
        self._in_use = _InUse(make(identity), identity.fingerprint)
        self._ending: list[_InUse] = []

    async def post(self, url: str, body: bytes | AsyncIterable[bytes], headers: Any) -> Call:
        """Post and read the answer, which names the certificate that the connection was made with."""
        if self._ending:
            await self._close_unused()
        used = self._in_use
        used.calls += 1
        try:
            call = await used.caller.post(url, body, headers)
        finally:
            used.calls -= 1
            if used is not self._in_use:
                await self._close_unused()
        return msgspec.structs.replace(call, tls_certificate=used.fingerprint)

    async def renew(self, identity: TlsIdentity) -> None:
        """Every further call is made with this certificate; connections with the earlier one close after their call."""
        self.take_up(identity)
        await self._close_unused()

    def take_up(self, identity: TlsIdentity) -> None:
        """As `renew`, without waiting; the earlier connections close with the next call at the latest."""
        earlier, self._in_use = self._in_use, _InUse(self._make(identity), identity.fingerprint)
        self._ending.append(earlier)

    async def close(self) -> None:
        """Close all connections."""
        for one in (self._in_use, *self._ending):
            await one.caller.close()

    async def _close_unused(self) -> None:
        unused = [one for one in self._ending if not one.calls]
        self._ending = [one for one in self._ending if one.calls]
        for one in unused:
            await one.caller.close()
