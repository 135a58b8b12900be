"""One payload's file while its bytes come: written, hashed and, where it is packed, opened at the same time (5.6)."""

import hashlib
import os
from pathlib import Path
from typing import Final, NamedTuple

from dip.publications.packed_check import GzipCheck
from dip.publications.upload_errors import PayloadRefused

_SYNCED_EVERY: Final = 16 * 1024 * 1024
"""Bytes after which they are pushed to the disk: nobody else's commit then waits behind gigabytes of them."""
_READ_AGAIN: Final = 1024 * 1024
_STEP: Final = 32 * 1024 * 1024
"""Bytes hashed again in one go; other uploads have the thread between."""


class Mark(NamedTuple):
    """A state of the file to come back to."""

    length: int
    digest: "hashlib._Hash"
    check: GzipCheck | None


class ReceivingFile:
    """A file of which so many bytes are certain; what stands behind them is cut off.

    Its methods block and belong into a worker thread, one at a time. `length`: bytes written and hashed; before
    `catch_up` said that it is done, those that were hashed again so far. `synced`: bytes on disk. OSErrors go through;
    whoever gets one opens the file anew.
    """

    def __init__(self, path: Path, received: int, check: GzipCheck | None) -> None:
        """received: bytes that are certain. check: opens what is gzip. Raises PayloadRefused where there are fewer."""
        self.length = 0
        self._received = received
        self._check = check
        self._digest = hashlib.sha256()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(self._file).st_size < received:
                raise PayloadRefused("What came of this payload is damaged; begin the upload anew.")
            os.ftruncate(self._file, received)
            os.fdatasync(self._file)
            _sync_folder(path.parent)
        except BaseException:
            os.close(self._file)
            raise
        self.synced = received

    def catch_up(self) -> bool:
        """Hash a further part of what was certain at the start; whether that is all of it."""
        end = min(self._received, self.length + _STEP)
        while self.length < end:
            data = os.pread(self._file, min(_READ_AGAIN, end - self.length), self.length)
            if not data:
                raise PayloadRefused("What came of this payload is damaged; begin the upload anew.")
            self._count(data)
        return self.length == self._received

    def write(self, data: bytes) -> None:
        """Append. Raises PayloadRefused where it is not what it is said to be; OSError where the disk fails."""
        view, at = memoryview(data), self.length
        while view:
            written = os.pwrite(self._file, view, at)
            view, at = view[written:], at + written
        self._count(data)
        if self.length - self.synced >= _SYNCED_EVERY:
            self.sync()

    def sync(self) -> None:
        """Return when every byte is on disk."""
        if self.synced != self.length:
            os.fdatasync(self._file)
            self.synced = self.length

    def mark(self) -> Mark:
        """The state as it is."""
        return Mark(self.length, self._digest.copy(), self._check.copy() if self._check is not None else None)

    def back(self, mark: Mark) -> None:
        """Throw away what came after a mark; a mark serves once."""
        os.ftruncate(self._file, mark.length)
        self.length, self._digest, self._check = mark
        self.synced = min(self.synced, self.length)

    @property
    def digest(self) -> bytes:
        """SHA-256 of what is there."""
        return self._digest.digest()

    def unpacked(self) -> int | None:
        """The unpacked size of a whole gzip stream, bytes; None for another file. Raises PayloadRefused."""
        return None if self._check is None else self._check.finish()

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def _count(self, data: bytes) -> None:
        self._digest.update(data)
        self.length += len(data)
        if self._check is not None:
            self._check.feed(data)


def _sync_folder(folder: Path) -> None:
    """Return when the names of its files are on disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
