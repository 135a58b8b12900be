"""Where the master key is kept: a file of the data directory, or the environment (8.1)."""

import os
import secrets
from pathlib import Path

from dip.ground.errors import SetupRefused
from dip.security.vault import KEY_BYTES

_EXPECTED = f"{2 * KEY_BYTES} hexadecimal digits are expected"


class MasterKeyFile:
    """A file of 64 hexadecimal digits, mode 600; beside it, while the key is being changed, the next one.

    The next key is on disk before anything is wrapped with it, and takes the file's place afterwards: a crash
    between the two leaves both, and the next start finds out which one opens the keys.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._next = path.with_name(path.name + ".next")

    @property
    def exists(self) -> bool:
        """Whether there is a key, or one that was about to take its place."""
        return self.path.exists() or self._next.exists()

    def read(self) -> bytes:
        """The key; made where there is none. Raises SetupRefused where the file holds something else."""
        try:
            return _read(self.path)
        except FileNotFoundError:
            key = secrets.token_bytes(KEY_BYTES)
            _write(self.path, key)
            return key

    def read_next(self) -> bytes | None:
        """The key that was about to take its place; None where there is none."""
        try:
            return _read(self._next)
        except FileNotFoundError:
            return None

    def put_next(self, key: bytes) -> None:
        """Keep the key that will take its place; on disk when this returns. Raises OSError."""
        self.drop_next()
        _write(self._next, key)

    def adopt_next(self) -> None:
        """The next key takes the place of this one. Raises OSError."""
        self._next.replace(self.path)
        _flush(self.path.parent)

    def drop_next(self) -> None:
        """Nothing was wrapped with the next key: forget it."""
        self._next.unlink(missing_ok=True)


def key_of(text: str, what: str) -> bytes:
    """The key that hexadecimal digits stand for. what: where they come from. Raises SetupRefused."""
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SetupRefused(f"{what} is no master key: {_EXPECTED}.")
    return key


def _read(path: Path) -> bytes:
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError:
        text = ""
    return key_of(text, str(path))


def _write(path: Path, key: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    _flush(path.parent)


def _flush(directory: Path) -> None:
    """Have the names in a directory on disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
