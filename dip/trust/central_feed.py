"""The puller of a configured central feed: who takes part, asked for again and again (5.7.1, FS-40)."""

import asyncio
import ssl
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

import aiohttp
import msgspec

from dip.activity.log import ActivityLog
from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import BadRequest, DipError, SetupRefused
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.reporting.alarms import Alarming
from dip.security.tls import TlsIdentity, present
from dip.store.alarms import AlarmKind
from dip.trust.company_form import read_companies
from dip.trust.onboarding import Applied, Onboarding

_SUBJECT: Final = "companies"
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)


class CentralFeedFailed(DipError):
    """The central feed gave no answer that can be used."""

    code: ClassVar[str] = "central_feed_failed"


class FeedState(msgspec.Struct, frozen=True, rename="camel"):
    """How the last call of the central feed went; wall time.

    at: None before the first. detail: what is wrong, empty where nothing is. failures: failed calls in a row.
    """

    url: str
    minutes: float
    at: datetime | None = None
    succeeded_at: datetime | None = None
    detail: str = ""
    failures: int = 0
    applied: Applied | None = None


class _Answer(msgspec.Struct):
    """What came of a call, as far as it came."""

    status: int | None = None
    body: bytearray = msgspec.field(default_factory=bytearray)


class CentralFeed:
    """Asks the central feed for companies, on demand or every few minutes, and applies what it says.

    It is asked with the DIP's own client certificate; its own is verified. No redirect is followed; time and size of
    an answer are bounded. identity: what the DIP shows now. activity: takes each call into the activity log.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        registry: Current[Registry],
        onboarding: Onboarding,
        identity: Current[TlsIdentity],
        alarms: Alarming,
        activity: ActivityLog,
        log: Log,
    ) -> None:
        """Raises SetupRefused where the settings can't be followed."""
        self._settings = settings
        self._clock = clock
        self._registry = registry
        self._onboarding = onboarding
        self._identity = identity
        self._alarms = alarms
        self._activity = activity
        self._log = log
        self._turn = asyncio.Lock()
        self._roots = _roots(settings)
        self.state = FeedState(settings.central_feed_url, settings.central_feed_minutes)
        """How the last call went."""

    @property
    def is_configured(self) -> bool:
        """Whether there is a feed to ask."""
        return bool(self._settings.central_feed_url)

    async def pull(self) -> Applied:
        """Ask now. Raises BadRequest where no feed is configured, CentralFeedFailed, StoreUnavailable."""
        if not self.is_configured:
            raise BadRequest("No central feed is configured: set central_feed_url.")
        async with self._turn:
            try:
                applied = await self._pull()
            except DipError as exc:
                self._failed(exc.message)
                raise
            except Exception:
                self._failed("something went wrong here; it was logged")
                raise
            now = self._clock.wall()
            self.state = msgspec.structs.replace(
                self.state, at=now, succeeded_at=now, detail="", failures=0, applied=applied
            )
            self._alarms.cleared(AlarmKind.CENTRAL_FEED, _SUBJECT)
            return applied

    async def run(self) -> None:
        """Ask every few minutes, until cancelled; nothing where it is only asked on demand."""
        minutes = self._settings.central_feed_minutes
        while self.is_configured and minutes > 0:
            try:
                await self.pull()
            except DipError as exc:
                self._log.warning("central_feed_failed", reason=exc.message[:200])
            except Exception:
                self._log.exception("central_feed_failed_unexpectedly")
            await asyncio.sleep(minutes * 60)

    async def _pull(self) -> Applied:
        answer, began, reason = _Answer(), self._clock.monotonic(), ""
        try:
            await self._ask(answer)
        except CentralFeedFailed as exc:
            reason = exc.message
            raise
        finally:
            await self._activity.sent(
                party="central feed",
                method="GET",
                url=self._settings.central_feed_url,
                status=answer.status,
                answer=bytes(answer.body),
                duration_us=int((self._clock.monotonic() - began) * 1_000_000),
                size=0,
                reason=reason,
            )
        # Reading checks every value: it may take long, and others are served meanwhile.
        companies = await asyncio.to_thread(read_companies, bytes(answer.body), self._registry.value.roles)
        return await self._onboarding.apply(companies)

    async def _ask(self, answer: _Answer) -> None:
        timeout_s = self._settings.central_feed_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                await self._read(answer)
        except TimeoutError as exc:
            raise CentralFeedFailed(f"no whole answer within {timeout_s:g} s") from exc
        except aiohttp.ClientConnectorCertificateError as exc:
            raise CentralFeedFailed(f"its certificate is not trusted: {exc.certificate_error}"[:300]) from exc
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            raise CentralFeedFailed(f"no answer: {type(exc).__name__}") from exc

    async def _read(self, answer: _Answer) -> None:
        limit = self._settings.company_details_limit_bytes
        context = ssl.create_default_context(cadata=self._roots)
        present(context, self._identity.value)
        async with (
            aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(
                self._settings.central_feed_url,
                ssl=context,
                allow_redirects=False,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            ) as response,
        ):
            answer.status = response.status
            if response.status in _REDIRECTS:
                raise CentralFeedFailed(f"status {response.status}: redirects are not followed")
            if response.status != _OK:
                raise CentralFeedFailed(f"status {response.status}, expected {_OK}")
            async for chunk in response.content.iter_any():
                answer.body += chunk
                if len(answer.body) > limit:
                    raise CentralFeedFailed(f"its answer is larger than {limit} bytes")

    def _failed(self, reason: str) -> None:
        failures = self.state.failures + 1
        self.state = msgspec.structs.replace(self.state, at=self._clock.wall(), detail=reason[:1000], failures=failures)
        if failures >= self._settings.central_feed_failures:
            detail = f"It failed {failures} times in a row: {reason[:200]}"
            self._alarms.raised(AlarmKind.CENTRAL_FEED, _SUBJECT, detail)


def _roots(settings: Settings) -> str | None:
    """The root certificates that the feed's is verified against; None for this machine's. Raises SetupRefused."""
    if settings.central_feed_url and not settings.central_feed_url.startswith("https://"):
        raise SetupRefused("central_feed_url: expected an address that starts with https://")
    if not settings.central_feed_ca:
        return None
    try:
        pem = Path(settings.central_feed_ca).read_text(encoding="ascii")
        ssl.create_default_context(cadata=pem)
    except (OSError, UnicodeDecodeError, ssl.SSLError) as exc:
        raise SetupRefused(f"central_feed_ca: no certificates in PEM form: {settings.central_feed_ca}") from exc
    return pem
