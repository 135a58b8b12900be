"""Views that users keep under a name, in SQLite (FS-54)."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from dip.ground.clock import microseconds, moment
from dip.ground.errors import Conflict, NotFound
from dip.store.queries import queries
from dip.store.writer import Writer


class SealedView(msgspec.Struct, frozen=True, kw_only=True):
    """A view as it is kept. sealed: its name and address. id: 0 until it is stored. made_at: wall time."""

    id: int = 0
    user: str
    sealed: bytes
    shared: bool
    made_at: datetime


class SqliteSavedViews:
    """Saved views over SQLite: each user's own, and what colleagues share."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def of(self, user: str) -> Sequence[SealedView]:
        """The views of a user, the oldest first."""
        return [_view(row) for row in self._reading.execute(queries()["saved_views_of"], (user,))]

    def shared_with(self, user: str, company: str | None, most: int) -> Sequence[SealedView]:
        """What the others of a user's company share, the newest first. company: None for the DIP's own people."""
        return [_view(row) for row in self._reading.execute(queries()["shared_views"], (user, company, most))]

    def one(self, number: int) -> tuple[SealedView, str | None] | None:
        """A view, and the company of its user."""
        row = self._reading.execute(queries()["saved_view"], (number,)).fetchone()
        return None if row is None else (_view(row[:5]), row[5])

    async def add(self, view: SealedView, most: int) -> int:
        """Keep a view; returns its number. Raises Conflict where the user has the most already, StoreUnavailable."""
        row = (view.user, view.sealed, view.shared, microseconds(view.made_at), most)

        def job(connection: sqlite3.Connection) -> int:
            made = connection.execute(queries()["add_saved_view"], row)
            if made.rowcount != 1:
                raise Conflict(f"{most} views are the most. Remove one first.")
            return made.lastrowid or 0

        return await self._writer.ask(job, what="saved view")

    async def change(self, view: SealedView) -> None:
        """Keep another name or another share of a user's view. Raises NotFound, StoreUnavailable."""
        await self._do("change_saved_view", (view.id, view.user, view.sealed, view.shared))

    async def remove(self, number: int, user: str) -> None:
        """Keep a user's view no more. Raises NotFound, StoreUnavailable."""
        await self._do("remove_saved_view", (number, user))

    async def _do(self, query: str, row: tuple[Any, ...]) -> None:
        def job(connection: sqlite3.Connection) -> None:
            if connection.execute(queries()[query], row).rowcount != 1:
                raise NotFound("You keep no such view.")

        await self._writer.ask(job, what="saved view")


def _view(row: Sequence[Any]) -> SealedView:
    number, user, sealed, shared, made_at = row
    return SealedView(id=number, user=user, sealed=sealed, shared=bool(shared), made_at=moment(made_at))
