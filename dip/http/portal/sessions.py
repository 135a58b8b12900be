"""Log-ins: a random token in a cookie, only its SHA-256 in the store, an end on the wall clock."""

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dip.ground.clock import Clock, microseconds, moment
from dip.http.portal.powers import Power, Visitor
from dip.store.users import SqliteUsers

COOKIE: Final = "dip_session"
_TOKEN_BYTES: Final = 32
_NOTED_EVERY: Final = timedelta(minutes=1)
_PASSWORDS_AT_ONCE: Final = 2


class Sessions:
    """Begins, finds and ends log-ins."""

    def __init__(self, *, users: SqliteUsers, clock: Clock, lasts: timedelta) -> None:
        self._users = users
        self._clock = clock
        self._lasts = lasts
        self._hasher = PasswordHasher()
        # Each check takes 64 MiB: a crowd at the door must not take all memory.
        self._checking = asyncio.Semaphore(_PASSWORDS_AT_ONCE)

    async def log_in(self, name: str, password: str) -> str | None:
        """The token of a new session; None where name or password is wrong. Both cases take the same time."""
        user = self._users.user(name)
        async with self._checking:
            if user is None:
                await asyncio.to_thread(self._hasher.hash, password)
                return None
            if not await asyncio.to_thread(self._fits, user.password_hash, password):
                return None
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._clock.wall()
        await self._users.sweep_sessions(microseconds(now - self._lasts))
        await self._users.save_session(_digest(token), name, secrets.token_urlsafe(_TOKEN_BYTES), microseconds(now))
        return token

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
        await self._note(digest, session.user, session.form_token, last_used, now)
        user = self._users.user(session.user)
        if user is None or user.disabled_at is not None:
            return None
        return Visitor(
            name=user.name, form_token=session.form_token, powers=frozenset(Power(power) for power in user.powers)
        )

    async def log_out(self, token: str) -> None:
        """End a session."""
        await self._users.end_session(_digest(token))

    async def _note(self, digest: bytes, user: str, form_token: str, last_used: datetime, now: datetime) -> None:
        if now - last_used >= _NOTED_EVERY:
            await self._users.save_session(digest, user, form_token, microseconds(now))

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
