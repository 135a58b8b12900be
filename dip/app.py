"""A whole server: its parts built in order, served, and closed in reverse."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web

from dip.archive.archive import Archive
from dip.assembly.base import lay_base
from dip.assembly.doors import api_door, portal_door
from dip.assembly.listening import is_loopback, listen, serve, showing, url_of, wind_down
from dip.assembly.publications import open_publications
from dip.assembly.ways_out import open_ways_out
from dip.catalogue.catalogue import Catalogue
from dip.catalogue.pauses import Pauses
from dip.channels.registry import Registry
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.duties import Duties
from dip.delivery.fetching import Fetching
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log, make_log
from dip.ground.settings import Settings
from dip.ground.steps import UNWATCHED, Steps
from dip.participants.registry import Participants
from dip.registration.keeper import Keeper
from dip.registration.updates import Updates
from dip.routing.look_up import LookUp
from dip.security.tls import page_context, server_context
from dip.store.sqlite import SqliteStore

_SERVER_FILE = "server.json"


class Dip(msgspec.Struct, frozen=True):
    """A running server: where it listens, and the parts that somebody in this process may want."""

    settings: Settings
    directory: Path
    api_url: str
    portal_url: str
    clock: Clock
    store: SqliteStore
    participants: Current[Participants]
    registry: Current[Registry]
    catalogue: Catalogue
    pauses: Pauses
    archive: Archive
    look_up: LookUp
    keeper: Keeper
    updates: Updates
    dispatcher: Dispatcher
    duties: Duties
    fetching: Fetching
    applications: tuple[web.Application, web.Application]
    """Of the API port and of the portal port."""


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    clock: Clock | None = None,
    log: Log | None = None,
    progress: Callable[[int, int], None] | None = None,
    steps: Steps = UNWATCHED,
) -> AsyncIterator[Dip]:
    """A whole DIP, serving while the context is open.

    progress: called on a first start with the participants made and their number. steps: told of each
    milestone of a message's life. Raises SetupRefused with one clear message; then nothing was changed.
    """
    async with AsyncExitStack() as stack:
        sockets = [listen(settings.host, port) for port in (settings.api_port, settings.portal_port)]
        for one in sockets:
            stack.callback(one.close)
        base = await lay_base(
            settings, clock=clock or Clock(), log=log or make_log(), steps=steps, progress=progress, stack=stack
        )
        api_url = url_of("https", settings.host, sockets[0])
        is_near = is_loopback(settings.host)
        portal_url = url_of("http" if is_near else "https", settings.host, sockets[1])
        # Readers come from elsewhere, where the server is reached at all: they use its name.
        readers_name = settings.host_names[0] if settings.host_names and not is_near else settings.host
        readers_url = url_of("http" if is_near else "https", readers_name, sockets[1])
        publications = open_publications(base, readers_url, stack)
        ways_out = open_ways_out(base, publications, stack)
        api = api_door(base, ways_out, publications)
        portal = portal_door(base, ways_out, publications, api=api, near_api_url=api_url)
        trust = base.trust
        shown = trust.own.tls.value
        api_tls = trust.trusted.accept(server_context(shown.chain, shown.key, trust.root, trust.trusted.refused))
        shown_to = trust.root if settings.portal_client_certificates else None
        portal_tls = None if is_near else page_context(shown.chain, shown.key, shown_to)
        trust.own.on_tls(showing([one for one in (api_tls, portal_tls) if one is not None]))
        grace_s = settings.shutdown_grace_s
        runners = [
            await serve(application, one, context, settings, base.log)
            for application, one, context in zip((api, portal), sockets, (api_tls, portal_tls), strict=True)
        ]
        stack.push_async_callback(wind_down, runners, ways_out.dispatcher, ways_out.nobody_waits, grace_s)
        stack.push_async_callback(publications.uploads.close)
        stack.callback(ways_out.faults.close)
        ways_out.dispatcher.start()
        stack.push_async_callback(ways_out.requeues.close)
        ways_out.requeues.start()
        for name, duty in ways_out.running().items():
            stack.push_async_callback(_cancelled, asyncio.create_task(duty, name=name))
        dip = Dip(
            settings=settings,
            directory=base.directory,
            api_url=api_url,
            portal_url=portal_url,
            clock=base.clock,
            store=base.store,
            participants=base.participants,
            registry=base.registry,
            catalogue=base.catalogue,
            pauses=base.pauses,
            archive=base.archive,
            look_up=base.look_up,
            keeper=base.keeper,
            updates=base.updates,
            dispatcher=ways_out.dispatcher,
            duties=ways_out.duties,
            fetching=ways_out.fetching,
            applications=(api, portal),
        )
        _announce(dip, stack)
        yield dip


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _announce(dip: Dip, stack: AsyncExitStack) -> None:
    """Say in the data directory where the server listens, for `send` and `listen`."""
    file = dip.directory / _SERVER_FILE
    file.write_bytes(
        msgspec.json.encode(
            {
                "api": dip.api_url,
                "portal": dip.portal_url,
                "profile": dip.settings.profile,
                "environment": dip.settings.environment,
            }
        )
    )
    stack.callback(file.unlink, missing_ok=True)
