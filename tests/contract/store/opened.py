"""The stores that the suite runs over: another one joins by a line in STORES."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dip.ground.log import make_log
from dip.ground.steps import UNWATCHED, Steps
from dip.store.database import database_file
from dip.store.protocol import AppointmentStore, CatalogueStore, MessageStore, PartyStore, ReplayStore, RequeueStore
from dip.store.sqlite import SqliteStore


class Opened(NamedTuple):
    """A store, open, by its protocols."""

    messages: MessageStore
    parties: PartyStore
    appointments: AppointmentStore
    catalogue: CatalogueStore
    replay: ReplayStore
    requeues: RequeueStore


StoreFactory = Callable[..., AbstractAsyncContextManager[Opened]]
"""Over a directory, with the steps that it is to tell, and how long outcomes linger to share a commit."""


@asynccontextmanager
async def sqlite(directory: Path, steps: Steps = UNWATCHED, *, linger_s: float = 0.0) -> AsyncIterator[Opened]:
    """The SQLite store over a directory; opened again over the same one it has what was committed."""
    store = SqliteStore(directory, group_limit=100, linger_s=linger_s, log=make_log(), steps=steps)
    try:
        yield Opened(store.messages, store.parties, store.appointments, store.catalogue, store.replay, store.requeues)
    finally:
        await store.close()


STORES: Mapping[str, StoreFactory] = MappingProxyType({"sqlite": sqlite})


def journal_of(directory: Path) -> list[tuple[int, str]]:
    """Delivery and status of every journal entry that is about one, oldest first, as an outsider reads them."""
    with closing(sqlite3.connect(f"file:{database_file(directory)}?mode=ro", uri=True)) as connection:
        return connection.execute(
            "SELECT delivery, status FROM journal WHERE delivery IS NOT NULL ORDER BY exchange, number"
        ).fetchall()
