"""Log-ins: a random token in a cookie, only its SHA-256 in the store, an end on the wall clock."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from dip.ground.clock import Clock, microseconds, moment
from dip.ground.current import Current
from dip.http.portal.passwords import Passwords
from dip.http.portal.powers import Visitor
from dip.http.portal.scope import visitor
from dip.participants.participant import CertificateOrigin
from dip.participants.registry import Participants
from dip.security.pki import CertificateUse
from dip.store.users import SqliteUsers, User

COOKIE: Final = "dip_session"
_TOKEN_BYTES: Final = 32
_NOTED_EVERY: Final = timedelta(minutes=1)


class Sessions:
    """Begins, finds and ends log-ins."""

    def __init__(
        self,
        *,
        users: SqliteUsers,
        passwords: Passwords,
        participants: Current[Participants],
        clock: Clock,
        lasts: timedelta,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._participants = participants
        self._clock = clock
        self._lasts = lasts

    async def log_in(self, name: str, password: str) -> str | None:
        """The token of a new session; None where name or password is wrong. Both cases take the same time."""
        user = self._users.user(name)
        if not await self._passwords.fits(None if user is None else user.password_hash, password) or user is None:
            return None
        return await self._begin(user)

    async def log_in_by_certificate(self, fingerprint: str) -> str | None:
        """The token of a new session of the user whose client certificate this is; None where it logs nobody in."""
        user = self._users.by_certificate(fingerprint)
        return await self._begin(user, fingerprint) if user is not None and self._is_valid(fingerprint) else None

    async def begin_again(self, name: str) -> str | None:
        """The token of a new session for somebody who is logged in, whose own change has just ended the others."""
        user = self._users.user(name)
        return None if user is None else await self._begin(user)

    async def find(self, token: str) -> Visitor | None:
        """Whose session a token opens; None where it is unknown or too long unused."""
        digest = _digest(token)
        session = self._users.session(digest)
        if session is None:
            return None
        now, last_used = self._clock.wall(), moment(session.last_used)
        if now - last_used > self._lasts:
            await self._users.end_session(digest)
            return None
        user = self._users.user(session.user)
        if user is None or user.disabled_at is not None:
            return None
        if session.certificate is not None and not self._is_valid(session.certificate):
            return None
        await self._note(digest, last_used, now)
        return visitor(user, self._participants.value, session.form_token)

    async def log_out(self, token: str) -> None:
        """End a session."""
        await self._users.end_session(_digest(token))

    async def _begin(self, user: User, certificate: str | None = None) -> str | None:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock.wall()
        await self._users.sweep_sessions(microseconds(now - self._lasts))
        begun = await self._users.begin_session(
            _digest(token), user, secrets.token_urlsafe(_TOKEN_BYTES), microseconds(now), certificate
        )
        return token if begun else None

    def _is_valid(self, fingerprint: str) -> bool:
        """Whether a client certificate is one of this environment that is in force."""
        held = self._participants.value.certificate(fingerprint)
        return (
            held is not None
            and held.use is CertificateUse.TLS
            and held.origin is not CertificateOrigin.DRILL
            and held.is_valid(self._clock.wall())
        )

    async def _note(self, digest: bytes, last_used: datetime, now: datetime) -> None:
        if now - last_used >= _NOTED_EVERY:
            await self._users.note_session(digest, microseconds(now))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
