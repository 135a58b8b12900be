"""Rows of CSV: UTF-8, comma, quotes doubled, first row the names of the columns (RFC 4180)."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Final

import msgspec

from dip.publications.filtering.errors import FilterRefused, PayloadNotStructured
from dip.publications.filtering.numbers import ordered
from dip.publications.filtering.query import Condition, Filter, name_of, shown
from dip.publications.filtering.sieves import sieve_of
from dip.publications.filtering.source import Found, Place

MOST_COLUMNS: Final = 4096
_COLUMNS_SHOWN: Final = 20
_BOM: Final = b"\xef\xbb\xbf"
_RARE: Final = 4
"""Lines are looked through for a value before they are taken apart where it stands in fewer than one of so many."""
_SPECIAL: Final = frozenset('",\r\n')

Matches = Callable[[list[str]], bool]


class CsvRows:
    """Finds the rows that match. A row with fewer cells than there are columns has empty ones; further cells go."""

    def __init__(self, head: bytes, asked: Filter, *, is_whole: bool) -> None:
        """head: the beginning of the payload. is_whole: it is all of it.

        Raises PayloadNotStructured; FilterRefused: columns that there are not.
        """
        self._names, used, lines = _header(head, is_whole=is_whole)
        self.start = Place(used, 1 + lines)
        places = {name: place for place, name in enumerate(self._names)}
        faults = [
            f"{parameter}: no column {shown(name_of(column))}"
            for parameter, column in [
                *(("columns", column) for column in asked.columns),
                *(("where", condition.column) for condition in asked.conditions),
            ]
            if name_of(column) not in places
        ]
        if asked.rows:
            faults.append("rows: expected of a JSON payload only")
        if faults:
            raise FilterRefused([*faults, there_is(self._names)])
        self._chosen = [places[name_of(column)] for column in asked.columns]
        self.columns: Sequence[str] = [name_of(column) for column in asked.columns] or self._names
        conditions = [(places[name_of(one.column)], one) for one in asked.conditions]
        self._matches = _matching(conditions)
        self._sieve = sieve_of(conditions)
        self._needles = [
            one.operands[0].encode("utf-8", "surrogatepass")
            for one in asked.conditions
            if one.operator == "eq" and one.operands[0] and not _SPECIAL & set(one.operands[0])
        ]

    def find(self, data: bytes, line: int, most: int, *, is_end: bool) -> Found[list[str]]:
        """The rows that match among those that are whole in a stretch of the payload, at most so many.

        line: the number of its first line. is_end: nothing follows. Raises PayloadNotStructured.
        """
        end = len(data) if is_end else data.rfind(b"\n") + 1
        block = data[:end]
        if b"\0" in block:
            before = block.count(b"\n", 0, block.index(b"\0"))
            raise PayloadNotStructured("a NUL byte, expected text.", line + before)
        if b'"' not in block:
            rows = self._quickly(block, line)
            if rows is not None and len(rows) < most:
                return Found(self._fitting(rows), end, block.count(b"\n"))
        return self._carefully(block, line, most, is_end=is_end)

    def texts(self, rows: Sequence[list[str]]) -> Sequence[Sequence[str]]:
        """The chosen cells of rows."""
        match self._chosen:
            case []:
                return rows
            case [place]:
                return [(row[place],) for row in rows]
            case places:
                return list(map(itemgetter(*places), rows))

    def objects(self, rows: Sequence[list[str]]) -> Sequence[bytes]:
        """The chosen cells of rows as JSON objects, each on one line; all values are strings."""
        names = self.columns
        return [msgspec.json.encode(dict(zip(names, cells, strict=True))) for cells in self.texts(rows)]

    def go_to(self, place: Place) -> None:
        """Rows need nothing of what stands before them."""

    def _quickly(self, block: bytes, line: int) -> list[list[str]] | None:
        """Without quotes a line is a row, and a line without the bytes of what is asked can't match.

        None: it takes more care.
        """
        if b"\r" in block:
            plain = block.replace(b"\r\n", b"\n")
            if b"\r" in plain:
                return None
            block = plain
        for needle in self._needles:
            found = block.count(needle)
            if not found:
                return []
            if found * _RARE > block.count(b"\n"):
                continue
            block = b"\n".join([each for each in block.split(b"\n") if needle in each])
        try:
            lines = block.decode().split("\n")
            if len(max(lines, key=len)) > csv.field_size_limit():
                return None
            return self._sieve(map(str.split, filter(None, lines), repeat(",")))
        except (IndexError, ValueError):
            return None

    def _carefully(self, block: bytes, line: int, most: int, *, is_end: bool) -> Found[list[str]]:
        """Row by row: quotes, line ends within cells, short rows, and where exactly the last row ends."""
        lines = list(io.StringIO(_text(block, line), newline=""))
        reader = csv.reader(lines, strict=True)
        rows: list[list[str]] = []
        done = 0
        width = len(self._names)
        matches = self._matches
        try:
            for row in reader:
                done = reader.line_num
                if len(row) < width:
                    if not row:
                        continue
                    row += [""] * (width - len(row))
                if matches(row):
                    rows.append(row)
                    if len(rows) == most:
                        break
        except csv.Error as exc:
            # The last row may end in the next stretch.
            if is_end and not done:
                raise PayloadNotStructured(f"{exc}.", line + reader.line_num - 1) from exc
        used = len("".join(lines[:done]).encode()) if done < len(lines) else len(block)
        return Found(self._fitting(rows), used, block.count(b"\n", 0, used), is_full=len(rows) == most)

    def _fitting(self, rows: list[list[str]]) -> list[list[str]]:
        width = len(self._names)
        if {*map(len, rows)} <= {width}:
            return rows
        return [row[:width] + [""] * (width - len(row)) for row in rows]


def there_is(names: Sequence[str]) -> str:
    """A sentence that names the columns that there are."""
    more = len(names) - _COLUMNS_SHOWN
    return f"columns are {', '.join(map(shown, names[:_COLUMNS_SHOWN]))}" + (f" and {more} more" if more > 0 else "")


def _header(head: bytes, *, is_whole: bool) -> tuple[list[str], int, int]:
    """The names of the columns; the bytes and the lines that they take."""
    begin = len(_BOM) if head.startswith(_BOM) else 0
    end = len(head) if is_whole else head.rfind(b"\n") + 1
    if b"\0" in head[:end]:
        raise PayloadNotStructured("a NUL byte, expected text.", 1 + head.count(b"\n", 0, head.index(b"\0")))
    lines = list(io.StringIO(_text(head[begin:end], 1), newline=""))
    reader = csv.reader(lines, strict=True)
    try:
        names = next(reader, [])
    except csv.Error as exc:
        raise PayloadNotStructured(f"no names of columns: {exc}.", 1) from exc
    if not names:
        raise PayloadNotStructured("no names of columns.", 1)
    if len(names) > MOST_COLUMNS:
        raise PayloadNotStructured(f"over {MOST_COLUMNS} columns.", 1)
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise PayloadNotStructured(f"two columns are named {shown(twice)}.", 1)
    used = len("".join(lines[: reader.line_num]).encode())
    return names, begin + used, head.count(b"\n", 0, begin + used)


def _text(block: bytes, line: int) -> str:
    try:
        return block.decode()
    except UnicodeDecodeError as exc:
        raise PayloadNotStructured("it is not UTF-8.", line + block.count(b"\n", 0, exc.start)) from exc


def _matching(conditions: Sequence[tuple[int, Condition]]) -> Matches:
    """All conditions in one test. It raises IndexError for a row that is too short for it."""
    tests = [_test(place, condition) for place, condition in conditions]
    match tests:
        case []:
            return bool
        case [test]:
            return test
        case _:
            return lambda row: all(test(row) for test in tests)


def _test(place: int, condition: Condition) -> Matches:
    operand = condition.operands[0]
    match condition.operator:
        case "eq":
            return lambda row: row[place] == operand
        case "ne":
            return lambda row: row[place] != operand
        case "in":
            operands = frozenset(condition.operands)
            return lambda row: row[place] in operands
        case order:
            in_order = ordered(order, operand)
            return lambda row: in_order(row[place])
