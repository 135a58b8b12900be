"""A reading connection on a thread of its own: what takes long never holds up a message."""

import asyncio
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aiosqlite

from dip.store.queries import parse, sql_text


class Reader:
    """Asks the queries of pages.sql by name. The connection opens at the first question; one answer is one view."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: asyncio.Task[aiosqlite.Connection] | None = None

    async def all(self, name: str, values: Mapping[str, Any] | tuple[Any, ...] = ()) -> list[Any]:
        """Every row of a query."""
        connection = await self._connection()
        return list(await connection.execute_fetchall(_queries()[name], values))

    async def close(self) -> None:
        """Close the connection, if one was opened."""
        opened, self._opened = self._opened, None
        if opened is not None:
            (connection,) = await asyncio.gather(opened, return_exceptions=True)
            if isinstance(connection, aiosqlite.Connection):
                await connection.close()

    async def _connection(self) -> aiosqlite.Connection:
        if self._opened is None:
            self._opened = asyncio.create_task(self._open())
        opened = self._opened
        try:
            # Who asks may be cancelled; a connection half open would be left behind with its thread.
            return await asyncio.shield(opened)
        except Exception:
            if self._opened is opened:
                self._opened = None
            raise

    async def _open(self) -> aiosqlite.Connection:
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        connection = await aiosqlite.connect(uri, uri=True, isolation_level=None, timeout=10)
        await connection.execute("PRAGMA query_only=ON")
        return connection


@cache
def _queries() -> Mapping[str, str]:
    return parse(sql_text("pages.sql"))
