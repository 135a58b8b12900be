"""The archive files of the activity log: gzip of JSON lines, each a record with its number, time and hash."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

_MODE: Final = 0o600
_LONGEST_LINE: Final = 16 * 1024 * 1024


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """A line. at: business time, microseconds since 1970; hash: hexadecimal; record: as it is hashed."""

    number: int
    at: int
    hash: str
    record: msgspec.Raw


class LineUnreadable(Exception):
    """A line of an archive file is no record, or its file is no gzip."""


_LINE: Final = msgspec.json.Decoder(Line)


def file_name(number: int) -> str:
    """The name of a file of the archive by its number, from 1."""
    return f"{number:06d}.jsonl.gz"


def line_of(number: int, at: int, hash_: bytes, text: bytes) -> bytes:
    """A line, as files and exports have it."""
    return b'{"number":%d,"at":%d,"hash":"%s","record":%b}\n' % (number, at, hash_.hex().encode(), text)


class FileWriter:
    """Writes a file beside its place; `finish` puts it there, on disk in full. Whoever gives up calls `abandon`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._path = path
        self._beside = path.with_name(f".{path.name}.part")
        descriptor = os.open(self._beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, _MODE)
        self._file = os.fdopen(descriptor, "w+b")
        # Neither name nor time in its head: the same records make the same file.
        self._packed = gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0)

    def add(self, lines: bytes) -> None:
        """Add lines."""
        self._packed.write(lines)

    def finish(self) -> bytes:
        """Have the file at its place, on disk; SHA-256 of its bytes."""
        self._packed.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.seek(0)
        digest = hashlib.file_digest(self._file, "sha256").digest()
        self._file.close()
        self._beside.replace(self._path)
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return digest

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._beside.unlink(missing_ok=True)


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def lines_of(path: Path) -> Iterator[Line]:
    """The lines of a file, one after the other. Raises OSError, LineUnreadable."""
    with path.open("rb") as file:
        yield from _lines(file)


def _lines(file: BinaryIO) -> Iterator[Line]:
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as packed:
            while line := packed.readline(_LONGEST_LINE):
                yield _LINE.decode(line)
    except (EOFError, gzip.BadGzipFile, zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise LineUnreadable(type(exc).__name__) from exc
