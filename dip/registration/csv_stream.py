"""CSV as it comes, plain or gzip, in bounded memory: unpacked, split into lines, read to groups of rows."""

import zlib
from collections import deque
from typing import ClassVar, Final

from dip.ground.errors import DipError
from dip.registration.rows import LONGEST_LINE, ReadRows, RowReader

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31
_PIECE: Final = 64 * 1024
_HEAD: Final = 13
"""Characters of a line that is too long which are kept: those that may be the MPAN."""
_NO_CSV: Final = (b"{", b"[", b"<", b"--", b"PK")
"""How JSON, XML, forms and archives begin; no MPAN, and no name of a column."""


class ImportRefused(DipError):
    """What came is no CSV of appointments, or is packed in a way that can't be read."""

    code: ClassVar[str] = "import_refused"


class _Unpacking:
    """Gives plain bytes, at most `_PIECE` at a time, out of bytes that are plain, or one or several gzip streams."""

    def __init__(self, *, is_packed: bool) -> None:
        self._must_be_packed = is_packed
        self._opener: zlib._Decompress | None = None
        self._is_packed: bool | None = None
        self._waiting: deque[bytes] = deque()

    def feed(self, data: bytes) -> None:
        """Bytes as they came."""
        self._waiting.append(data)

    def read(self, *, is_end: bool) -> bytes:
        """The next plain bytes; none where more have to come first. Raises ImportRefused."""
        if self._is_packed is None and not self._look(is_end=is_end):
            return b""
        if not self._is_packed:
            return self._cut(_PIECE)
        while data := self._cut(_PIECE):
            plain = self._unpacked(data)
            if plain:
                return plain
        if is_end and self._opener is not None:
            raise ImportRefused("The gzip stream ends before its end; what came of it whole is taken.")
        return b""

    def _look(self, *, is_end: bool) -> bool:
        """Find out whether it is packed; whether that can be told already."""
        while len(self._waiting) > 1 and len(self._waiting[0]) < len(_GZIP):
            self._waiting.appendleft(self._waiting.popleft() + self._waiting.popleft())
        head = self._waiting[0] if self._waiting else b""
        if len(head) < len(_GZIP) and not is_end:
            return False
        self._is_packed = head.startswith(_GZIP)
        if self._must_be_packed and not self._is_packed:
            raise ImportRefused("Content-Encoding says gzip, but the body is no gzip.")
        return True

    def _cut(self, most: int) -> bytes:
        if not self._waiting:
            return b""
        data = self._waiting.popleft()
        if len(data) > most:
            self._waiting.appendleft(data[most:])
        return data[:most]

    def _unpacked(self, data: bytes) -> bytes:
        if self._opener is None:
            # Padding with zeros at the end of a file is no stream.
            data = data.lstrip(b"\0")
            if not data:
                return b""
            self._opener = zlib.decompressobj(_GZIP_WINDOW)
        opener = self._opener
        try:
            plain = opener.decompress(data, _PIECE)
        except zlib.error as exc:
            raise ImportRefused("The gzip stream is damaged; what came before is taken.") from exc
        left = opener.unconsumed_tail or opener.unused_data
        if left:
            self._waiting.appendleft(left)
        if opener.eof:
            self._opener = None
        return plain


class CsvStream:
    """Reads the bytes of a CSV to groups of rows. Its methods may be called in one thread after the other."""

    def __init__(self, reader: RowReader, *, group_rows: int, first: int = 1, is_packed: bool = False) -> None:
        """first: the number of the line with which it begins. is_packed: it has to be gzip, which is seen anyway."""
        self._reader = reader
        self._group_rows = group_rows
        self._line = first
        self._unpacking = _Unpacking(is_packed=is_packed)
        self._held: list[bytes] = []
        self._ends = 0
        self._unended = 0
        self._is_too_long = False
        self._is_begun = False
        self._refused: ImportRefused | None = None

    def feed(self, data: bytes) -> None:
        """Bytes as they came."""
        self._unpacking.feed(data)

    def rows(self, *, is_end: bool = False) -> ReadRows | None:
        """The next group; None where more has to come first, or where everything was read.

        is_end: nothing more comes. Raises ImportRefused; what was given before is good.
        """
        while self._refused is None and self._ends < self._group_rows:
            try:
                piece = self._unpacking.read(is_end=is_end)
                if not piece:
                    break
                self._take(piece)
            except ImportRefused as exc:
                self._refused = exc
        if self._ends >= self._group_rows or (self._ends and self._refused is not None):
            return self._group(is_end=False)
        if self._refused is not None:
            raise self._refused
        return self._group(is_end=True) if is_end and self._held else None

    def _take(self, piece: bytes) -> None:
        if not self._is_begun:
            self._is_begun = True
            if b"\0" in piece or piece.lstrip().startswith(_NO_CSV):
                raise ImportRefused("Body: expected CSV in UTF-8 with mpan,role,dip_id,effective_from,effective_to.")
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        if self._is_too_long:
            end = piece.find(b"\n")
            if end < 0:
                return
            piece = piece[end:]
            self._is_too_long = False
        ends = piece.count(b"\n")
        self._held.append(piece)
        self._ends += ends
        self._unended = len(piece) - piece.rfind(b"\n") - 1 if ends else self._unended + len(piece)
        if self._unended > LONGEST_LINE:
            self._shorten()

    def _shorten(self) -> None:
        """The line that is being read is too long: its head stands for it, made such that it is rejected as that."""
        block = b"".join(self._held)
        start = len(block) - self._unended
        self._held = [block[: start + _HEAD], b"." * LONGEST_LINE]
        self._unended = _HEAD + LONGEST_LINE
        self._is_too_long = True

    def _group(self, *, is_end: bool) -> ReadRows:
        block = b"".join(self._held)
        end = len(block) if is_end else len(block) - self._unended
        text = block[:end].decode("utf-8", "replace")
        self._held = [block[end:]] if end < len(block) else []
        self._ends = 0
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        found = self._reader.read(lines, self._line)
        self._line += len(lines)
        return found
