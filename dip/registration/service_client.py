"""Asks a registration service for its MPANs, page by page (5.5.14, FS-35; docs/reference/registration-api.md)."""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from itertools import count, pairwise
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.messages.registration_page import RegistrationPage, RegistrationProblem
from dip.messages.timestamps import read_wire_time, wire_time
from dip.registration.errors import RegistrationCursorTooOld, RegistrationServiceFailed
from dip.registration.packed_body import BodyTooLong, BodyUnreadable, opened
from dip.security.tls import PeerRefusal, peer_certificate

_TRIED_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_GONE: Final = 410
_OK: Final = 200
_PROBLEM_BYTES: Final = 16 * 1024
_HEADER_LIMIT: Final = 8190
_SECONDS: Final = re.compile("[0-9]{1,6}", re.ASCII)


class PulledPage(NamedTuple):
    """A page, which holds the cursor of the one after it, and the cursor that it was asked for with."""

    page: RegistrationPage
    cursor: str | None
    body_bytes: int


class _NoAnswer(Exception):
    """A call that may succeed when it is made again. The first argument says why."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


class _WrongPeer(Exception):
    """The other side is not who it should be. The argument says why."""


class _CheckingConnector(aiohttp.TCPConnector):
    """Asks about the other side's certificate before each call, so that nothing is sent to a stranger."""

    def __init__(self, tls: ssl.SSLContext, refusal: PeerRefusal) -> None:
        super().__init__(ssl=tls, limit=1, keepalive_timeout=60)
        self._refusal = refusal

    async def connect(self, *arguments: Any, **named: Any) -> Any:
        """A connection whose other side was checked."""
        connection = await super().connect(*arguments, **named)
        der = peer_certificate(connection.transport)
        reason = "it shows no certificate" if der is None else self._refusal(der)
        if reason:
            connection.close()
            raise _WrongPeer(reason)
        return connection


class RegistrationServiceClient:
    """Calls of one registration service, an async context manager; one call at a time.

    service: the DIP id that its server certificate must belong to. tls: shows the DIP's client certificate and verifies
    root and host name. refusal: what speaks against a certificate that TLS verified, asked before each call.
    """

    def __init__(
        self,
        service: DipId,
        base_url: str,
        *,
        tls: ssl.SSLContext,
        refusal: PeerRefusal,
        settings: Settings,
        log: Log,
        executor: Executor | None = None,
    ) -> None:
        """Raises RegistrationServiceFailed: base_url is no https address without user, query and fragment.

        executor: reads pages; by default that of the event loop.
        """
        self._service = service
        self._url = address_of(service, base_url)
        self._tls = tls
        self._refusal = refusal
        self._settings = settings
        self._log = log
        self._executor = executor
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=_CheckingConnector(self._tls, self._refusal),
            timeout=aiohttp.ClientTimeout(total=self._settings.registration_timeout_s),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_line_size=_HEADER_LIMIT,
            max_field_size=_HEADER_LIMIT,
            headers={"Accept": "application/json, application/problem+json", "Accept-Encoding": "gzip"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def pages(
        self, *, cursor: str | None = None, since: datetime | None = None, limit: int | None = None
    ) -> AsyncGenerator[PulledPage, None]:
        """The pages from a cursor on, to the last; every MPAN once, in ascending order.

        cursor: `next` of the last page that was dealt with, where a pull goes on; None to begin. since: MPANs alone of
        which something was recorded then or later (whole seconds); where a pull goes on, the one it began with.
        limit: MPANs in a page, by default the setting `registration_page_mpans`.

        Calls that fail are made again after growing waits, `registration_attempts` in all for one page. Raises
        RegistrationServiceFailed; RegistrationCursorTooOld where the pull has to begin again.
        """
        query = {"limit": str(limit or self._settings.registration_page_mpans)}
        if since is not None:
            query["since"] = wire_time(since)
        last = ""
        for number in count(1):
            asked = {**query, "cursor": cursor} if cursor is not None else query
            body, is_packed = await self._answer(asked)
            reading = partial(self._page, body, is_packed, int(query["limit"]), last, number)
            page = await asyncio.get_running_loop().run_in_executor(self._executor, reading)
            yield PulledPage(page, cursor, len(body))
            if page.next is None:
                return
            cursor, last = page.next, page.mpans[-1].mpan

    async def _answer(self, query: dict[str, str]) -> tuple[bytes, bool]:
        """The body of a good answer, and whether it is packed; calls that fail are repeated."""
        settings = self._settings
        wait_s = settings.registration_retry_first_s
        for attempt in count(1):
            try:
                return await self._call(query)
            except _NoAnswer as exc:
                if attempt >= settings.registration_attempts:
                    raise self._failed(f"{exc.reason} (call {attempt} of {attempt})") from exc
                pause_s = min(max(wait_s, exc.wait_s), settings.registration_retry_longest_s)
                self._log.warning(
                    "registration_call_failed",
                    service=self._service,
                    reason=exc.reason,
                    attempt=attempt,
                    again_in_s=pause_s,
                )
            await asyncio.sleep(pause_s)
            wait_s = min(wait_s * 2, settings.registration_retry_longest_s)
        raise AssertionError

    async def _call(self, query: dict[str, str]) -> tuple[bytes, bool]:
        if self._session is None:
            raise RuntimeError("entered before it is used")
        try:
            async with self._session.get(self._url, params=query, allow_redirects=False) as response:
                if response.status != _OK:
                    await self._refused(response)
                if response.content_type != "application/json":
                    raise self._failed("its answer is not application/json")
                encoding = response.headers.get("Content-Encoding", "identity").lower()
                if encoding not in {"identity", "gzip"}:
                    raise self._failed("its answer is packed in a way that was not asked for")
                return await self._read(response), encoding == "gzip"
        except _WrongPeer as exc:
            raise self._failed(str(exc)) from exc
        except TimeoutError as exc:
            raise _NoAnswer(f"no answer within {self._settings.registration_timeout_s:g} s") from exc
        except (aiohttp.ClientError, OSError) as exc:
            if (reason := _tls_reason(exc)) is not None:
                raise self._failed(f"TLS failed: {reason}") from exc
            raise _NoAnswer(_plain_reason(exc)) from exc

    async def _refused(self, response: aiohttp.ClientResponse) -> None:
        """Raise what a status other than 200 means. Of the body the code alone is told: the rest may hold anything."""
        code = _code_of(await response.content.read(_PROBLEM_BYTES))
        reason = f"it answered {response.status}{f' ({code})' if code else ''}"
        if response.status == _GONE:
            raise RegistrationCursorTooOld(f"{self._named}: {reason}; the pull has to begin again.")
        if response.status not in _TRIED_AGAIN:
            raise self._failed(reason)
        told = response.headers.get("Retry-After", "").strip()
        raise _NoAnswer(reason, float(told) if _SECONDS.fullmatch(told) else 0.0)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._settings.registration_page_limit_bytes
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                response.close()
                raise self._failed(f"a page has more than {limit} bytes")
        return b"".join(chunks)

    def _page(self, body: bytes, is_packed: bool, limit: int, last: str, number: int) -> RegistrationPage:
        """The page, checked. last: the MPAN before it; number: of the page since `pages` was called."""
        try:
            text = opened(body, self._settings.registration_page_limit_bytes) if is_packed else body
            page = msgspec.json.decode(text, type=RegistrationPage)
        except BodyTooLong as exc:
            raise self._failed(f"page {number} has more than {exc.limit} bytes when it is unpacked") from exc
        except BodyUnreadable as exc:
            raise self._failed(f"page {number} is no gzip") from exc
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            reason = str(exc) if isinstance(exc, msgspec.DecodeError) else "it is not UTF-8"
            raise self._failed(f"page {number} has not the form of a page: {reason}") from exc
        mpans = [stated.mpan for stated in page.mpans]
        if read_wire_time(page.as_of) is None:
            raise self._failed(f"page {number}: asOf is no time of 25 characters with an offset")
        if len(mpans) > limit:
            raise self._failed(f"page {number} holds {len(mpans)} MPANs where {limit} were asked for")
        if page.next is not None and not mpans:
            raise self._failed(f"page {number} is empty and says that there are more")
        for position, (before, mpan) in enumerate(pairwise([last, *mpans])):
            if mpan <= before:
                raise self._failed(f"page {number}: $.mpans[{position}] does not come after the MPAN before it")
        return page

    @property
    def _named(self) -> str:
        return f"The registration service {self._service} at {self._url}"

    def _failed(self, reason: str) -> RegistrationServiceFailed:
        return RegistrationServiceFailed(f"{self._named}: {reason}.")


def address_of(service: DipId, base_url: str) -> str:
    """The address of the call. Raises RegistrationServiceFailed: this is no base of one."""
    try:
        parts = urlsplit(base_url)
        is_good = parts.scheme == "https" and parts.hostname and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or any((parts.username, parts.password, parts.query, parts.fragment)):
        raise RegistrationServiceFailed(
            f"The registration service {service}: expected an https address without user, query and fragment."
        )
    return f"{base_url.rstrip('/')}/appointments"


def _code_of(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=RegistrationProblem).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _plain_reason(error: aiohttp.ClientError | OSError) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection: {error.os_error.strerror or 'refused'}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection without an answer, as one does that trusts another root"
    return f"the connection failed: {type(error).__name__}"


def _tls_reason(error: BaseException) -> str | None:
    """Why TLS failed, where it was TLS: calling again would not help."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, ssl.SSLCertVerificationError):
            return str(getattr(found, "verify_message", "") or found.args[-1])
        if isinstance(found, ssl.SSLError) and not isinstance(found, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return (found.reason or type(found).__name__).replace("_", " ").lower()
        found = found.__cause__
    return None
