"""One pass over a payload, in steps, each in whichever thread: reads, finds, writes down; bounded in all."""

import threading
import time
from collections.abc import Callable
from typing import BinaryIO, Generic, Protocol

from dip.publications.filtering.cursors import write_cursor
from dip.publications.filtering.errors import FilterRefused, FilterTooLong, PayloadNotStructured
from dip.publications.filtering.limits import FilterLimits
from dip.publications.filtering.output import Output
from dip.publications.filtering.query import Filter
from dip.publications.filtering.rows import Rows
from dip.publications.filtering.source import Place, Row, Source
from dip.publications.filtering.unpacking import Gunzip, PlainBytes


class Steps(Protocol):
    """What a pass is to whoever reads its output."""

    count: int
    """Rows given."""
    is_over: bool
    """Nothing is left to give."""
    next_cursor: str | None
    """Where the next page begins; None: there is none."""

    def step(self) -> bytes:
        """Work on until there is enough to hand on; what was found, maybe nothing yet.

        Raises PayloadNotStructured, PayloadBomb, FilterTooLong, FilterRefused: a cursor behind the end; OSError.
        """

    def stop(self) -> None:
        """No step does anything more; a step in another thread ends after its block."""


class Scan(Generic[Row]):
    """A pass, from the start of the rows or from a cursor to the end of the page."""

    def __init__(
        self,
        source: Source,
        asked: Filter,
        rows: Rows[Row],
        output: Output[Row],
        *,
        start: Place,
        limits: FilterLimits,
        timer: Callable[[], float],
    ) -> None:
        """start: the first row, or where the page before ended. timer: seconds, never going back."""
        self._source = source
        self._asked = asked
        self._rows = rows
        self._output = output
        self._place = start
        self._limits = limits
        self._timer = timer
        self._busy = threading.Lock()
        self._is_stopped = False
        self._file: BinaryIO | None = None
        self._bytes: PlainBytes | None = None
        self._to_skip = start.byte
        self._waiting = b""
        self._is_end = False
        self._is_full = False
        self._worked_s = 0.0
        self._given_bytes = 0
        self.count = 0
        self.is_over = False
        self.next_cursor: str | None = None

    def step(self) -> bytes:
        """As Steps says."""
        try:
            with self._busy:
                return b"" if self._is_stopped or self.is_over else self._step()
        finally:
            # After the lock is free: whoever stops it meanwhile either closes the file or is seen here.
            if self._is_stopped or self.is_over:
                self._close()

    def stop(self) -> None:
        """As Steps says."""
        self._is_stopped = True
        if self._busy.acquire(blocking=False):
            try:
                self._close()
            finally:
                self._busy.release()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _step(self) -> bytes:
        begun = self._timer()
        found: list[bytes] = []
        size = 0
        read = 0
        if self._bytes is None:
            self._bytes = self._open()
            found.append(self._output.begin())
        while not self.is_over and not self._is_stopped:
            taken, piece = self._block(self._bytes)
            read += taken
            if piece:
                found.append(piece)
                size += len(piece)
            passed = self._timer() - begun
            if size >= self._limits.piece_bytes or read >= self._limits.step_bytes or passed >= self._limits.step_s:
                break
            time.sleep(self._limits.pause_s)
        self._worked_s += self._timer() - begun
        if not self.is_over and self._worked_s > self._limits.budget_s:
            if self._asked.limit is None or self._to_skip:
                raise FilterTooLong
            self._end_page()
        if self.is_over:
            found.append(self._output.end())
        return b"".join(found)

    def _open(self) -> PlainBytes:
        file = self._source.path.open("rb", buffering=0)
        self._file = file
        if self._source.compression is None:
            file.seek(self._to_skip)
            self._to_skip = 0
        return open_plain(file, self._source, self._limits)

    def _block(self, plain: PlainBytes) -> tuple[int, bytes]:
        """One block: the bytes read, the output made."""
        data = b""
        if not self._is_full and not self._is_end:
            data = plain.read(min(self._limits.block_bytes, self._to_skip or self._limits.block_bytes))
            self._is_end = not data
        if self._to_skip:
            if self._is_end:
                raise FilterRefused(["cursor: it lies behind the end"])
            self._to_skip -= len(data)
            return len(data), b""
        return len(data), self._look(data)

    def _look(self, data: bytes) -> bytes:
        waiting = self._waiting + data
        most = max(1, (self._limits.page_bytes - self._given_bytes) // (self._output.row_overhead + 1))
        if self._asked.limit is not None:
            most = min(most, self._asked.limit - self.count)
        found = self._rows.find(waiting, self._place.line, most, is_end=self._is_end)
        self._waiting = waiting[found.used :]
        self._place = Place(self._place.byte + found.used, self._place.line + found.lines)
        self._is_full = found.is_full
        piece = self._output.write(found.rows) if found.rows else b""
        self.count += len(found.rows)
        if len(self._waiting) > self._limits.row_bytes and not found.used:
            what = f"a row of over {self._limits.row_bytes} bytes, or none at all."
            raise PayloadNotStructured(what, self._place.line)
        if found.is_over or (self._is_end and not self._waiting):
            self.is_over = True
        elif self._asked.limit is not None:
            self._given_bytes += len(piece)
            if self.count >= self._asked.limit or self._given_bytes >= self._limits.page_bytes:
                self._end_page()
        return piece

    def _end_page(self) -> None:
        self.is_over = True
        if not self._is_nothing_left():
            self.next_cursor = write_cursor(self._place, self._source, self._asked.rows)

    def _is_nothing_left(self) -> bool:
        """Whether what was read already ends the payload, and holds no further row that matches."""
        here = self._place.byte + len(self._waiting)
        is_end = self._is_end or (self._source.compression is None and here >= self._source.size)
        try:
            rest = self._rows.find(self._waiting, self._place.line, 1, is_end=is_end)
        except PayloadNotStructured:
            return False
        return not rest.rows and (rest.is_over or (is_end and rest.used == len(self._waiting)))


def open_plain(file: BinaryIO, source: Source, limits: FilterLimits) -> PlainBytes:
    """The plain bytes of a payload's file."""
    if source.compression is None:
        return file
    return Gunzip(file, unpacked_limit=limits.unpacked_bytes, ratio_limit=limits.unpacked_ratio)
