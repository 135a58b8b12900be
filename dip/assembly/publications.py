"""Pattern B put together: where payloads lie, how they come, are announced, read, and go (5.6)."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import msgspec

from dip.assembly.base import Base
from dip.intake.publications import Announcing
from dip.publications.address import PublicAddress
from dip.publications.filtering.filtering import Filtering
from dip.publications.filtering.limits import FilterLimits
from dip.publications.retention import PublicationRetention
from dip.publications.shelf import Shelf
from dip.publications.uploads import Uploads

_FOLDER = "publications"


class PublicationParts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of pattern B. readers: the threads that read files for downloads."""

    public: PublicAddress
    shelf: Shelf
    uploads: Uploads
    announcing: Announcing
    retention: PublicationRetention
    readers: ThreadPoolExecutor
    filtering: Filtering


def open_publications(base: Base, readers_url: str, stack: AsyncExitStack) -> PublicationParts:
    """Build them. readers_url: how readers reach the portal, unless the settings say it."""
    settings, clock, store, log = base.settings, base.clock, base.store, base.log
    public = PublicAddress(settings.portal_url or readers_url)
    shelf = Shelf(base.directory / _FOLDER)
    # Gigabytes are written and hashed beside each other: no message's cryptography waits behind them.
    writers = ThreadPoolExecutor(2, thread_name_prefix="uploads")
    readers = ThreadPoolExecutor(2, thread_name_prefix="downloads")
    # Filters take turns step by step: on one thread they leave the interpreter to the messages.
    filters = ThreadPoolExecutor(1, thread_name_prefix="filters")
    stack.callback(filters.shutdown, wait=True, cancel_futures=True)
    stack.callback(readers.shutdown, wait=True, cancel_futures=True)
    stack.callback(writers.shutdown, wait=True)
    uploads = Uploads(
        settings=settings,
        store=store.publications,
        shelf=shelf,
        public=public,
        executor=writers,
        moved=base.metrics.payload_moved,
        clock=clock,
        log=log,
        steps=base.steps,
    )
    return PublicationParts(
        public=public,
        shelf=shelf,
        uploads=uploads,
        announcing=Announcing(messages=store.messages, store=store.publications, public=public),
        retention=PublicationRetention(
            settings=settings,
            store=store.publications,
            shelf=shelf,
            registry=base.registry,
            executor=writers,
            clock=clock,
            log=log,
        ),
        readers=readers,
        filtering=Filtering(
            filters,
            limits=FilterLimits(
                budget_s=settings.publication_filter_budget_s,
                page_bytes=settings.publication_filter_page_bytes,
                row_bytes=settings.publication_filter_row_bytes,
                unpacked_bytes=settings.publication_unpacked_limit_bytes,
                unpacked_ratio=settings.publication_unpacked_ratio,
            ),
            timer=clock.monotonic,
        ),
    )
