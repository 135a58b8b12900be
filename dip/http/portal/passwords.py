"""Passwords: how they are kept, and which are taken (8.3)."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dip.ground.errors import BadRequest

_AT_ONCE: Final = 2
_LONGEST: Final = 1000
"""Characters; more would only keep the machine busy."""


class Passwords:
    """Hashes and checks passwords with argon2, away from the event loop. shortest: characters a new one has to have."""

    def __init__(self, *, shortest: int) -> None:
        self._shortest = shortest
        self._hasher = PasswordHasher()
        # Each check takes 64 MiB: a crowd at the door must not take all memory.
        self._checking = asyncio.Semaphore(_AT_ONCE)

    @property
    def shortest(self) -> int:
        """How many characters a new password has to have."""
        return self._shortest

    async def hashed(self, password: str) -> str:
        """A password as it is kept."""
        async with self._checking:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """Whether a password is the one that was hashed; None, as of nobody: it isn't, and takes the same time."""
        if len(password) > _LONGEST:
            return False
        async with self._checking:
            if password_hash is None:
                await asyncio.to_thread(self._hasher.hash, password)
                return False
            return await asyncio.to_thread(self._verified, password_hash, password)

    async def check_new(self, name: str, password: str, old_hash: str) -> None:
        """Raise BadRequest where somebody may not have this password: too short, the name, or the old one."""
        if not self._shortest <= len(password) <= _LONGEST:
            raise BadRequest(f"A password has at least {self._shortest} characters.")
        if not password.casefold().replace(name.casefold(), "").strip():
            raise BadRequest("A password is not the name of its user.")
        if await self.fits(old_hash, password):
            raise BadRequest("This is the old password; take another one.")

    def _verified(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
