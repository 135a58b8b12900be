"""The platform's own records in SQLite: facts about the directory, data keys."""

import sqlite3
from collections.abc import Mapping, Sequence

from dip.ground.clock import microseconds, moment
from dip.security.vault import WrappedKey
from dip.store.queries import queries
from dip.store.writer import Writer


class SqlitePlatform:
    """Facts about the directory, wrapped keys."""

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
