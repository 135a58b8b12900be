"""The chain, verified from its first record to its last, over archive files and table (5.8.1, FS-45)."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from dip.activity.files import Line, LineUnreadable, digest_of, lines_of
from dip.activity.packing import RecordUnreadable, unpack
from dip.ground.clock import moment
from dip.store.activity import FIRST_HASH, START, ActivityFile, ActivityReader, Head, link, seal_of

_STEP = 500
_LEAST = -(2**63)
_TABLE = "table activity"
_FILES = "table activity_file"
_LATEST = 253_402_300_799_000_000
"""The year 9999."""


class Break(msgspec.Struct, frozen=True, rename="camel"):
    """The first thing that is wrong. where: a file or table; record: its number in it, None for the whole.

    at: when the record was made, as far as that can be said.
    """

    where: str
    record: int | None
    at: datetime | None
    what: str


class Chain(msgspec.Struct, frozen=True, rename="camel"):
    """What was verified. removed: records that were removed for their age, whose hashes alone are known."""

    records: int
    removed: int
    head: int
    head_at: datetime | None
    head_hash: str


class Broken(Exception):
    """Carries the first break."""

    def __init__(self, found: Break) -> None:
        super().__init__(found.what)
        self.found = found


class ChainVerifier:
    """Walks the chain once. While a server runs, it goes up to the record that was the last one at the start."""

    def __init__(self, reader: ActivityReader, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
        """progress: called with the number of the record reached and the last one's."""
        self._reader = reader
        self._progress = progress
        self._head = START
        self._removed = 0

    def verify(self) -> Chain:
        """Raises Broken with the first break."""
        files: Sequence[ActivityFile] = ()
        where = _FILES
        try:
            end = self._reader.head()
            files = self._reader.files()
            self._check_rows(files)
            # Of what moved on and is gone, nothing can be at hand.
            gone = max((file.last for file in files if file.removed_at is not None), default=0)
            where = _TABLE
            for row in self._reader.rows(_LEAST, 1):
                if row.number <= gone:
                    raise self._broken(_TABLE, row.number, "out of order: it stands where older ones were", row.at)
            for file in files:
                where = f"file {file.name}"
                self._file(file)
            where = _TABLE
            self._table(end)
        except sqlite3.DatabaseError as exc:
            raise self._broken(where, self._head.number + 1, f"unreadable: the database is damaged: {exc}") from exc
        except (TypeError, ValueError, AttributeError, OverflowError) as exc:
            raise self._broken(where, self._head.number + 1, "changed: a value is of another kind") from exc
        head = self._head
        return Chain(
            records=head.number - self._removed,
            removed=self._removed,
            head=head.number,
            head_at=_moment(head.at) if head.number else None,
            head_hash=head.hash.hex(),
        )

    def _check_rows(self, files: Sequence[ActivityFile]) -> None:
        """Every row of the list of files, by the seal that holds them together."""
        before = FIRST_HASH
        for expected, file in enumerate(files, 1):
            if file.number != expected:
                raise self._broken(_FILES, expected, f"missing: row {file.number} stands in its place")
            if seal_of(before, file) != file.seal:
                raise self._broken(_FILES, expected, "changed: its seal is not that of the row", file.first_at)
            before = file.seal

    def _file(self, file: ActivityFile) -> None:
        before = self._head
        row = f"row {file.number} of {_FILES}"
        if file.first != before.number + 1 or file.last < file.first:
            raise self._broken(_FILES, file.number, f"changed: it does not begin with record {before.number + 1}")
        path, name = self._reader.directory / file.name, f"file {file.name}"
        if file.removed_at is not None and not path.exists():
            self._passed_over(file)
            return
        try:
            first_at = self._lines(file, before)
            digest = digest_of(path)
        except FileNotFoundError as exc:
            raise self._broken(name, None, "gone: the file is not there", file.first_at) from exc
        except OSError as exc:
            raise self._broken(name, None, f"unreadable: {exc.strerror}", file.first_at) from exc
        if self._head.number != file.last or self._head.hash != file.hash:
            what = f"it ends with record {self._head.number}, but {row} says {file.last} with another hash"
            raise self._broken(name, self._head.number, f"changed or missing: {what}", self._head.at)
        if digest != file.digest:
            raise self._broken(name, None, f"changed: its SHA-256 is not the one in {row}", file.first_at)
        if (first_at, self._head.at) != (file.first_at, file.last_at):
            raise self._broken(_FILES, file.number, "changed: its times are not those of the file", self._head.at)
        if file.removed_at is not None and file.removed_at < file.last_at:
            raise self._broken(_FILES, file.number, "changed: removed_at lies before its last record", self._head.at)

    def _passed_over(self, file: ActivityFile) -> None:
        """A file that was removed for its age: its row says how the chain goes on."""
        if not self._head.at <= file.first_at <= file.last_at <= (file.removed_at or 0):
            raise self._broken(_FILES, file.number, "changed: its times can't be right", self._head.at)
        self._removed += file.last - file.first + 1
        self._head = Head(file.last, file.last_at, file.hash)

    def _lines(self, file: ActivityFile, before: Head) -> int | None:
        """Follow the chain through a file; what is still in the table as well has to be the same. The first time."""
        name, first_at = f"file {file.name}", None
        lines = lines_of(self._reader.directory / file.name)
        try:
            while some := list(islice(lines, _STEP)):
                twice = {row.number: row for row in self._reader.rows(self._head.number + 1, len(some))}
                for line in some:
                    first_at = line.at if first_at is None else first_at
                    self._follow(name, line.number, line.at, _hash(line), bytes(line.record))
                    row = twice.get(line.number)
                    if row is not None and (row.at, row.hash, _text(row.packed)) != (
                        line.at,
                        _hash(line),
                        bytes(line.record),
                    ):
                        raise self._broken(_TABLE, line.number, f"changed: it is not as in {name}", line.at)
                self._progress(self._head.number, file.last)
        except LineUnreadable as exc:
            number = self._head.number + 1
            raise self._broken(name, number, f"unreadable: no record can be read there ({exc})") from exc
        return first_at

    def _table(self, end: Head) -> None:
        while self._head.number < end.number:
            rows = self._reader.rows(self._head.number + 1, _STEP)
            if not rows or rows[0].number != self._head.number + 1:
                if (moved := self._moved()) is not None:
                    self._rest_of(moved)
                    continue
                what = f"; the next one is {rows[0].number}" if rows else "; there is none behind it"
                raise self._broken(_TABLE, self._head.number + 1, f"missing{what}")
            for row in rows:
                text = _text(row.packed)
                if text is None:
                    raise self._broken(_TABLE, row.number, "changed: the record can't be read", row.at)
                self._follow(_TABLE, row.number, row.at, row.hash, text)
            self._progress(self._head.number, end.number)

    def _moved(self) -> ActivityFile | None:
        """A file into which the server moved what comes next, since the files were listed."""
        files = self._reader.files()
        self._check_rows(files)
        return next((file for file in files if file.first <= self._head.number + 1 <= file.last), None)

    def _rest_of(self, file: ActivityFile) -> None:
        """Follow the chain through what was not reached while it stood in the table."""
        name = f"file {file.name}"
        try:
            for line in lines_of(self._reader.directory / file.name):
                if line.number > self._head.number:
                    self._follow(name, line.number, line.at, _hash(line), bytes(line.record))
        except (OSError, LineUnreadable) as exc:
            raise self._broken(name, self._head.number + 1, f"unreadable: no record can be read there ({exc})") from exc
        if self._head.hash != file.hash:
            raise self._broken(name, self._head.number, "changed or missing: it does not end as its row says")

    def _follow(self, where: str, number: int, at: int, hash_: bytes, text: bytes) -> None:
        """Go on to a record. Raises Broken."""
        head = self._head
        if number != head.number + 1:
            what = "missing" if number > head.number + 1 else "out of order"
            raise self._broken(where, head.number + 1, f"{what}: record {number} stands in its place", at)
        if link(head.hash, number, at, text) != hash_:
            raise self._broken(where, number, "changed: its hash is not that of its content and of the one before", at)
        if at < head.at:
            raise self._broken(where, number, "out of order: it is older than the one before", at)
        self._head = Head(number, at, hash_)

    def _broken(self, where: str, record: int | None, what: str, at: int | None = None) -> Broken:
        return Broken(Break(where, record, _moment(at), what))


def _hash(line: Line) -> bytes:
    try:
        return bytes.fromhex(line.hash)
    except ValueError:
        return b""


def _text(packed: bytes) -> bytes | None:
    try:
        return unpack(packed)
    except RecordUnreadable:
        return None


def _moment(at: int | None) -> datetime | None:
    return moment(at) if at is not None and 0 < at < _LATEST else None
