"""What an audit reads of the store, without any part of a running server: sealed rows, and the pages themselves."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from dip.ground.clock import moment
from dip.ground.errors import SetupRefused
from dip.security.vault import WrappedKey
from dip.store.activity import ActivityReader
from dip.store.database import SCHEMA_VERSION, connect, database_file, schema_version
from dip.store.queries import queries

TABLES: Final = ("archive", "status_message", "exchange")
"""That hold sealed rows of messages, in the order of `last_sealed`."""
_QUERIES: Final = {
    "archive": "sealed_messages",
    "status_message": "sealed_status_messages",
    "exchange": "sealed_answers",
}


class SealedRow(NamedTuple):
    """A sealed row. bound_to: the transaction it belongs to; sealed: None where it is missing."""

    number: int
    at: int
    bound_to: str | None
    sealed: bytes | None


class AuditStore:
    """A data directory's database, read only; a server may be running over it.

    Raises SetupRefused where there is none, or another version's. Reading raises sqlite3.DatabaseError where it is
    damaged.
    """

    def __init__(self, directory: Path) -> None:
        path = database_file(directory)
        if not path.exists():
            raise SetupRefused(f"{path} is not there; give --data the directory of a server")
        try:
            self._connection = connect(path, read_only=True)
            version = schema_version(self._connection)
        except sqlite3.OperationalError as exc:
            raise SetupRefused(f"{path} can't be opened: {exc}") from exc
        if version != SCHEMA_VERSION:
            self._connection.close()
            raise SetupRefused(
                f"{path} has schema {version}, this version reads {SCHEMA_VERSION}; start this version's server over "
                "it once, or use the version that made it"
            )
        self.activity = ActivityReader(self._connection, directory)

    def data_keys(self) -> Sequence[WrappedKey]:
        """The wrapped keys that seal what is stored."""
        rows = self._connection.execute(queries()["data_keys"])
        return [WrappedKey(id_, purpose, wrapped, moment(made_at)) for id_, purpose, wrapped, made_at in rows]

    def last_sealed(self) -> Sequence[int]:
        """Up to which number each of TABLES goes."""
        found: Sequence[int] = self._connection.execute(queries()["last_sealed"]).fetchone()
        return found

    def sealed(self, table: str, first: int, limit: int) -> list[SealedRow]:
        """At most so many rows of one of TABLES from a number on, in order."""
        return [SealedRow(*row) for row in self._connection.execute(queries()[_QUERIES[table]], (first, limit))]

    def damage(self) -> str | None:
        """What SQLite finds wrong with the pages of the file; None where nothing is."""
        (found,) = self._connection.execute(queries()["integrity"]).fetchone()
        return None if found == "ok" else str(found)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
