"""Test calls: what becomes of a call to an endpoint now, step by step; nothing is queued or journalled (5.5.10)."""

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import msgspec
from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver

from dip.delivery.answers import RETRIED, Call
from dip.delivery.endpoint import Endpoint
from dip.delivery.outgoing import Outgoing, build
from dip.delivery.renewing_caller import Caller
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.messages.headers import ENVIRONMENT
from dip.participants.rates import RateExceeded
from dip.participants.webhooks import Network, WebhookRefused, check_resolved, check_webhook_url
from dip.security.signing import Signer

_PORTS: Final = {"https": 443, "http": 80}
_TAKEN: Final = frozenset({200, 201, 202, 204, 207})
_NO_MESSAGE: Final = 400
_ELSEWHERE: Final = range(300, 400)
_MOST_ADDRESSES: Final = 8
_AGAIN_S: Final = 1
_MOST_KEPT: Final = 200
"""Endpoints whose last test call is kept, in memory alone."""


class TrialStep(msgspec.Struct, frozen=True, rename="camel"):
    """One step of a test call.

    name: address (whether it may be called at all), name (looked up), connection, tls, call. good: whether it went
    well; where it did not, no further step was taken. detail: what happened, in words.
    """

    name: str
    good: bool
    detail: str
    duration_ms: int


class Trial(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What became of a test call. at: wall clock. status: of the answer, null without one; answer: its first lines."""

    url: str
    at: datetime
    good: bool
    status: int | None
    answer: str
    steps: Sequence[TrialStep]


class _StepFailed(Exception):
    """A step went wrong; what it says stands in the result."""


class TrialParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a test call is made with. context: of calls to webhooks, as deliveries have it now.

    called: puts it into the activity log. resolver: of host names.
    """

    settings: Settings
    clock: Clock
    signer: Current[Signer]
    executor: Executor
    caller: Caller
    called: Callable[[Endpoint, Outgoing, Call, int], Awaitable[None]]
    context: Callable[[], ssl.SSLContext]
    networks: Sequence[Network]
    resolver: Callable[[], AbstractResolver] = ThreadedResolver


class TrialCalls:
    """Makes test calls. The call is one that deliveries make too, but for its array, which has no message in it."""

    def __init__(self, parts: TrialParts) -> None:
        self._parts = parts
        self._under_way = 0
        self._last: OrderedDict[str, Trial] = OrderedDict()

    def last(self, endpoint_id: str) -> Trial | None:
        """The last test call to an endpoint since the start; of long ago ones nothing is kept."""
        return self._last.get(endpoint_id)

    async def make(self, endpoint: Endpoint) -> Trial:
        """Look up, connect, and post a signed empty array; redirects are not followed.

        Raises RateExceeded where so many are under way already.
        """
        if self._under_way >= self._parts.settings.endpoint_tests_at_once:
            raise RateExceeded("So many test calls are under way already; try again in a moment.", _AGAIN_S)
        self._under_way += 1
        try:
            trial = await _Running(self._parts, endpoint).done()
        finally:
            self._under_way -= 1
        self._last[endpoint.key.id] = trial
        self._last.move_to_end(endpoint.key.id)
        while len(self._last) > _MOST_KEPT:
            self._last.popitem(last=False)
        return trial


class _Running:
    """One test call."""

    def __init__(self, parts: TrialParts, endpoint: Endpoint) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._endpoint = endpoint
        self._steps: list[TrialStep] = []
        self._call: Call | None = None

    async def done(self) -> Trial:
        """Take the steps, as far as they go."""
        at, url = self._parts.clock.wall(), self._endpoint.key.url
        with suppress(_StepFailed):
            parts = await self._step("address", self._checked(url))
            host = parts.hostname or ""
            addresses = await self._step("name", self._resolved(host, parts.port or _PORTS[parts.scheme]))
            writer = await self._step("connection", self._connected(addresses, parts.port or _PORTS[parts.scheme]))
            try:
                if parts.scheme == "https":
                    await self._step("tls", self._secured(writer, host))
            finally:
                writer.transport.abort()
            await self._step("call", self._called())
        call = self._call or Call(None)
        shown = call.answer.decode("utf-8", "replace")[: self._settings.endpoint_test_answer_characters]
        return Trial(
            url=url,
            at=at,
            good=all(step.good for step in self._steps),
            status=call.status,
            answer=shown,
            steps=self._steps,
        )

    async def _step(self, name: str, work: Awaitable[tuple[Any, str]]) -> Any:
        """Take a step: what it gives. Raises _StepFailed."""
        clock, limit_s = self._parts.clock, self._settings.endpoint_test_timeout_s
        started = clock.monotonic()
        found, failure = None, ""
        try:
            async with asyncio.timeout(limit_s):
                found, detail = await work
        except TimeoutError:
            failure = f"Not done within {limit_s:g} s."
        except _StepFailed as exc:
            failure = str(exc)
        except WebhookRefused as exc:
            failure = exc.message
        except ssl.SSLCertVerificationError as exc:
            failure = f"Its certificate is refused: {getattr(exc, 'verify_message', '') or exc.args[-1]}."
        except ssl.SSLError as exc:
            failure = f"No TLS with it: {exc.reason or 'the handshake failed'}."
        except OSError as exc:
            failure = f"Failed: {exc.strerror or type(exc).__name__}."
        duration_ms = round((clock.monotonic() - started) * 1000)
        self._steps.append(TrialStep(name, not failure, failure or detail, duration_ms))
        if failure:
            raise _StepFailed(failure)
        return found

    async def _checked(self, url: str) -> tuple[SplitResult, str]:
        check_webhook_url(url, self._settings.environment, self._parts.networks)
        return urlsplit(url), "It may be called from this environment."

    async def _resolved(self, host: str, port: int) -> tuple[Sequence[str], str]:
        """The addresses of a host, each of which deliveries may call."""
        with suppress(ValueError):
            return [str(ip_address(host))], "It is an address already; there is no name to look up."
        resolver = self._parts.resolver()
        try:
            found = await resolver.resolve(host, port, socket.AF_UNSPEC)
        finally:
            await resolver.close()
        addresses = list(dict.fromkeys(one["host"] for one in found))
        for one in addresses:
            check_resolved(host, one, self._settings.environment, self._parts.networks)
        return addresses[:_MOST_ADDRESSES], f"{host} is {', '.join(addresses[:_MOST_ADDRESSES])}."

    async def _connected(self, addresses: Sequence[str], port: int) -> tuple[asyncio.StreamWriter, str]:
        """A connection to the first address that takes one."""
        failures = []
        for address in addresses:
            try:
                _, writer = await asyncio.open_connection(address, port)
            except OSError as exc:
                failures.append(f"{address}: {exc.strerror or 'connection failed'}")
            else:
                return writer, f"Connected to {address}, port {port}."
        raise _StepFailed(f"Nobody takes a connection to port {port}: {'; '.join(failures)}.")

    async def _secured(self, writer: asyncio.StreamWriter, host: str) -> tuple[None, str]:
        context = await asyncio.to_thread(self._parts.context)
        await writer.start_tls(context, server_hostname=host)
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        shown: Any = tls.getpeercert() or {}
        cipher = tls.cipher()
        return None, (
            f"{(tls.version() or 'TLS').replace('TLSv', 'TLS ')}, {cipher[0] if cipher else 'no cipher'}. "
            f"Its certificate is verified: {_name(shown, 'subject')}, issued by {_name(shown, 'issuer')}, "
            f"good until {shown.get('notAfter', 'nobody knows when')}."
        )

    async def _called(self) -> tuple[None, str]:
        """The call itself, on the way that deliveries take."""
        outgoing = await self._outgoing()
        clock, key = self._parts.clock, self._endpoint.key
        started = clock.monotonic()
        try:
            async with asyncio.timeout(self._settings.endpoint_test_timeout_s):
                call = await self._parts.caller.post(key.url, outgoing.body, outgoing.headers)
        except TimeoutError:
            call = Call(None, reason=f"no answer within {self._settings.endpoint_test_timeout_s:g} s")
        self._call = call
        duration_us = int((clock.monotonic() - started) * 1_000_000)
        await self._parts.called(self._endpoint, outgoing, call, duration_us)
        good, detail = _meaning(call)
        if not good:
            raise _StepFailed(detail)
        return None, detail

    async def _outgoing(self) -> Outgoing:
        extra = {ENVIRONMENT: self._settings.environment} if self._settings.switches.platform_headers else {}
        return await asyncio.get_running_loop().run_in_executor(
            self._parts.executor,
            partial(
                build,
                (),
                url=self._endpoint.key.url,
                signer=self._parts.signer.value,
                encryptor=None,
                at=self._parts.clock.wall(),
                extra_headers=extra,
            ),
        )


def _meaning(call: Call) -> tuple[bool, str]:
    """Whether an answer is a good one, and what it would mean for a delivery."""
    if call.status is None:
        return False, f"It gave no answer: {call.reason}. A delivery would be tried again."
    if call.status in _TAKEN:
        return True, f"It answered {call.status}, as it should."
    if call.status == _NO_MESSAGE:
        return True, "It answered 400. It is there, but it refuses an array without a message, which is no fault."
    if call.status in _ELSEWHERE:
        return False, f"It answered {call.status} and names another address, which the DIP does not follow."
    if call.status in RETRIED:
        return False, f"It answered {call.status}. A delivery would be tried again until its channel's time is over."
    return False, f"It answered {call.status}. A delivery would be given up at once, as a dead letter."


def _name(certificate: Any, whose: str) -> str:
    """The common name in a certificate, else the whole of its name."""
    named = [pair for part in certificate.get(whose, ()) for pair in part]
    common = [text for kind, text in named if kind == "commonName"]
    return common[0] if common else ", ".join(text for _, text in named) or "without a name"
