"""Rows that were found, written down: CSV, a JSON list, or one JSON object on each line."""

import csv
import io
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from dip.publications.filtering.rows import Rows
from dip.publications.filtering.source import Form, Row

Row_contra = TypeVar("Row_contra", contravariant=True)
_QUOTED: Final = ('"', "\r", "\0")
_LIST_BEGINS: Final = b"[\n"
_LIST_GOES_ON: Final = b",\n"


class Output(Protocol[Row_contra]):
    """What is given: a whole document of its form, also where no row is in it."""

    row_overhead: int
    """Bytes that a row may have beside what stands in the payload."""

    def begin(self) -> bytes:
        """What stands before the rows."""

    def write(self, rows: Sequence[Row_contra], /) -> bytes:
        """The next rows."""

    def end(self) -> bytes:
        """What stands behind the rows."""


class CsvOutput(Generic[Row]):
    """CSV: UTF-8, first row the names, each line ended by a line feed, quotes only where they are needed."""

    def __init__(self, rows: Rows[Row]) -> None:
        self._rows = rows
        self.row_overhead = len(rows.columns) + 1

    def begin(self) -> bytes:
        """The names of the columns."""
        return _csv([self._rows.columns]) if self._rows.columns else b""

    def write(self, rows: Sequence[Row], /) -> bytes:
        """The next rows."""
        return _csv(self._rows.texts(rows))

    def end(self) -> bytes:
        """Nothing."""
        return b""


class JsonOutput(Generic[Row]):
    """A JSON list, or NDJSON: one object on each line."""

    def __init__(self, rows: Rows[Row], *, is_list: bool) -> None:
        self._rows = rows
        self._is_list = is_list
        self._is_begun = False
        self.row_overhead = sum(len(name.encode("utf-8", "replace")) + 8 for name in rows.columns)

    def begin(self) -> bytes:
        """Nothing before it is known whether there is a row."""
        return b""

    def write(self, rows: Sequence[Row], /) -> bytes:
        """The next rows."""
        objects = self._rows.objects(rows)
        if not objects:
            return b""
        if not self._is_list:
            return b"\n".join([*objects, b""])
        before = _LIST_GOES_ON if self._is_begun else _LIST_BEGINS
        self._is_begun = True
        return before + _LIST_GOES_ON.join(objects)

    def end(self) -> bytes:
        """The end of the list."""
        if not self._is_list:
            return b""
        return b"\n]\n" if self._is_begun else b"[]\n"


def output_of(form: Form, rows: Rows[Row]) -> Output[Row]:
    """What writes rows down in a form."""
    return CsvOutput(rows) if form is Form.CSV else JsonOutput(rows, is_list=form is Form.JSON)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    plain = "\n".join(map(",".join, rows))
    width = len(rows[0])
    # Where no cell needs quotes this is all; the library takes several times as long.
    is_plain = (
        width > 1
        and plain.count(",") == (width - 1) * len(rows)
        and plain.count("\n") == len(rows) - 1
        and not any(sign in plain for sign in _QUOTED)
    )
    if is_plain:
        return plain.encode("utf-8", "replace") + b"\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if "\r" not in plain:
        writer.writerows(rows)
        return text.getvalue().encode("utf-8", "replace")
    # The library does not see that a carriage return needs quotes.
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        (quoting if any("\r" in cell for cell in row) else writer).writerow(row)
    return text.getvalue().encode("utf-8", "replace")
