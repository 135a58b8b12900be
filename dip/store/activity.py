"""The activity log in SQLite: records chained by their hashes, and what of them moved on into files (5.8.1, FS-45)."""

import hashlib
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from dip.store.queries import queries
from dip.store.writer import Writer

FIRST_HASH: Final = bytes(32)
"""What the first record is chained to."""


class NewRecord(NamedTuple):
    """A record to be chained. at: business time, microseconds; text: JSON; packed: the same as it is stored."""

    at: int
    text: bytes
    packed: bytes


class StoredRecord(NamedTuple):
    """A record as it is stored. hash: SHA-256 of the hash before, number, time and text."""

    number: int
    at: int
    hash: bytes
    packed: bytes


class ActivityFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive. first, last: numbers of its records; hash: of the last one; digest: SHA-256 of the file;
    seal: of this row and all before, made when it is added.

    first_at, last_at, removed_at: business time, microseconds; removed_at: since when the file is gone for its age.
    """

    number: int
    name: str
    first: int
    last: int
    first_at: int
    last_at: int
    hash: bytes
    digest: bytes
    seal: bytes = b""
    removed_at: int | None = None


class Head(NamedTuple):
    """The last record of the chain."""

    number: int
    at: int
    hash: bytes


START: Final = Head(0, 0, FIRST_HASH)
"""What comes before the first record."""


def link(before: bytes, number: int, at: int, text: bytes) -> bytes:
    """The hash of a record: SHA-256 of the hash before, number and time (8 bytes each, big-endian), and its JSON."""
    return hashlib.sha256(b"%b%b%b%b" % (before, number.to_bytes(8), at.to_bytes(8, signed=True), text)).digest()


def seal_of(before: bytes, file: ActivityFile) -> bytes:
    """What holds the rows of the files together: SHA-256 of the seal before and of what never changes of a row."""
    kept = file.number, file.name, file.first, file.last, file.first_at, file.last_at, file.hash, file.digest
    return hashlib.sha256(before + msgspec.msgpack.encode(kept)).digest()


class SqliteActivity:
    """Adds to the log, and moves it on; there is nothing else that could be done to it."""

    def __init__(self, writer: Writer, directory: Path) -> None:
        """directory: of the data; the files of the archive stand below it."""
        self._writer = writer
        self.files = directory / "activity"

    async def append(self, records: Sequence[NewRecord]) -> None:
        """Add records to the end of the chain; their times never fall. Raises StoreUnavailable."""

        def job(connection: sqlite3.Connection) -> None:
            number, latest, before = _head(connection)
            rows = []
            for record in records:
                number, latest = number + 1, max(latest, record.at)
                before = link(before, number, latest, record.text)
                rows.append((number, latest, before, record.packed))
            connection.executemany(queries()["add_activity"], rows)

        # It weighs as it writes: some twenty records are the pages of one message's commit.
        await self._writer.ask(job, weight=1 + len(records) // 20, what="activity", patient=True)

    async def add_file(self, file: ActivityFile) -> None:
        """Note that records stand in a file of the archive, which has to be on disk. Raises StoreUnavailable."""

        def job(connection: sqlite3.Connection) -> None:
            (before,) = connection.execute(queries()["last_activity_seal"]).fetchone()
            sealed = msgspec.structs.replace(file, seal=seal_of(before or FIRST_HASH, file))
            connection.execute(queries()["add_activity_file"], msgspec.structs.astuple(sealed))

        await self._writer.ask(job, what="activity file", patient=True)

    async def forget_filed(self, limit: int) -> int:
        """Delete at most so many records that stand in a file of the archive; how many."""

        def job(connection: sqlite3.Connection) -> int:
            return connection.execute(queries()["forget_filed_activity"], (limit,)).rowcount

        return await self._writer.ask(job, what="forget", patient=True)

    async def removed(self, number: int, at: int) -> None:
        """Note that a file of the archive is gone for its age. at: business time, microseconds."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["remove_activity_file"], (at, number))

        await self._writer.ask(job, what="activity file", patient=True)


class ActivityReader:
    """Reads the log on a connection of its own; safe from several threads. Raises sqlite3.DatabaseError where the
    file is damaged."""

    def __init__(self, connection: sqlite3.Connection, directory: Path) -> None:
        """directory: of the data."""
        self._connection = connection
        self._turn = threading.Lock()
        self.directory = directory / "activity"

    def head(self) -> Head:
        """The last record; START where there is none."""
        with self._turn:
            return _head(self._connection)

    def rows(self, first: int, limit: int) -> list[StoredRecord]:
        """At most so many records at hand from a number on, in order."""
        return self._records("activity_from", (first, limit))

    def rows_before(self, before: int, limit: int) -> list[StoredRecord]:
        """At most so many records at hand below a number, the newest first."""
        return self._records("activity_before", (before, limit))

    def oldest(self) -> int:
        """The number of the oldest record at hand; 0 where there is none."""
        with self._turn:
            return int(self._connection.execute(queries()["oldest_activity"]).fetchone()[0])

    def files(self) -> list[ActivityFile]:
        """What moved on into files, in order."""
        with self._turn:
            return [ActivityFile(**dict(zip(_COLUMNS, row, strict=True))) for row in self._fetch("activity_files", ())]

    def first_at_or_after(self, at: int) -> int:
        """The number of the first record at hand made at a moment or later; one more than the last where none was.

        Times never fall, so it is looked for by halves.
        """
        low, high = self.oldest(), self.head().number + 1
        while 0 < low < high:
            middle = (low + high) // 2
            found = self.rows(middle, 1)
            if found and found[0].at < at:
                low = middle + 1
            else:
                high = middle
        return high

    def close(self) -> None:
        """Close the connection."""
        with self._turn:
            self._connection.close()

    def _records(self, query: str, values: tuple[int, ...]) -> list[StoredRecord]:
        with self._turn:
            return [StoredRecord(*row) for row in self._fetch(query, values)]

    def _fetch(self, query: str, values: tuple[int, ...]) -> list[Any]:
        return self._connection.execute(queries()[query], values).fetchall()


_COLUMNS: Final = ActivityFile.__struct_fields__


def _head(connection: sqlite3.Connection) -> Head:
    row = connection.execute(queries()["last_activity"]).fetchone()
    return START if row is None else Head(*row)
