"""Filters are opened, which may refuse them, then run: worked on in threads, read piece by piece."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Executor

from dip.publications.filtering.csv_rows import CsvRows
from dip.publications.filtering.cursors import read_cursor
from dip.publications.filtering.errors import FilterRefused
from dip.publications.filtering.json_rows import JsonRows
from dip.publications.filtering.limits import FilterLimits
from dip.publications.filtering.output import output_of
from dip.publications.filtering.query import Filter
from dip.publications.filtering.rows import Rows
from dip.publications.filtering.scanning import Scan, Steps, open_plain
from dip.publications.filtering.source import Form, Row, Source


class Opened:
    """A filter that fits its payload and can be run, once."""

    def __init__(self, scan: Steps, executor: Executor, form: Form, columns: Sequence[str]) -> None:
        self._scan = scan
        self._executor = executor
        self.form = form
        """Of what is given."""
        self.columns = tuple(columns)
        """The names of what is given of each row; of JSON of which all is given: those of the first rows."""

    @property
    def count(self) -> int:
        """Rows given until now."""
        return self._scan.count

    @property
    def next_cursor(self) -> str | None:
        """After the last piece: where the next page begins; None: there is none, or no pages were asked."""
        return self._scan.next_cursor

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The output. Nothing works ahead of its reader: one that takes no more holds no thread.

        Close it (contextlib.aclosing). Raises PayloadNotStructured, PayloadBomb, FilterTooLong, FilterRefused: then
        what came before is not the whole; OSError.
        """
        loop = asyncio.get_running_loop()
        try:
            while not self._scan.is_over:
                piece = await loop.run_in_executor(self._executor, self._scan.step)
                if piece:
                    yield piece
        finally:
            self._scan.stop()


class Filtering:
    """Runs filters in the threads of an executor; so many work at once as it has threads, the others take turns."""

    def __init__(self, executor: Executor, *, limits: FilterLimits, timer: Callable[[], float]) -> None:
        """timer: seconds, never going back."""
        self._executor = executor
        self._limits = limits
        self._timer = timer

    async def open(self, source: Source, asked: Filter) -> Opened:
        """Read the head of a payload and check the filter against it; no output yet.

        Raises FilterRefused: columns or a cursor that do not fit; PayloadNotStructured, PayloadBomb; OSError.
        """
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._opened, source, asked)

    def _opened(self, source: Source, asked: Filter) -> Opened:
        head, is_whole = self._head(source)
        if source.form is Form.CSV:
            return self._ready(source, asked, CsvRows(head, asked, is_whole=is_whole))
        return self._ready(source, asked, JsonRows(head, asked, source.form, is_whole=is_whole))

    def _ready(self, source: Source, asked: Filter, rows: Rows[Row]) -> Opened:
        start = rows.start
        if asked.cursor is not None:
            start = read_cursor(asked.cursor, source, asked.rows)
            if start.byte < rows.start.byte or (source.compression is None and start.byte > source.size):
                raise FilterRefused(["cursor: it lies outside of the rows"])
        rows.go_to(start)
        form = asked.form or source.form
        scan = Scan(source, asked, rows, output_of(form, rows), start=start, limits=self._limits, timer=self._timer)
        return Opened(scan, self._executor, form, rows.columns)

    def _head(self, source: Source) -> tuple[bytes, bool]:
        """The beginning of the payload, and whether it is all of it."""
        with source.path.open("rb", buffering=0) as file:
            plain = open_plain(file, source, self._limits)
            head = b""
            while len(head) < self._limits.head_bytes:
                data = plain.read(self._limits.head_bytes - len(head))
                if not data:
                    break
                head += data
            else:
                return head, not plain.read(1)
        return head, True
