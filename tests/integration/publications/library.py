"""A small portal with downloads alone: a real store, real files, and the door of the real server."""

import asyncio
import hashlib
import io
import subprocess
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import ClientSession, web

from dip.assembly.listening import listen, serve, url_of
from dip.ground.clock import Clock, microseconds
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.http.forwarded import PROXIES, Proxies
from dip.http.portal.failures import add_security_headers, failures, refuse_unread
from dip.http.portal.publications.downloads import Downloads
from dip.http.portal.publications.filtered import FilteredRows
from dip.http.portal.renderer import Renderer
from dip.http.unread import REFUSE
from dip.messages.identifiers import DipId, InterfaceId
from dip.publications.filtering.filtering import Filtering
from dip.publications.filtering.limits import FilterLimits
from dip.publications.shelf import Shelf
from dip.store.publication_records import NewPayload, Payload
from dip.store.queries import queries
from dip.store.sqlite import SqliteStore

CHANNEL = InterfaceId("IF-047")
CSV = b"period,price\n" + b"".join(b"%d,%d.%02d\n" % (row, row % 97, row % 100) for row in range(100_000))
BINARY = hashlib.shake_128(b"content").digest(700_001)
AT = "/publications/IF-047/prices.csv/1"
LATEST = "/publications/IF-047/prices.csv/latest"
PUBLISHED = datetime(2026, 3, 21, 19, 5, 7, 250_000, tzinfo=UTC)
Watched = Callable[[web.Application, SqliteStore], None]


class Library:
    """The portal, its store, its shelf, and what was published on it."""

    def __init__(self, store: SqliteStore, shelf: Shelf, log: io.StringIO) -> None:
        self.store = store
        self.shelf = shelf
        self.log = log
        self.url = ""
        self._publications = 0

    async def put(self, content: bytes, name: str = "prices.csv", version: str = "1", **said: Any) -> Payload:
        """A payload that is whole, which nobody announced. said: other fields of NewPayload."""
        digest = hashlib.sha256(content).digest()
        fields = {"media_type": "text/csv", "compression": None, "sender": DipId("1800000001"), **said}
        new = NewPayload(
            upload=f"{name}/{version}",
            channel=CHANNEL,
            name=name,
            version=version,
            size=len(content),
            sha256=digest,
            **fields,
        )
        payload, _ = await self.store.publications.begin(new, PUBLISHED)
        self.shelf.path(payload.id).write_bytes(content)
        await self.store.publications.complete(payload.id, None, PUBLISHED)
        return payload

    async def publish(
        self, content: bytes, name: str = "prices.csv", version: str = "1", at: datetime = PUBLISHED, **said: Any
    ) -> Payload:
        """A payload that stands there for all."""
        payload = await self.put(content, name, version, **said)
        self._publications += 1
        row = payload.id, self._publications, microseconds(at)
        await self.store.writer.ask(lambda connection: connection.execute(queries()["publish_payload"], row), what="t")
        return payload

    async def withdraw(self, payload: Payload, why: str = "retention") -> None:
        """Remove a payload as retention does."""
        await self.store.publications.remove(payload.id, why, PUBLISHED)
        self.shelf.remove(payload.id)

    def session(self) -> ClientSession:
        """A client library that decodes nothing."""
        return ClientSession(self.url, auto_decompress=False, headers={"Accept-Encoding": "identity"})


@asynccontextmanager
async def library(
    directory: Path,
    *,
    watched: Watched = lambda application, store: None,
    clock: Clock | None = None,
    limits: FilterLimits | None = None,
    **settings: Any,
) -> AsyncIterator[Library]:
    """A portal of publications, served. watched: adds to the application before it is served."""
    written = io.StringIO()
    log = make_log(written)
    chosen = Settings(**settings)
    time = clock or Clock()
    async with AsyncExitStack() as stack:
        store = SqliteStore(directory, group_limit=100, log=log)
        stack.push_async_callback(store.close)
        shelf = Shelf(directory / "publications")
        executor = stack.enter_context(ThreadPoolExecutor(2))
        filtering = Filtering(executor, limits=limits or FilterLimits(), timer=time.monotonic)
        rows = FilteredRows(filtering=filtering, shelf=shelf, settings=chosen, moved=lambda way, count: None, log=log)
        downloads = Downloads(
            payloads=store.publications,
            shelf=shelf,
            settings=chosen,
            clock=time,
            executor=executor,
            log=log,
            moved=lambda way, count: None,
            filtered=rows.answer,
        )
        application = web.Application(middlewares=[failures(Renderer(settings=chosen, clock=time), log)])
        application.on_response_prepare.append(add_security_headers)
        application[REFUSE] = refuse_unread
        application[PROXIES] = Proxies.of(chosen)
        application.add_routes(downloads.routes())
        watched(application, store)
        listening = listen("127.0.0.1", 0)
        runner = await serve(application, listening, None, chosen, log)
        stack.push_async_callback(runner.cleanup)
        made = Library(store, shelf, written)
        made.url = url_of("http", "127.0.0.1", listening)
        yield made


async def curl(*arguments: str, cwd: Path) -> bytes:
    """What curl prints."""
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--max-time", "60", *arguments, cwd=cwd, stdout=subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed


def problem(body: bytes) -> dict[str, Any]:
    """A problem document."""
    found: dict[str, Any] = msgspec.json.decode(body)
    return found
