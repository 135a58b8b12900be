"""The stores that the suite runs over: another one joins by a line in STORES."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dip.ground.log import make_log
from dip.store.protocol import AppointmentStore, CatalogueStore, MessageStore, PartyStore
from dip.store.sqlite import SqliteStore


class Opened(NamedTuple):
    """A store, open, by its protocols."""

    messages: MessageStore
    parties: PartyStore
    appointments: AppointmentStore
    catalogue: CatalogueStore


StoreFactory = Callable[[Path], AbstractAsyncContextManager[Opened]]


@asynccontextmanager
async def sqlite(directory: Path) -> AsyncIterator[Opened]:
    """The SQLite store over a directory; opened again over the same one it has what was committed."""
    store = SqliteStore(directory, group_limit=100, log=make_log())
    try:
        yield Opened(store.messages, store.parties, store.appointments, store.catalogue)
    finally:
        await store.close()


STORES: Mapping[str, StoreFactory] = MappingProxyType({"sqlite": sqlite})
