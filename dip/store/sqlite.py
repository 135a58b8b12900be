"""The SQLite store: one writer thread with group commit, one reading connection for the event loop."""

import sqlite3
from pathlib import Path

from dip.ground.errors import SetupRefused
from dip.ground.log import Log
from dip.ground.steps import UNWATCHED, Steps
from dip.store.activity import ActivityReader, SqliteActivity
from dip.store.alarm_settings import SqliteAlarmSettings
from dip.store.alarms import SqliteAlarms
from dip.store.appointments import SqliteAppointments
from dip.store.authorities import SqliteAuthorities
from dip.store.catalogue import SqliteCatalogue
from dip.store.companies import SqliteCompanies
from dip.store.counters import Counters
from dip.store.database import DirectoryLock, connect, database_file, limit_growth, migrate
from dip.store.dead_letters import SqliteDeadLetters
from dip.store.incidents import SqliteIncidents
from dip.store.maintenance import SqliteMaintenanceTold
from dip.store.messages import SqliteMessages
from dip.store.pages import SqlitePages
from dip.store.parties import SqliteParties
from dip.store.platform import SqlitePlatform
from dip.store.publications import SqlitePublications
from dip.store.reader import Reader
from dip.store.replay import SqliteReplay
from dip.store.reports import SqliteReports
from dip.store.requeue import SqliteRequeues
from dip.store.saved_views import SqliteSavedViews
from dip.store.sweep import SqliteSweep
from dip.store.throughput import SqliteThroughput
from dip.store.user_addresses import SqliteUserAddresses
from dip.store.users import SqliteUsers
from dip.store.watch import SqliteWatch
from dip.store.writer import Writer


class SqliteStore:
    """Opens a data directory's database and holds the parts that read and write it."""

    def __init__(
        self, directory: Path, *, group_limit: int, log: Log, linger_s: float = 0.0, steps: Steps = UNWATCHED
    ) -> None:
        """group_limit, linger_s: how the writer groups what it commits.

        Raises SetupRefused: directory in use, made by a newer server, or not writable.
        """
        self._lock = DirectoryLock(directory)
        path = self._path = database_file(directory)
        try:
            # Made before SQLite opens it, which then gives its log the same mode.
            path.touch(0o600)
            writing = connect(path)
            migrate(writing)
            self._reading = connect(path, read_only=True)
        except (OSError, sqlite3.Error) as exc:
            self._lock.release()
            raise SetupRefused(f"{path} can't be used: {exc}") from exc
        except BaseException:
            self._lock.release()
            raise
        counters = Counters(writing)
        self.writer = Writer(
            writing,
            group_limit=group_limit,
            linger_s=linger_s,
            rolled_back=counters.load,
            before_commit=counters.tallies.write,
            log=log,
            steps=steps,
        )
        self.messages = SqliteMessages(self.writer, self._reading, counters)
        self.reports = SqliteReports(self.writer, self._reading, counters)
        self.parties = SqliteParties(self.writer, self._reading)
        self.companies = SqliteCompanies(self.writer, self._reading)
        asking, changing = (connect(path, read_only=True, maps_file=False) for _ in range(2))
        self.appointments = SqliteAppointments(self.writer, asking, changing, path)
        self.catalogue = SqliteCatalogue(self.writer, self._reading)
        self.platform = SqlitePlatform(self.writer, self._reading)
        self.users = SqliteUsers(self.writer, self._reading)
        self.activity = SqliteActivity(self.writer, directory)
        self.activity_reader = ActivityReader(connect(path, read_only=True), directory)
        self.authorities = SqliteAuthorities(self.writer, self._reading)
        self.sweep = SqliteSweep(self.writer, counters)
        self.replay = SqliteReplay(self._reading)
        self.requeues = SqliteRequeues(self.writer, self._reading, counters)
        self.pages = SqlitePages(path)
        self.publications = SqlitePublications(self.writer, self._reading, path)
        self.throughput = SqliteThroughput(path)
        self._reader = Reader(path)
        self.watch = SqliteWatch(self._reader)
        self.dead_letters = SqliteDeadLetters(self._reader)
        self.alarms = SqliteAlarms(self.writer, self._reading, self._reader)
        self.incidents = SqliteIncidents(self.writer, self._reading, self._reader)
        self.user_addresses = SqliteUserAddresses(self.writer, self._reading, self._reader)
        self.maintenance_told = SqliteMaintenanceTold(self.writer, self._reading)
        self.alarm_settings = SqliteAlarmSettings(self.writer, self._reading)
        self.saved_views = SqliteSavedViews(self.writer, self._reading)

    def file_bytes(self) -> dict[str, int]:
        """How large the database is, and the log of what is not yet folded into it, bytes; 0 for what there is not."""
        files = {"database": self._path, "log": self._path.with_name(f"{self._path.name}-wal")}
        return {name: path.stat().st_size if path.exists() else 0 for name, path in files.items()}

    async def limit_growth(self, pages: int | None) -> None:
        """Let the file grow by at most so many pages, as a full disk would; None lifts the limit."""
        await self.writer.ask(lambda connection: limit_growth(connection, pages))

    async def close(self) -> None:
        """Finish what was asked, fold the log into the file, let go of the directory."""
        await self.pages.close()
        await self._reader.close()
        await self.publications.close()
        await self.throughput.close()
        self.activity_reader.close()
        self.appointments.close()
        self._reading.close()
        self.writer.close()
        self._lock.release()


def is_ours(directory: Path) -> bool:
    """Whether a server has finished its first start here."""
    path = database_file(directory)
    if not path.exists():
        return False
    try:
        connection = connect(path, read_only=True)
    except sqlite3.Error:
        return False
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'environment'").fetchone()
    except sqlite3.Error:
        return False
    finally:
        connection.close()
    return row is not None
