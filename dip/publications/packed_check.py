"""Whether what is said to be compressed can be opened, and how large it is then; nothing of it is kept (5.6)."""

import io
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from dip.publications.upload_errors import PayloadRefused

GZIP: Final = "gzip"
ZIP: Final = "zip"
_GZIP_WINDOW: Final = 31
_SLICE: Final = 16 * 1024
"""Packed bytes that are opened at a time: a stream of very many small members stays cheap."""
_PIECE: Final = 1024 * 1024
"""Most unpacked bytes held at a time."""
_FREE: Final = 10 * 1024 * 1024
"""Unpacked bytes below which the ratio does not matter."""
_PADDING: Final = b"\0"
_ENTRIES: Final = 10_000
_DIRECTORY: Final = 8 * 1024 * 1024
_ENTRY_MARK: Final = b"PK\x01\x02"
_ENCRYPTED: Final = 0x41
_DRIVE: Final = re.compile(r"[A-Za-z]:")


class UnpackedBounds(msgspec.Struct, frozen=True):
    """How much a payload may hold unpacked: in all, bytes; and beyond 10 MiB, times its packed size."""

    most: int
    ratio: int

    def check(self, unpacked: int, packed: int) -> None:
        """Raise PayloadRefused where it is more."""
        if unpacked > self.most:
            raise PayloadRefused(f"compression: expected at most {self.most} bytes unpacked; there are more.")
        if unpacked > _FREE and unpacked > self.ratio * packed:
            raise PayloadRefused(
                f"compression: expected at most {self.ratio} times as many bytes unpacked as packed; there are more."
            )


class GzipCheck:
    """Opens a gzip stream (RFC 1952), one member or several, as its bytes come, and throws away what is in it."""

    def __init__(self, bounds: UnpackedBounds) -> None:
        self._bounds = bounds
        self._opening = zlib.decompressobj(_GZIP_WINDOW)
        self._packed = 0
        self._unpacked = 0
        self._is_between = False
        """Behind a whole member, where another one, padding or the end may follow."""
        self._is_padded = False

    def copy(self) -> "GzipCheck":
        """The check as it stands, to come back to."""
        made = GzipCheck(self._bounds)
        made._opening = self._opening.copy()
        made._packed, made._unpacked = self._packed, self._unpacked
        made._is_between, made._is_padded = self._is_between, self._is_padded
        return made

    def feed(self, data: bytes) -> None:
        """The next bytes. Raises PayloadRefused: broken, or too large unpacked."""
        view = memoryview(data)
        for start in range(0, len(view), _SLICE):
            piece = bytes(view[start : start + _SLICE])
            self._packed += len(piece)
            while piece:
                piece = self._open(piece)

    def finish(self) -> int:
        """The unpacked size, bytes. Raises PayloadRefused where the stream is cut off."""
        if not self._is_between:
            raise PayloadRefused("compression: expected a whole gzip stream; this one ends too early.")
        return self._unpacked

    def _open(self, piece: bytes) -> bytes:
        """Open so much of it as makes one piece; returns the rest."""
        if self._is_between:
            if not piece.strip(_PADDING):
                self._is_padded = True
                return b""
            if self._is_padded:
                raise PayloadRefused("compression: expected a gzip stream; something else stands behind its end.")
            self._opening, self._is_between = zlib.decompressobj(_GZIP_WINDOW), False
        try:
            self._unpacked += len(self._opening.decompress(piece, _PIECE))
        except zlib.error as exc:
            raise PayloadRefused(
                f"compression: expected a gzip stream; it is broken before byte {self._packed}."
            ) from exc
        self._bounds.check(self._unpacked, self._packed)
        if self._opening.eof:
            self._is_between = True
            return self._opening.unused_data
        return self._opening.unconsumed_tail


def check_zip(file: Path, bounds: UnpackedBounds) -> int:
    """The unpacked size of a zip archive as its directory declares it; nothing is unpacked. Raises PayloadRefused."""
    try:
        with _Bounded(file) as opened, zipfile.ZipFile(opened) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OverflowError, OSError) as exc:
        raise PayloadRefused("compression: expected a zip archive with a readable directory.") from exc
    unpacked, packed = 0, file.stat().st_size
    for number, entry in enumerate(entries, 1):
        if entry.flag_bits & _ENCRYPTED:
            raise PayloadRefused(f"compression: entry {number} of the zip archive is encrypted; expected none that is.")
        if _leads_out(entry.orig_filename) or _leads_out(entry.filename):
            raise PayloadRefused(
                f"compression: entry {number} of the zip archive: expected a name below the folder it is opened in."
            )
        unpacked += entry.file_size
        bounds.check(unpacked, packed)
    return unpacked


def _leads_out(name: str) -> bool:
    path = name.replace("\\", "/")
    return path.startswith("/") or bool(_DRIVE.match(path)) or ".." in PurePosixPath(path).parts or "\0" in name


class _Bounded(io.FileIO):
    """A file of which nobody reads more at once than a directory of the most entries takes."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, "rb")

    def read(self, size: int | None = -1) -> bytes:
        """As of any file, within the bound."""
        wanted = _DIRECTORY if size is None or size < 0 else size
        if wanted > _DIRECTORY:
            raise PayloadRefused(f"compression: expected a directory of at most {_DIRECTORY} bytes in the zip archive.")
        found = super().read(wanted) or b""
        if found.count(_ENTRY_MARK) > _ENTRIES:
            raise PayloadRefused(f"compression: expected at most {_ENTRIES} entries in the zip archive.")
        return found
