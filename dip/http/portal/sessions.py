"""Log-ins: a random token in a cookie, only its SHA-256 in the store, an end on the wall clock."""

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dip.ground.clock import Clock, microseconds, moment
from dip.store.platform import SqlitePlatform

COOKIE: Final = "dip_session"
_TOKEN_BYTES: Final = 32
_NOTED_EVERY: Final = timedelta(minutes=1)
_PASSWORDS_AT_ONCE: Final = 2


class Visitor(msgspec.Struct, frozen=True):
    """Who asks. form_token: stands in every form of a session; None for the administration token."""

    name: str
    form_token: str | None


class Sessions:
    """Begins, finds and ends log-ins."""

    def __init__(self, *, platform: SqlitePlatform, clock: Clock, lasts: timedelta) -> None:
        self._platform = platform
        self._clock = clock
        self._lasts = lasts
        self._hasher = PasswordHasher()
        # Each check takes 64 MiB: a crowd at the door must not take all memory.
        self._checking = asyncio.Semaphore(_PASSWORDS_AT_ONCE)

    async def log_in(self, name: str, password: str) -> str | None:
        """The token of a new session; None where name or password is wrong. Both cases take the same time."""
        user = self._platform.user(name)
        async with self._checking:
            if user is None:
                await asyncio.to_thread(self._hasher.hash, password)
                return None
            if not await asyncio.to_thread(self._fits, user.password_hash, password):
                return None
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock.wall()
        await self._platform.sweep_sessions(microseconds(now - self._lasts))
        await self._platform.save_session(_digest(token), name, secrets.token_urlsafe(_TOKEN_BYTES), microseconds(now))
        return token

    async def find(self, token: str) -> Visitor | None:
        """Whose session a token opens; None where it is unknown or too long unused."""
        digest = _digest(token)
        session = self._platform.session(digest)
        if session is None:
            return None
        now, last_used = self._clock.wall(), moment(session.last_used)
        if now - last_used > self._lasts:
            await self._platform.end_session(digest)
            return None
        await self._note(digest, session.user, session.form_token, last_used, now)
        return Visitor(session.user, session.form_token)

    async def log_out(self, token: str) -> None:
        """End a session."""
        await self._platform.end_session(_digest(token))

    async def _note(self, digest: bytes, user: str, form_token: str, last_used: datetime, now: datetime) -> None:
        if now - last_used >= _NOTED_EVERY:
            await self._platform.save_session(digest, user, form_token, microseconds(now))

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
