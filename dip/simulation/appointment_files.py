"""Files of appointments, read once and kept packed on disk, so that any page of them is at hand at once."""

import csv
import gzip
import hashlib
import os
import re
import tempfile
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Final

import lz4.block

from dip.ground.errors import DipError

HEAD: Final = b"mpan,role,dip_id,effective_from,effective_to"
SORTED_HERE: Final = 100_000
"""Rows of a file out of order that are put in order here; a longer one is refused."""
MOST_FILES: Final = 32

_MPAN_DIGITS: Final = 13
_CHUNK_BYTES: Final = 1 << 20
_LONGEST_LINE: Final = 400
_BLOCK_MPANS: Final = 256
_CELL: Final = rb"[!#-+\--~]{1,40}"
_ROW: Final = re.compile(rb"[0-9]{13}," + _CELL + rb"," + _CELL + rb"," + _CELL + rb",(?:" + _CELL + rb")?")
_GZIP: Final = b"\x1f\x8b"
_LINES_BETWEEN_CALLS: Final = 100_000

Group = tuple[bytes, list[bytes]]
"""An MPAN, and its rows as they stand in the file."""


class RegistrationFileRefused(DipError):
    """A file of appointments can't be served."""

    code: ClassVar[str] = "registration_file_refused"


class _OutOfOrder(Exception):
    """MPANs do not ascend. The argument is the line."""


class AppointmentFile:
    """The rows of one CSV file, plain or gzip, by MPAN. Safe to read from several threads.

    In memory stand two numbers for each 256 MPANs; the rows stand packed in an unnamed temporary file.
    """

    def __init__(self, path: Path, progress: Callable[[int], None] = lambda lines: None) -> None:
        """Read it. progress: told of the lines read, now and then. Raises RegistrationFileRefused."""
        self._firsts, self._offsets = array("Q"), array("Q", [0])
        self.mpans = 0
        with ExitStack() as held:
            self._packed = held.enter_context(tempfile.TemporaryFile())
            try:
                before = path.stat()
                self._read(path, progress)
                after = path.stat()
            except (OSError, EOFError, zlib.error) as exc:
                reason = getattr(exc, "strerror", None) or "it is no whole gzip file"
                raise RegistrationFileRefused(f"{path} can't be read: {reason}.") from exc
            if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
                raise RegistrationFileRefused(f"{path} changed while it was read. Start again when it is complete.")
            self._held = held.pop_all()
        self.recorded_at = after.st_mtime
        """When its rows count as recorded: the file's modification time, seconds since 1970."""
        self.identity = f"{path.name}/{after.st_size}/{after.st_mtime_ns}"

    def close(self) -> None:
        """Give back the disk."""
        self._held.close()

    def block(self, number: int) -> list[Group]:
        """The MPANs of a block, in order."""
        start, end = self._offsets[number], self._offsets[number + 1]
        lines = lz4.block.decompress(os.pread(self._packed.fileno(), end - start, start)).split(b"\n")
        return [(mpan, list(rows)) for mpan, rows in groupby(lines, lambda line: line[:_MPAN_DIGITS])]

    def block_of(self, mpan: bytes) -> int:
        """The block in which an MPAN stands, if it stands anywhere; -1 where it would come before all."""
        return bisect_right(self._firsts, int(mpan)) - 1

    def _read(self, path: Path, progress: Callable[[int], None]) -> None:
        try:
            self._keep(_rows(path, progress))
        except _OutOfOrder as exc:
            rows = []
            for number, row in _rows(path, progress):
                if number > SORTED_HERE:
                    raise RegistrationFileRefused(
                        f"{path}: line {exc.args[0]}: the MPANs of a file of more than {SORTED_HERE:,} rows must "
                        f"ascend, all rows of one together. Sort the file by its first column, below its head."
                    ) from exc
                rows.append(row)
            self._firsts, self._offsets = array("Q"), array("Q", [0])
            self.mpans = 0
            self._packed.seek(0)
            self._keep(enumerate(sorted(rows, key=lambda row: row[:_MPAN_DIGITS])))

    def _keep(self, rows: Iterable[tuple[int, bytes]]) -> None:
        held: list[bytes] = []
        current = b""
        for number, row in rows:
            mpan = row[:_MPAN_DIGITS]
            if mpan != current:
                if mpan < current:
                    raise _OutOfOrder(number)
                if self.mpans % _BLOCK_MPANS == 0:
                    self._pack(held)
                    self._firsts.append(int(mpan))
                self.mpans += 1
                current = mpan
            held.append(row)
        self._pack(held)
        self._packed.flush()

    def _pack(self, held: list[bytes]) -> None:
        if held:
            packed = lz4.block.compress(b"\n".join(held))
            self._packed.write(packed)
            self._offsets.append(self._offsets[-1] + len(packed))
            held.clear()


class _Walk:
    """A way through one file, from an MPAN's number on."""

    def __init__(self, file: AppointmentFile, passed: int) -> None:
        self._file = file
        self.passed = passed
        self._number, self._block = -1, list[Group]()

    @property
    def next(self) -> bytes | None:
        """The MPAN that comes next."""
        if self.passed >= self._file.mpans:
            return None
        return self._held(self.passed // _BLOCK_MPANS)[self.passed % _BLOCK_MPANS][0]

    def take(self) -> list[bytes]:
        """The rows of the MPAN that comes next, which is passed with that."""
        rows = self._block[self.passed % _BLOCK_MPANS][1]
        self.passed += 1
        return rows

    def find(self, mpan: bytes) -> list[bytes]:
        """The rows of any MPAN; the last block that was looked into is kept."""
        number = self._file.block_of(mpan)
        return next((rows for one, rows in self._held(number) if one == mpan), []) if number >= 0 else []

    def _held(self, number: int) -> list[Group]:
        if number != self._number:
            self._number, self._block = number, self._file.block(number)
        return self._block


class AppointmentFiles:
    """Several files as one: what they say of an MPAN is told together."""

    def __init__(self, files: Sequence[AppointmentFile]) -> None:
        self._files = files
        told = "\n".join(file.identity for file in files)
        self.snapshot = hashlib.sha256(told.encode()).hexdigest()[:16]
        """The same as long as the files are the same."""

    @property
    def mpans(self) -> int:
        """MPANs of all files; one that stands in two counts twice."""
        return sum(file.mpans for file in self._files)

    def page(
        self, passed: Sequence[int], since: float | None, limit: int
    ) -> tuple[Sequence[Group], Sequence[int] | None]:
        """The next MPANs, ascending, at most `limit`, and how far each file is passed then; None where all of it is.

        passed: how many MPANs of each file were told already; empty at the beginning. since: seconds since 1970; MPANs
        alone that stand in a file recorded then or later, with what all files say of them. Raises ValueError where
        passed does not fit the files.
        """
        walks = [_Walk(file, at) for file, at in zip(self._files, passed or [0] * len(self._files), strict=True)]
        if any(not 0 <= walk.passed <= file.mpans for walk, file in zip(walks, self._files, strict=True)):
            raise ValueError("beyond the files")
        leading = [
            walk for walk, file in zip(walks, self._files, strict=True) if since is None or file.recorded_at >= since
        ]
        asked = [walk for walk in walks if walk not in leading]
        found: list[Group] = []
        while (mpan := min((one for walk in leading if (one := walk.next) is not None), default=None)) is not None:
            if len(found) == limit:
                return found, [walk.passed for walk in walks]
            rows = [row for walk in leading if walk.next == mpan for row in walk.take()]
            rows += [row for walk in asked for row in walk.find(mpan)]
            found.append((mpan, list(dict.fromkeys(rows))))
        return found, None

    def close(self) -> None:
        """Give back the disk."""
        for file in self._files:
            file.close()


def _rows(path: Path, progress: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    """The rows without the head, each with its line's number; cells without spaces and quotes."""
    lines = _lines(path)
    if next(lines, b"").removeprefix(b"\xef\xbb\xbf") != HEAD:
        raise RegistrationFileRefused(f"{path}: line 1: expected the head {HEAD.decode()}.")
    for number, line in enumerate(lines, 2):
        if _ROW.fullmatch(line):
            yield number, line
        elif line:
            row = _tidied(line)
            if row is None:
                raise RegistrationFileRefused(
                    f"{path}: line {number}: expected 13 digits, a role, a DIP id, a start and an end or nothing, "
                    "with commas between, each of at most 40 characters."
                )
            yield number, row
        if number % _LINES_BETWEEN_CALLS == 0:
            progress(number)


def _tidied(line: bytes) -> bytes | None:
    """The row without spaces and quotes around its cells; None where it is none."""
    try:
        (cells,) = csv.reader([line.decode("ascii")])
    except (ValueError, csv.Error):
        return None
    row = ",".join(cell.strip() for cell in cells).encode()
    return row if _ROW.fullmatch(row) else None


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as plain:
        is_packed = plain.read(len(_GZIP)) == _GZIP
        plain.seek(0)
        source = gzip.GzipFile(fileobj=plain) if is_packed else plain
        rest = b""
        while chunk := source.read(_CHUNK_BYTES):
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            if len(rest) > _LONGEST_LINE:
                raise RegistrationFileRefused(f"{path}: a line has more than {_LONGEST_LINE} characters.")
            for line in lines:
                yield line.removesuffix(b"\r")
        yield rest.removesuffix(b"\r")
