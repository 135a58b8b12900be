"""Where users of the portal are written to, in SQLite (5.13.5)."""

import sqlite3
from collections.abc import Sequence

import msgspec

from dip.store.queries import queries
from dip.store.reader import Reader
from dip.store.writer import Writer


class UserAddress(msgspec.Struct, frozen=True):
    """The mail address of a user who can log in, with the user's powers by name."""

    user: str
    mail: str
    powers: tuple[str, ...]


class SqliteUserAddresses:
    """Mail addresses that users gave of themselves."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection, reader: Reader) -> None:
        self._writer = writer
        self._reading = reading
        self._reader = reader

    def of(self, user: str) -> str | None:
        """Where a user is written to; None: nowhere."""
        row = self._reading.execute(queries()["user_address"], (user,)).fetchone()
        return None if row is None else str(row[0])

    async def everybody(self) -> Sequence[UserAddress]:
        """The addresses of all users who can log in."""
        rows = await self._reader.all("addresses_of_users")
        return [
            UserAddress(user, mail, msgspec.json.decode(powers, type=tuple[str, ...])) for user, mail, powers in rows
        ]

    async def save(self, user: str, mail: str | None) -> None:
        """Keep where a user is written to; None: nowhere any more. Raises StoreUnavailable."""

        def job(connection: sqlite3.Connection) -> None:
            if mail is None:
                connection.execute(queries()["remove_user_address"], (user,))
            else:
                connection.execute(queries()["save_user_address"], (user, mail))

        await self._writer.ask(job, what="user")
