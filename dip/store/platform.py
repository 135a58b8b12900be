"""The platform's own records in SQLite: facts about the directory, data keys, users, sessions."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from dip.ground.clock import microseconds, moment
from dip.security.vault import WrappedKey
from dip.store.queries import queries
from dip.store.writer import Writer


class User(msgspec.Struct, frozen=True):
    """A user of the portal; `password_hash` is argon2's."""

    name: str
    password_hash: str
    role: str


class Session(msgspec.Struct, frozen=True):
    """A log-in; `last_used` on the wall clock, microseconds."""

    user: str
    form_token: str
    last_used: int
    role: str


class SqlitePlatform:
    """Facts about the directory, wrapped keys, users and their sessions."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def fact(self, key: str) -> str | None:
        """One fact about this data directory."""
        row = self._reading.execute(queries()["read_meta"], (key,)).fetchone()
        return None if row is None else str(row[0])

    async def save_facts(self, facts: Mapping[str, str]) -> None:
        """Write facts about this data directory."""
        rows = list(facts.items())

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(queries()["write_meta"], rows)

        await self._writer.ask(job, what="facts")

    def data_keys(self) -> Sequence[WrappedKey]:
        """The wrapped keys that seal what is stored."""
        return [
            WrappedKey(id=id_, purpose=purpose, wrapped=wrapped, made_at=moment(made_at))
            for id_, purpose, wrapped, made_at in self._reading.execute(queries()["data_keys"])
        ]

    async def add_data_keys(self, keys: Sequence[WrappedKey]) -> None:
        """Keep further wrapped keys."""
        rows = [(key.id, key.purpose, key.wrapped, microseconds(key.made_at)) for key in keys]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(queries()["add_data_key"], rows)

        await self._writer.ask(job)

    async def replace_data_keys(self, keys: Sequence[WrappedKey]) -> None:
        """Keep these keys wrapped in another way, all or none."""
        rows = [(key.wrapped, key.id) for key in keys]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(queries()["replace_data_key"], rows)

        await self._writer.ask(job, what="data keys")

    def user(self, name: str) -> User | None:
        """One user of the portal."""
        row = self._reading.execute(queries()["user"], (name,)).fetchone()
        return None if row is None else User(*row)

    async def add_user(self, user: User, at: datetime) -> None:
        """Add a user of the portal."""
        row = (user.name, user.password_hash, user.role, microseconds(at))

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["add_user"], row)

        await self._writer.ask(job)

    def session(self, token_digest: bytes) -> Session | None:
        """A session by the digest of its token."""
        row = self._reading.execute(queries()["session"], (token_digest,)).fetchone()
        return None if row is None else Session(*row)

    async def save_session(self, token_digest: bytes, user: str, form_token: str, last_used: int) -> None:
        """Begin a session, or note that it was used."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["save_session"], (token_digest, user, form_token, last_used))

        await self._writer.ask(job)

    async def end_session(self, token_digest: bytes) -> None:
        """End a session."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["end_session"], (token_digest,))

        await self._writer.ask(job)

    async def sweep_sessions(self, unused_since: int) -> None:
        """Drop sessions that nobody used since."""

        def job(connection: sqlite3.Connection) -> None:
            connection.execute(queries()["sweep_sessions"], (unused_since,))

        await self._writer.ask(job)
