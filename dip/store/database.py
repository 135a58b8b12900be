"""The SQLite file: opened, checked, migrated; connections set the one way."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import Final

from dip.ground.errors import SetupRefused
from dip.store.holders import packed_history
from dip.store.keys import mpan_key, reference_key
from dip.store.queries import sql_text

SCHEMA_VERSION: Final = 13
_MIGRATIONS: Final = (
    "0001_first.sql",
    "0002_catalogue.sql",
    "0003_delivery.sql",
    "0004_keys.sql",
    "0005_trust.sql",
    "0006_mpans.sql",
    "0007_publications.sql",
    "0008_alarms.sql",
    "0009_incidents.sql",
    "0010_throughput.sql",
    "0011_saved_views.sql",
    "0012_throughput_pairs.sql",
    "0013_messages_by_sender_and_channel.sql",
)
_FILE: Final = "dip.sqlite"
_MOST_PAGES: Final = 0xFFFFFFFE


class DirectoryLock:
    """Holds a data directory for this process alone; the system lets go of it when the process ends."""

    def __init__(self, directory: Path) -> None:
        """Raises SetupRefused when another server has the directory."""
        self._descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            os.close(self._descriptor)
            raise SetupRefused(
                f"the data directory {directory} is in use by another server; stop it, or give --data another directory"
            ) from exc

    def release(self) -> None:
        """Let another server have the directory."""
        os.close(self._descriptor)


def database_file(directory: Path) -> Path:
    """The database within a data directory."""
    return directory / _FILE


def connect(path: Path, *, read_only: bool = False, maps_file: bool = True) -> sqlite3.Connection:
    """A connection: WAL, full synchronisation, no implicit transactions.

    maps_file: False for reads scattered over far more than memory should hold: a mapped page brings its neighbours.
    """
    target = path.resolve().as_uri() + ("?mode=ro" if read_only else "")
    connection = sqlite3.connect(
        target, uri=True, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=10
    )
    # Most of what is written goes to the ends of tables; half as many pages are half as many calls.
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL" if not read_only else "PRAGMA query_only=ON")
    connection.execute("PRAGMA synchronous=FULL")
    # References hold by construction; asking for each row would cost a tenth of a commit. The tests ask.
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA wal_autocheckpoint=2000")
    # After a burst, or a long read, the log shrinks again to this many bytes.
    connection.execute("PRAGMA journal_size_limit=67108864")
    # A reader maps the file, and needs little besides.
    connection.execute(f"PRAGMA cache_size={-8192 if read_only else -32768}")
    connection.execute(f"PRAGMA mmap_size={268435456 if maps_file else 0}")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, forward only.

    Raises SetupRefused when a newer server made the file.
    """
    version = schema_version(connection)
    if version > SCHEMA_VERSION:
        raise SetupRefused(
            f"the data directory was made by a newer server (schema {version}, this one knows {SCHEMA_VERSION}); "
            "use that server, or give --data another directory"
        )
    for function in (reference_key, mpan_key, packed_history):
        connection.create_function(function.__name__, 1, function, deterministic=True)
    for number, name in enumerate(_MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN;\n{sql_text('migrations/' + name)}\nPRAGMA user_version={number};\nCOMMIT;")


def limit_growth(connection: sqlite3.Connection, pages: int | None) -> None:
    """Let the file grow by at most so many pages, as a full disk would; None lifts the limit."""
    count = 0 if pages is None else int(connection.execute("PRAGMA page_count").fetchone()[0]) + pages
    connection.execute(f"PRAGMA max_page_count={count or _MOST_PAGES}")


def schema_version(connection: sqlite3.Connection) -> int:
    """The number of migrations that the file has seen."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
