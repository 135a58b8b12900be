"""Rows of JSON: the objects of a list, or one object on each line (NDJSON)."""

import codecs
import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from json import JSONDecodeError
from typing import Final

import msgspec

from dip.publications.filtering.csv_rows import there_is
from dip.publications.filtering.errors import FilterRefused, PayloadNotStructured
from dip.publications.filtering.json_head import DECODER, list_begins
from dip.publications.filtering.json_values import BAD, Members, compact, matching, members, text_of, value_at
from dip.publications.filtering.query import Filter, name_of, path_of, shown
from dip.publications.filtering.source import Form, Found, Place

_BOM: Final = b"\xef\xbb\xbf"
_HEAD_ROWS: Final = 1000
"""Rows whose members are the columns that there are."""
_NEXT: Final = re.compile(r"[ \t\r\n]*(,?)[ \t\r\n]*(.?)", re.DOTALL)
_Matches = Callable[[bytes], bool]


class JsonRows:
    """Finds the objects that match, and gives what was chosen of them."""

    def __init__(self, head: bytes, asked: Filter, form: Form, *, is_whole: bool) -> None:
        """head: the beginning of the payload. is_whole: it is all of it. form: JSON or NDJSON.

        Raises PayloadNotStructured; FilterRefused: columns that there are not.
        """
        self._is_list = form is Form.JSON
        begin = len(_BOM) if head.startswith(_BOM) else 0
        if asked.rows and not self._is_list:
            raise FilterRefused(["rows: expected of a JSON payload only"])
        if self._is_list:
            text = _decoded(head[begin:], 1, is_end=is_whole)[0]
            begin += len(text[: list_begins(text, path_of(asked.rows) if asked.rows else ())].encode())
        self.start = Place(begin, 1 + head.count(b"\n", 0, begin))
        self._is_first = True
        self._matches: _Matches | None = None
        found = self.find(head[begin:], self.start.line, _HEAD_ROWS, is_end=is_whole)
        with _good():
            rows = [members(row) for row in found.rows]
            _check(asked, rows)
        self._paths = [path_of(column) for column in asked.columns]
        self.columns: Sequence[str] = [name_of(column) for column in asked.columns]
        if not self.columns:
            self.columns = list(dict.fromkeys(key for row in rows for key in row))
        if asked.conditions:
            match_members = matching([(path_of(one.column), one) for one in asked.conditions])
            self._matches = lambda row: match_members(members(row))

    def find(self, data: bytes, line: int, most: int, *, is_end: bool) -> Found[bytes]:
        """The rows that match among those that are whole in a stretch of the payload, at most so many.

        line: the number of its first line. is_end: nothing follows. Raises PayloadNotStructured.
        """
        find = self._in_list if self._is_list else self._in_lines
        return find(data, line, most, is_end=is_end)

    def go_to(self, place: Place) -> None:
        """What is found next stands behind this place."""
        self._is_first = place == self.start

    def texts(self, rows: Sequence[bytes]) -> Sequence[Sequence[str]]:
        """The chosen values of rows as cells."""
        paths = self._paths or [(name,) for name in self.columns]
        with _good():
            return [[text_of(value_at(found, path)) for path in paths] for found in map(members, rows)]

    def objects(self, rows: Sequence[bytes]) -> Sequence[bytes]:
        """The rows with what was chosen of them, each on one line."""
        with _good():
            return [compact(self._chosen(row) if self._paths else row) for row in rows]

    def _chosen(self, row: bytes) -> bytes:
        found = members(row)
        values = ((name, value_at(found, path)) for name, path in zip(self.columns, self._paths, strict=True))
        return msgspec.json.encode({name: msgspec.Raw(value) for name, value in values if value is not None})

    def _in_lines(self, data: bytes, line: int, most: int, *, is_end: bool) -> Found[bytes]:
        matches = self._matches
        rows: list[bytes] = []
        end = len(data) if is_end else data.rfind(b"\n") + 1
        used = 0
        for number, each in enumerate(data[:end].split(b"\n"), line):
            used += len(each) + 1
            row = each.strip()
            try:
                if row and (matches(row) if matches is not None else members(row) is not None):
                    _decoded(row, number, is_end=True)
                    rows.append(row)
            except BAD as exc:
                raise PayloadNotStructured("expected a JSON object on each line.", number) from exc
            if len(rows) == most:
                break
        used = min(used, end)
        return Found(rows, used, data.count(b"\n", 0, used), is_full=len(rows) == most)

    def _in_list(self, data: bytes, line: int, most: int, *, is_end: bool) -> Found[bytes]:
        text = _decoded(data, line, is_end=is_end)[0]
        rows: list[bytes] = []
        at = 0
        is_over = False
        try:
            while len(rows) < most:
                begin = self._next(text, at, line)
                if begin is None:
                    break
                if text[begin] == "]":
                    is_over = True
                    break
                _, end = DECODER.raw_decode(text, begin)
                row = text[begin:end].encode()
                if self._matches is None or self._matches(row):
                    rows.append(row)
                at = end
                self._is_first = False
        except (JSONDecodeError, StopIteration, *BAD) as exc:
            # The object may end in the next stretch.
            if not isinstance(exc, JSONDecodeError | StopIteration) or (is_end and not at):
                raise PayloadNotStructured("expected a JSON object.", line + text.count("\n", 0, at)) from exc
        else:
            if is_end and not is_over and not at:
                raise PayloadNotStructured("the list of rows does not end.", line + text.count("\n"))
        used = len(text[:at].encode())
        return Found(rows, used, text.count("\n", 0, at), is_full=len(rows) == most, is_over=is_over)

    def _next(self, text: str, at: int, line: int) -> int | None:
        """Where the next object begins, or the list ends; None: behind this text. Raises PayloadNotStructured."""
        found = _NEXT.match(text, at)
        comma, sign = found.groups() if found is not None else ("", "")
        if found is None or not sign:
            return None
        if sign == "]" and not comma:
            return found.end() - 1
        if sign != "{" or bool(comma) is self._is_first:
            raise PayloadNotStructured("expected an object of the list of rows.", line + text.count("\n", 0, at))
        return found.end() - 1


@contextlib.contextmanager
def _good() -> Iterator[None]:
    """What is looked into only now may be no good JSON after all."""
    try:
        yield
    except BAD as exc:
        raise PayloadNotStructured("an object holds what is no good JSON.") from exc


def _decoded(data: bytes, line: int, *, is_end: bool) -> tuple[str, int]:
    try:
        return codecs.utf_8_decode(data, "strict", is_end)
    except UnicodeDecodeError as exc:
        raise PayloadNotStructured("it is not UTF-8.", line + data.count(b"\n", 0, exc.start)) from exc


def _check(asked: Filter, rows: Sequence[Members]) -> None:
    """Every column that is asked must be a member of one of the first rows, where there are any."""
    faults = [
        f"{parameter}: no column {shown('.'.join(path_of(column)))}"
        for parameter, column in [
            *(("columns", column) for column in asked.columns),
            *(("where", condition.column) for condition in asked.conditions),
        ]
        if rows and all(value_at(row, path_of(column)) is None for row in rows)
    ]
    if faults:
        raise FilterRefused([*faults, there_is(list(dict.fromkeys(key for row in rows for key in row)))])
