"""Making webhook calls over mTLS: bounded in time and size, no redirects, addresses checked when they are resolved."""

import socket
import ssl
from collections.abc import AsyncIterable, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from dip.delivery.answers import Call
from dip.ground.settings import Settings
from dip.participants.webhooks import Network, WebhookRefused, check_address, check_resolved, check_webhook_url

_CHECKED: Final = 4096
"""Addresses whose form is remembered as a good one."""
_KEPT_S: Final = 60
"""How long what a name resolved to is used; it was checked then."""
_HEADER_LIMIT: Final = 8190
"""Bytes of an answer's first line and of each of its headers."""


class _AnswerTooLong(Exception):
    """What it says can't be known."""


class _CheckedResolver(AbstractResolver):
    """Resolves host names, and refuses a name of which any address is one that webhooks may not have.

    The connection is made to the addresses that were checked: the name is not looked up again in between.
    """

    def __init__(self, resolver: AbstractResolver, environment: str, networks: Sequence[Network]) -> None:
        self._resolver = resolver
        self._environment = environment
        self._networks = networks

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            check_resolved(host, result["host"], self._environment, self._networks)
        return found

    async def close(self) -> None:
        await self._resolver.close()


class WebhookCaller:
    """Posts to webhooks with the DIP's client certificate.

    resolver: of host names; without one that of the machine. What it says is checked at each look-up.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        tls: ssl.SSLContext,
        networks: Sequence[Network],
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._environment = settings.environment
        self._networks = networks
        self._checked: set[str] = set()
        self._timeout = aiohttp.ClientTimeout(total=settings.delivery_timeout_s)
        self._answer_limit = settings.delivery_answer_limit_bytes
        connector = aiohttp.TCPConnector(
            ssl=tls,
            limit=0,
            keepalive_timeout=60,
            resolver=_CheckedResolver(resolver or aiohttp.ThreadedResolver(), settings.environment, networks),
            ttl_dns_cache=_KEPT_S,
            socket_factory=self._socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_line_size=_HEADER_LIMIT,
            max_field_size=_HEADER_LIMIT,
        )

    async def post(self, url: str, body: bytes | AsyncIterable[bytes], headers: Any) -> Call:
        """Post and read the answer; a call without an answer has status None and a reason."""
        try:
            self._check(url)
            async with self._session.post(
                url, data=body, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                answer = await self._read(response)
                return Call(response.status, answer, retry_after_s=_retry_after(response))
        except WebhookRefused as exc:
            return Call(None, reason=exc.message)
        except _AnswerTooLong:
            return Call(None, reason=f"its answer has more than {self._answer_limit} bytes")
        except TimeoutError:
            return Call(None, reason=f"no answer within {self._timeout.total:g} s")
        except aiohttp.ClientError as exc:
            return Call(None, reason=_plain_reason(exc))
        except OSError as exc:
            return Call(None, reason=f"connection failed: {exc.strerror or type(exc).__name__}")

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def _check(self, url: str) -> None:
        """Raise WebhookRefused: settings may have changed since it was configured, and an address needs no resolver."""
        if url in self._checked:
            return
        check_webhook_url(url, self._environment, self._networks)
        if len(self._checked) >= _CHECKED:
            self._checked.clear()
        self._checked.add(url)

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for an address, the last thing before it is called: whatever led here, it is checked once more."""
        family, kind, protocol, _, where = address
        check_address(str(where[0]), self._environment, self._networks)
        return socket.socket(family, kind, protocol)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > self._answer_limit:
                response.close()
                raise _AnswerTooLong
        return b"".join(chunks)


def _plain_reason(error: aiohttp.ClientError) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError):
        return f"TLS failed: {error.__cause__ or type(error).__name__}"[:200]
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"connection failed: {error.os_error.strerror or 'refused'}"
    return f"no answer: {type(error).__name__}"


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds that the answer asks to wait, given as such or as a date (RFC 9110)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 8:
        return float(text)
    try:
        asked = parsedate_to_datetime(text)
        answered = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return max(0.0, (asked - answered).total_seconds())
