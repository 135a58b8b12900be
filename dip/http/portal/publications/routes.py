"""The addresses of publications on the portal."""

from collections.abc import Callable
from concurrent.futures import Executor

import msgspec
from aiohttp import web

from dip.channels.registry import Registry
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.portal.publications.desk import PublicationDesk
from dip.http.portal.publications.downloads import Downloads
from dip.http.portal.publications.filtered import FilteredRows
from dip.http.portal.publications.pages import PublicationPages
from dip.http.portal.publications.shown import Shown
from dip.http.portal.renderer import Renderer
from dip.participants.registry import Participants
from dip.publications.address import PublicAddress
from dip.publications.filtering.filtering import Filtering
from dip.publications.retention import PublicationRetention
from dip.publications.shelf import Shelf
from dip.publications.uploads import Uploads
from dip.store.publications import SqlitePublications


class PublicationDoor(msgspec.Struct, frozen=True, kw_only=True):
    """What publications need of the rest. readers: the threads that read files.

    moved: told of bytes that were `downloaded` or `filtered`.
    """

    store: SqlitePublications
    public: PublicAddress
    shelf: Shelf
    uploads: Uploads
    retention: PublicationRetention
    readers: Executor
    filtering: Filtering
    moved: Callable[[str, int], None]


def publication_routes(
    door: PublicationDoor,
    *,
    settings: Settings,
    registry: Current[Registry],
    participants: Current[Participants],
    renderer: Renderer,
    clock: Clock,
    log: Log,
) -> list[web.RouteDef]:
    """The routes below `/publications`, open to all but for its forms, and those of administrators."""
    shown = Shown(
        store=door.store,
        public=door.public,
        uploads=door.uploads,
        registry=registry,
        participants=participants,
    )
    rows = FilteredRows(filtering=door.filtering, shelf=door.shelf, settings=settings, moved=door.moved, log=log)
    downloads = Downloads(
        payloads=door.store,
        shelf=door.shelf,
        settings=settings,
        clock=clock,
        executor=door.readers,
        log=log,
        moved=door.moved,
        filtered=rows.answer,
    )
    return [
        *PublicationPages(shown=shown, renderer=renderer).routes(),
        *PublicationDesk(shown=shown, store=door.store, uploads=door.uploads, retention=door.retention).routes(),
        *downloads.routes(),
    ]
