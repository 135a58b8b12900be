"""The files that a publisher sends: what their names tell, size and digest, their bytes piece by piece."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Final

import msgspec

from dip.ground.errors import DipError

GZIP: Final = "gzip"
ZIP: Final = "zip"
_CHUNK: Final = 1024 * 1024
_READ_AT_ONCE: Final = 4 * 1024 * 1024
_UNKNOWN: Final = "application/octet-stream"
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "pdf": "application/pdf",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "xml": "application/xml",
}
_COMPRESSIONS: Final[Mapping[str, str]] = {"gz": GZIP, "gzip": GZIP, "zip": ZIP}
_FORMAT: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,9}", re.ASCII)

Advance = Callable[[int, int], None]
"""Told of progress: bytes done, bytes altogether."""


class FileUnreadable(DipError):
    """The file can't be read, or changed while it was sent."""

    code: ClassVar[str] = "file_unreadable"


class Kind(msgspec.Struct, frozen=True):
    """What is in a file: as an upload says it, and as an announcement does.

    media_type: of the content, unpacked. compression: gzip, zip, or none. format, delivery_format: data items DI-968
    and DI-969, such as CSV and GZIP.
    """

    media_type: str
    compression: str | None
    format: str | None
    delivery_format: str | None


class PayloadFile(msgspec.Struct, frozen=True):
    """A file that was read once. size: bytes. sha256: 64 hex digits. changed_at: when it was written last."""

    path: Path
    size: int
    sha256: str
    changed_at: datetime


def kind_of(name: str) -> Kind:
    """What the endings of a file's name tell: `isd.csv.gz` is CSV, compressed with gzip."""
    endings = name.lower().split(".")[1:]
    compression = _COMPRESSIONS.get(endings[-1]) if endings else None
    if compression is not None:
        endings.pop()
    ending = endings[-1] if endings else ""
    return Kind(
        media_type=_MEDIA_TYPES.get(ending, _UNKNOWN),
        compression=compression,
        format=ending.upper() if _FORMAT.fullmatch(ending) else None,
        delivery_format=compression.upper() if compression is not None else None,
    )


async def read_file(path: Path, told: Advance = lambda done, total: None) -> PayloadFile:
    """Read a file through for its digest, not on the event loop. Raises FileUnreadable."""
    digest, done = hashlib.sha256(), 0

    def more(opened: BinaryIO) -> int:
        chunk = opened.read(_READ_AT_ONCE)
        digest.update(chunk)
        return len(chunk)

    try:
        with await asyncio.to_thread(path.open, "rb") as opened:
            size = (await asyncio.to_thread(path.stat)).st_size
            # Step by step, so that whoever gives up does not wait for the end of it.
            while length := await asyncio.to_thread(more, opened):
                done += length
                told(done, max(done, size))
            changed_s = (await asyncio.to_thread(path.stat)).st_mtime
    except OSError as fault:
        raise _unreadable(path, fault) from fault
    if not done:
        raise FileUnreadable(f"{path} is empty: a payload has at least one byte.")
    changed_at = datetime.fromtimestamp(changed_s, UTC).replace(microsecond=0)
    return PayloadFile(path, done, digest.hexdigest(), changed_at)


async def pieces(file: PayloadFile, opened: BinaryIO, start: int, length: int) -> AsyncIterator[bytes]:
    """So many bytes of a file from a place on. Raises FileUnreadable where they are not there any more."""
    await asyncio.to_thread(opened.seek, start)
    left = length
    while left:
        try:
            piece = await asyncio.to_thread(opened.read, min(_CHUNK, left))
        except OSError as fault:
            raise _unreadable(file.path, fault) from fault
        if not piece:
            raise FileUnreadable(f"{file.path} became shorter while it was sent. Publish it when it is complete.")
        left -= len(piece)
        yield piece


async def opened_file(file: PayloadFile) -> BinaryIO:
    """The file, open; to be closed. Raises FileUnreadable."""
    try:
        return await asyncio.to_thread(file.path.open, "rb")
    except OSError as fault:
        raise _unreadable(file.path, fault) from fault


def _unreadable(path: Path, fault: OSError) -> FileUnreadable:
    return FileUnreadable(f"{path} can't be read: {fault.strerror}.")
