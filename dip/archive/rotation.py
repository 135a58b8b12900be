"""Changing the master key while the server runs (8.1): every data key is wrapped anew, no stored message is touched."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Protocol

import msgspec

from dip.ground.errors import Conflict
from dip.ground.log import Log
from dip.security.master_key import MasterKeyFile
from dip.security.vault import KEY_BYTES, Vault, WrappedKey


class DataKeys(Protocol):
    """Where the wrapped data keys are kept."""

    async def replace_data_keys(self, keys: Sequence[WrappedKey]) -> None:
        """Keep these keys wrapped in another way, all or none. Raises StoreUnavailable."""


class NewKeyNeeded(Conflict):
    """The master key stands in the environment: the call has to bring the new one."""

    code = "new_key_needed"


class Rotated(msgspec.Struct, frozen=True, rename="camel"):
    """What was done. keys: data keys that are wrapped anew; kept_in: where the next start finds the master key."""

    keys: int
    kept_in: str


class Rotation:
    """Changes the master key. file: where it is kept; None where it came from the environment."""

    def __init__(self, *, store: DataKeys, vault: Vault, file: MasterKeyFile | None, log: Log) -> None:
        self._store = store
        self._vault = vault
        self._file = file
        self._log = log
        self._turn = asyncio.Lock()

    @property
    def makes_keys(self) -> bool:
        """Whether the server keeps the master key in a file of its own, and so can make the next one."""
        return self._file is not None

    @property
    def kept_in(self) -> str:
        """Where the next start finds the master key, in words."""
        return "the environment variable DIP_MASTER_KEY" if self._file is None else self._file.path.name

    async def rotate(self, key: bytes | None = None) -> Rotated:
        """Go on with another master key, the given one or a new one.

        Raises NewKeyNeeded, StoreUnavailable; then the old one goes on.
        """
        async with self._turn:
            if key is None and self._file is None:
                raise NewKeyNeeded(
                    "The master key stands in DIP_MASTER_KEY: send the new one, and start with it the next time."
                )
            key = key or secrets.token_bytes(KEY_BYTES)
            if self._file is not None:
                await asyncio.to_thread(self._file.put_next, key)
            wrapped = self._vault.wrapped_under(key)
            # Where this fails, perhaps after the commit, the next key stays: the next start finds out which one opens.
            await self._store.replace_data_keys(wrapped)
            self._vault.adopt(key)
            if self._file is not None:
                await asyncio.to_thread(self._file.adopt_next)
            self._log.info("master_key_rotated", keys=len(wrapped))
            return Rotated(len(wrapped), self.kept_in)
