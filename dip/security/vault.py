"""Encryption of what is stored (8.1): AES-256-GCM under data keys that a master key wraps."""

import hashlib
import itertools
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dip.ground.errors import DipError, SetupRefused

SEAL = "seal"
DIGEST = "digest"
KEY_BYTES = 32
DIGEST_BYTES = 16

_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD = _ID_BYTES + _NONCE_BYTES


class SealBroken(DipError):
    """What was stored does not open: it was changed, moved to another place, or its key is missing."""

    code: ClassVar[str] = "seal_broken"


class MasterKeyRefused(SetupRefused):
    """The master key does not open the keys of this data directory; start with the one it was made with."""

    code: ClassVar[str] = "master_key_refused"


class WrappedKey(msgspec.Struct, frozen=True):
    """A key as the store keeps it: encrypted under the master key. purpose: seal or digest."""

    id: int
    purpose: str
    wrapped: bytes
    made_at: datetime


class Vault:
    """Seals and opens what the store keeps. Safe to use from several threads.

    Each run of the server seals under a data key of its own, so that a counter can be the nonce: no
    nonce ever comes twice under a key. Raises MasterKeyRefused where the master key is another one.
    """

    def __init__(self, master_key: bytes, data_keys: Sequence[WrappedKey]) -> None:
        self._master_key = master_key
        self._made_at = {key.id: key.made_at for key in data_keys}
        self._sealing: dict[int, bytes] = {}
        self._digesting: dict[int, bytes] = {}
        for key in data_keys:
            self._keys_for(key.purpose)[key.id] = _unwrapped(master_key, key)
        self._ciphers = {key_id: AESGCM(key) for key_id, key in self._sealing.items()}
        self._digest: _Digest | None = None
        self._current: tuple[bytes, AESGCM, itertools.count[int]] | None = None

    @classmethod
    def opened(cls, master_key: bytes, data_keys: Sequence[WrappedKey], now: datetime) -> tuple[Self, list[WrappedKey]]:
        """A vault ready for one run of the server, and its new keys: store them before the first seal."""
        vault = cls(master_key, data_keys)
        new = [] if vault._digesting else [vault.new_digest_key(now)]
        return vault, [*new, vault.new_data_key(now)]

    def new_data_key(self, now: datetime) -> WrappedKey:
        """Make the key that `seal` uses from here on; store it before the first seal."""
        key_id, key, wrapped = self._new_key(SEAL, now)
        self._ciphers[key_id] = AESGCM(key)
        self._current = (key_id.to_bytes(_ID_BYTES), self._ciphers[key_id], itertools.count(1))
        return wrapped

    def new_digest_key(self, now: datetime) -> WrappedKey:
        """Make the secret behind `digest`; once in the life of a data directory."""
        return self._new_key(DIGEST, now)[2]

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt: key id (4 bytes), nonce (12), ciphertext with tag.

        context: where it belongs, such as table and row; authenticated, not stored.
        """
        if self._current is None:
            raise SealBroken("The vault has no data key for this run.")
        key_id, cipher, nonces = self._current
        nonce = next(nonces).to_bytes(_NONCE_BYTES)
        return key_id + nonce + cipher.encrypt(nonce, plaintext, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt what `seal` made in the same context. Raises SealBroken."""
        cipher = self._ciphers.get(int.from_bytes(sealed[:_ID_BYTES]))
        if cipher is None or len(sealed) < _HEAD:
            raise SealBroken
        try:
            return cipher.decrypt(sealed[_ID_BYTES:_HEAD], sealed[_HEAD:], context)
        except InvalidTag:
            raise SealBroken from None

    def digest(self, value: str) -> bytes:
        """Sixteen bytes that stand for a value, such as an MPAN, in logs, journals and searches.

        The same for ever in one data directory, whatever becomes of the master key.
        """
        if not self._digesting:
            raise SealBroken("The vault has no digest key.")
        if self._digest is None:
            self._digest = _Digest(self._digesting[min(self._digesting)])
        return self._digest.of(value.encode())[:DIGEST_BYTES]

    def adopt(self, master_key: bytes) -> None:
        """Go on with another master key: every key is stored wrapped under it."""
        self._master_key = master_key

    def wrapped_under(self, new_master: bytes) -> list[WrappedKey]:
        """Every key, wrapped under another master key."""
        return [
            _wrapped(new_master, key_id, purpose, key, self._made_at[key_id])
            for purpose in (DIGEST, SEAL)
            for key_id, key in self._keys_for(purpose).items()
        ]

    def _new_key(self, purpose: str, now: datetime) -> tuple[int, bytes, WrappedKey]:
        key_id, key = max(self._made_at, default=0) + 1, secrets.token_bytes(KEY_BYTES)
        self._made_at[key_id] = now
        self._keys_for(purpose)[key_id] = key
        return key_id, key, _wrapped(self._master_key, key_id, purpose, key, now)

    def _keys_for(self, purpose: str) -> dict[int, bytes]:
        return self._digesting if purpose == DIGEST else self._sealing


class _Digest:
    """HMAC-SHA-256 (RFC 2104) with the key taken in once: one for each message."""

    def __init__(self, key: bytes) -> None:
        block = key.ljust(hashlib.sha256().block_size, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def of(self, value: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(value)
        outer.update(inner.digest())
        return outer.digest()


def _wrapped(master_key: bytes, key_id: int, purpose: str, key: bytes, made_at: datetime) -> WrappedKey:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    wrapped = nonce + AESGCM(master_key).encrypt(nonce, key, _label(key_id, purpose))
    return WrappedKey(key_id, purpose, wrapped, made_at)


def _unwrapped(master_key: bytes, key: WrappedKey) -> bytes:
    nonce, wrapped = key.wrapped[:_NONCE_BYTES], key.wrapped[_NONCE_BYTES:]
    try:
        return AESGCM(master_key).decrypt(nonce, wrapped, _label(key.id, key.purpose))
    except (InvalidTag, ValueError):
        raise MasterKeyRefused from None


def _label(key_id: int, purpose: str) -> bytes:
    return f"{key_id}:{purpose}".encode()
