"""A registration service: serves appointments out of files by the registration API, to the DIP alone (5.5.14, FS-35).

The API is described in docs/reference/registration-api.md.
"""

import asyncio
import base64
import gzip
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self

import msgspec
from aiohttp import web
from cryptography import x509

from dip.ground.clock import Clock
from dip.ground.errors import DipError
from dip.messages.identifiers import DIP
from dip.messages.registration_page import (
    CURSOR_CHARACTERS,
    MOST_MPANS,
    USUAL_MPANS,
    RegistrationPage,
    RegistrationProblem,
    StatedAppointment,
    StatedMpan,
)
from dip.messages.timestamps import read_wire_time, wire_time
from dip.security.pki import common_name_of, environment_of
from dip.security.tls import page_context, peer_certificate
from dip.simulation.appointment_files import AppointmentFiles, Group
from dip.simulation.registration_faults import BAD_JSON, CUT, RegistrationFaults

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_PACKING: Final = 3
_AT_ONCE: Final = 2
"""Pages made at once."""
_MOST_WAITING: Final = 100
"""Calls that wait for one; a further one is answered 503."""
_PARAMETERS: Final = frozenset({"limit", "cursor", "since"})

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RegistrationServiceRefused(DipError):
    """The registration service can't be served with this set-up."""

    code: ClassVar[str] = "registration_service_refused"


class _Refusal(Exception):
    """A call that is refused."""

    def __init__(self, status: int, code: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.problem = RegistrationProblem(code.replace("_", " ").capitalize(), status, code, detail)
        self.retry_after = retry_after


class _Cursor(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a pull stands: of which files, since when, and how many MPANs of each file were told. No MPAN is in it."""

    snapshot: str
    since: str
    passed: list[int]


class RegistrationService:
    """Serves over mTLS on a port, an async context manager. The DIP's client certificate alone is admitted."""

    def __init__(
        self,
        files: AppointmentFiles,
        tls: ssl.SSLContext,
        *,
        environment: str,
        clock: Clock,
        host: str = "127.0.0.1",
        port: int = 0,
        faults: RegistrationFaults | None = None,
        delay_s: float = 0.0,
    ) -> None:
        """tls: of `service_tls`; environment: of its certificate; delay_s: before each answer."""
        self._files = files
        self._tls = tls
        self._environment = environment
        self._as_of = wire_time(clock.wall())
        self._host, self._port = host, port
        self._faults = faults or RegistrationFaults()
        self._delay_s = delay_s
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=1024, middlewares=[self._guarded])
        application.router.add_get("/appointments", self._appointments, allow_head=False)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=5)
        await runner.setup()
        self._open.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, self._host, self._port, ssl_context=self._tls).start()
        except (OSError, OverflowError) as exc:
            await self._open.aclose()
            reason = getattr(exc, "strerror", None) or exc
            raise RegistrationServiceRefused(f"Can't listen on {self._host}:{self._port}: {reason}.") from exc
        self._port = runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def url(self) -> str:
        """The base of the API's addresses."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"https://{host}:{self._port}"

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Answer the DIP alone; every refusal is a problem document."""
        try:
            self._check_caller(request)
            fault = self._faults.strikes()
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            if fault is None:
                return await handler(request)
            if fault.kind == BAD_JSON:
                return web.Response(body=b'{"asOf": "', content_type=_JSON)
            if fault.kind == CUT:
                return await _cut(request)
            raise _Refusal(int(fault.kind), "fault_on_demand", "This fault was asked for.", fault.retry_after)
        except _Refusal as refusal:
            return _problem(refusal)
        except web.HTTPException as exc:
            code = "method_not_allowed" if exc.status == web.HTTPMethodNotAllowed.status_code else "not_found"
            answer = _problem(_Refusal(exc.status, code, "The one call of this API is GET {base}/appointments."))
            if "Allow" in exc.headers:
                answer.headers["Allow"] = exc.headers["Allow"]
            return answer

    def _check_caller(self, request: web.Request) -> None:
        der = peer_certificate(request.transport)
        leaf = x509.load_der_x509_certificate(der) if der is not None else None
        if leaf is None or common_name_of(leaf) != DIP or environment_of(leaf) != self._environment:
            raise _Refusal(403, "not_the_dip", "This API answers the DIP alone: show the DIP's client certificate.")

    async def _appointments(self, request: web.Request) -> web.Response:
        limit, cursor = self._asked(request)
        is_packed = _takes_gzip(request.headers.get("Accept-Encoding", ""))
        if self._waiting >= _MOST_WAITING:
            raise _Refusal(503, "busy", "Too many calls wait already.", 1)
        self._waiting += 1
        try:
            async with self._slots:
                body = await asyncio.to_thread(self._body, cursor, limit, is_packed)
        finally:
            self._waiting -= 1
        headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if is_packed else {})
        return web.Response(body=body, content_type=_JSON, headers=headers)

    def _asked(self, request: web.Request) -> tuple[int, _Cursor]:
        query = request.query
        strange = sorted(query.keys() - _PARAMETERS)
        if strange or len(query) > len(set(query)):
            raise _Refusal(400, "bad_parameter", "Expected limit, cursor and since, each once at most.")
        text = query.get("limit", str(USUAL_MPANS))
        if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_MPANS):
            raise _Refusal(400, "bad_limit", f"limit: expected a whole number from 1 to {MOST_MPANS}.")
        since = query.get("since")
        if since is not None and read_wire_time(since) is None:
            raise _Refusal(
                400, "bad_since", "since: expected 25 characters with an offset, whose + is written %2B in an address."
            )
        if "cursor" not in query:
            return int(text), _Cursor(self._files.snapshot, since or "", [])
        cursor = _read_cursor(query["cursor"])
        if since is not None and since != cursor.since:
            raise _Refusal(400, "bad_since", "since: expected the one that this pull began with, or none.")
        if cursor.snapshot != self._files.snapshot:
            raise _Refusal(410, "cursor_too_old", "The files have changed since. Begin again without a cursor.")
        return int(text), cursor

    def _body(self, cursor: _Cursor, limit: int, is_packed: bool) -> bytes:
        since = read_wire_time(cursor.since)
        try:
            found, passed = self._files.page(cursor.passed, since.timestamp() if since else None, limit)
        except ValueError as exc:
            raise _bad_cursor() from exc
        following = None if passed is None else _written(_Cursor(cursor.snapshot, cursor.since, list(passed)))
        page = RegistrationPage(self._as_of, [_stated(group) for group in found], following)
        body = msgspec.json.encode(page)
        return gzip.compress(body, _PACKING, mtime=0) if is_packed else body


def service_tls(folder: Path, root: Path | None = None) -> tuple[ssl.SSLContext, str]:
    """The TLS context of a participant's folder, and the environment of its certificate.

    root: the environment's root certificate; by default the `ca.pem` two folders above. A caller without a valid
    certificate under it gets no answer. Raises RegistrationServiceRefused.
    """
    trusted = root or folder.resolve().parent.parent / "ca.pem"
    chain, key, anchor = (_content(file) for file in (folder / "tls.pem", folder / "tls.key", trusted))
    try:
        context = page_context(chain, key, anchor)
        leaf = x509.load_pem_x509_certificate(chain)
    except (ValueError, TypeError, ssl.SSLError) as exc:
        raise RegistrationServiceRefused(f"{folder}: tls.pem, tls.key and {trusted} can't be used together.") from exc
    context.verify_mode = ssl.CERT_REQUIRED
    return context, environment_of(leaf)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise RegistrationServiceRefused(f"{file} can't be read: {exc.strerror}.") from exc


async def _cut(request: web.Request) -> web.StreamResponse:
    """An answer that ends in its middle, with its connection."""
    answer = web.StreamResponse(headers={"Content-Type": _JSON, "Content-Length": "1000"})
    await answer.prepare(request)
    await answer.write(b'{"asOf": "')
    if request.transport is not None:
        request.transport.abort()
    return answer


def _problem(refusal: _Refusal) -> web.Response:
    asks_for_patience = refusal.problem.status in {429, 503} and refusal.retry_after is not None
    return web.Response(
        status=refusal.problem.status,
        body=msgspec.json.encode(refusal.problem),
        content_type=_PROBLEM,
        headers={"Retry-After": str(refusal.retry_after)} if asks_for_patience else None,
    )


def _stated(group: Group) -> StatedMpan:
    mpan, rows = group
    cells = [row.decode("ascii").split(",") for row in rows]
    return StatedMpan(
        mpan.decode("ascii"), [StatedAppointment(one[1], one[2], one[3], one[4] or None) for one in cells]
    )


def _written(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode("ascii").rstrip("=")


def _read_cursor(text: str) -> _Cursor:
    if len(text) > CURSOR_CHARACTERS or not text.isascii():
        raise _bad_cursor()
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(plain, type=_Cursor)
    except (ValueError, msgspec.DecodeError) as exc:
        raise _bad_cursor() from exc


def _bad_cursor() -> _Refusal:
    return _Refusal(400, "bad_cursor", "cursor: expected the `next` of a page of this service, as it stood there.")


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding lists gzip, and not with a weight of nought."""
    for part in accepted.lower().split(","):
        name, *options = (piece.strip() for piece in part.split(";"))
        if name in {"gzip", "*"}:
            weights: Sequence[str] = [option[2:] for option in options if option.startswith("q=")]
            return not any(weight.strip("0.") == "" for weight in weights)
    return False
