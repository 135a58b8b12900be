"""The composition root: builds every part in order, tears down in reverse. It alone imports everything."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from dip.archive.archive import Archive
from dip.archive.retention import Retention
from dip.catalogue.catalogue import Catalogue
from dip.catalogue.pauses import Pauses
from dip.channels import registry as catalogue_files
from dip.channels.registry import Registry
from dip.delivery.caller import WebhookCaller
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.ledger import Ledger
from dip.delivery.replies import Replies
from dip.delivery.returns import Returns
from dip.delivery.worker import Postman
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.errors import SetupRefused
from dip.ground.log import Log, make_log
from dip.ground.settings import Settings
from dip.http.api.application import api_application
from dip.http.api.calls import Desk
from dip.http.api.messages import MessagesIn
from dip.http.api.validate import Validation
from dip.http.api.webhooks import Webhooks
from dip.http.portal.application import portal_application
from dip.intake.receive import Intake
from dip.messages.identifiers import DIP
from dip.participants.participant import HeldCertificate
from dip.participants.registry import Participants
from dip.participants.signatures import Signatures
from dip.participants.webhooks import Network, WebhookRefused, networks
from dip.reporting.metrics import Metrics
from dip.routing.explain import explain_look_up
from dip.routing.look_up import LookUp
from dip.security.keys import from_der, to_pem
from dip.security.pki import CertificateUse
from dip.security.signing import Signer
from dip.security.tls import client_context, page_context, server_context
from dip.start import (
    TOKEN_DIGEST,
    check_directory,
    check_environment,
    first_start,
    load_participants,
    open_vault,
)
from dip.store.sqlite import SqliteStore

_WORKERS = 2
_SERVER_FILE = "server.json"
_BACKLOG = 1024


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
    look_up: LookUp
    dispatcher: Dispatcher
    applications: tuple[web.Application, web.Application]
    """Of the API port and of the portal port."""


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    clock: Clock | None = None,
    log: Log | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> AsyncIterator[Dip]:
    """A whole DIP, serving while the context is open.

    progress: called on a first start with the participants made and their number. Raises SetupRefused
    with one clear message; then nothing was changed.
    """
    log, clock = log or make_log(), clock or Clock()
    async with AsyncExitStack() as stack:
        sockets = [_listen(settings.host, port) for port in (settings.api_port, settings.portal_port)]
        for one in sockets:
            stack.callback(one.close)
        allowed = _networks(settings)
        switches = settings.switches
        files = Path(settings.channels) if settings.channels else asset("channels")
        texts = catalogue_files.read(files)
        shipped = catalogue_files.build(texts, files, specification_items=switches.specification_items)
        directory = Path(settings.data)
        known = check_directory(directory)
        store = SqliteStore(directory, group_limit=settings.group_commit_messages, log=log)
        stack.push_async_callback(store.close)
        if known:
            check_environment(store, settings)
        vault = await open_vault(store, directory, clock)
        if not known:
            await first_start(store, vault, directory, settings, clock, progress)
        catalogue = Catalogue(
            texts=texts,
            shipped=shipped,
            specification_items=switches.specification_items,
            store=store.catalogue,
            clock=clock,
            log=log,
        )
        registry = catalogue.registry
        resumed = _Wake()
        pauses = Pauses(store=store.catalogue, clock=clock, resumed=resumed, log=log)
        participants = Current(load_participants(store, vault))
        executor = ThreadPoolExecutor(_WORKERS, thread_name_prefix="crypto")
        stack.callback(executor.shutdown, wait=True)
        metrics = Metrics()
        archive = Archive(store.messages, vault, memory_bytes=settings.envelope_cache_bytes)
        look_up = LookUp(store.appointments, cached_mpans=settings.appointment_cache_mpans)
        tls, signing = (
            participants.value.current(DIP, use, clock.wall()) for use in (CertificateUse.TLS, CertificateUse.SIGNING)
        )
        root = (directory / "ca.pem").read_bytes()
        caller = WebhookCaller(
            settings=settings, tls=client_context(tls.pem.encode(), _key_pem(tls), root), networks=allowed
        )
        stack.push_async_callback(caller.close)
        wake = _Wake()
        postman = Postman(
            settings=settings,
            clock=clock,
            store=store.messages,
            archive=archive,
            vault=vault,
            participants=participants,
            signer=_signer(signing),
            caller=caller,
            executor=executor,
            ledger=Ledger(
                clock=clock,
                archive=archive,
                returns=Returns(vault=vault, texts=registry.value.response_codes),
                signing_certificate=signing.fingerprint,
                tls_certificate=tls.fingerprint,
            ),
            metrics=metrics,
            wake=wake,
            holds=pauses.holds,
            log=log,
        )
        dispatcher = Dispatcher(
            settings=settings, clock=clock, store=store.messages, parties=store.parties, postman=postman
        )
        wake.woken = dispatcher.wake
        resumed.woken = dispatcher.resume
        signatures = Signatures(
            participants=participants,
            clock=clock,
            tolerance=timedelta(seconds=settings.signature_tolerance_s),
        )
        intake = Intake(
            settings=settings,
            clock=clock,
            registry=registry,
            participants=participants,
            pauses=pauses,
            store=store.messages,
            archive=archive,
            vault=vault,
            look_up=look_up,
            executor=executor,
            signatures=signatures,
            wake=wake,
        )
        replies = Replies(
            participants=participants,
            signer=postman.signer,
            clock=clock,
            executor=executor,
            most_waiting=settings.most_waiting_replies,
        )
        desk = Desk(settings=settings, clock=clock, log=log, registry=registry, participants=participants)
        api = api_application(
            settings=settings,
            desk=desk,
            messages_in=MessagesIn(
                desk=desk,
                intake=intake,
                settings=settings,
                clock=clock,
                registry=registry,
                metrics=metrics,
                replies=replies,
            ),
            webhooks=Webhooks(
                desk=desk,
                settings=settings,
                clock=clock,
                registry=registry,
                participants=participants,
                dispatcher=dispatcher,
                networks=allowed,
                signatures=signatures,
            ),
            validation=Validation(desk=desk, settings=settings, registry=registry, participants=participants),
        )

        def explained(mpan: str, channel: str | None, at: datetime | None) -> dict[str, Any]:
            return explain_look_up(
                mpan,
                channel,
                at or clock.now(),
                registry=registry.value,
                participants=participants.value,
                look_up=look_up,
            )

        portal = portal_application(
            settings=settings,
            clock=clock,
            log=log,
            registry=registry,
            catalogue=catalogue,
            pauses=pauses,
            participants=participants,
            pages=store.pages,
            platform=store.platform,
            vault=vault,
            admin_token_digest=store.platform.fact(TOKEN_DIGEST) or "",
            look_up=explained,
            endpoints=lambda: [msgspec.to_builtins(state) for state in dispatcher.endpoints()],
            metrics=metrics.registry,
            api=api,
            api_url=settings.public_url.rstrip("/") or _url("https", settings.host, sockets[0]),
        )
        api_tls = server_context(tls.pem.encode(), _key_pem(tls), root)
        portal_tls = None if _is_loopback(settings.host) else page_context(tls.pem.encode(), _key_pem(tls))
        runners = [
            await _serve(application, one, context)
            for application, one, context in zip((api, portal), sockets, (api_tls, portal_tls), strict=True)
        ]
        stack.push_async_callback(_wind_down, runners, dispatcher, replies, settings.shutdown_grace_s)
        dispatcher.start()
        retention = Retention(
            store=store.sweep, registry=registry, clock=clock, every_s=settings.retention_sweep_s, log=log
        )
        for name, duty in (("retention", retention.run()), ("pauses", pauses.run())):
            stack.push_async_callback(_cancelled, asyncio.create_task(duty, name=name))
        dip = Dip(
            settings=settings,
            directory=directory,
            api_url=_url("https", settings.host, sockets[0]),
            portal_url=_url("https" if portal_tls else "http", settings.host, sockets[1]),
            clock=clock,
            store=store,
            participants=participants,
            registry=registry,
            catalogue=catalogue,
            pauses=pauses,
            look_up=look_up,
            dispatcher=dispatcher,
            applications=(api, portal),
        )
        _announce(dip, stack)
        yield dip


class _Wake:
    """Joins parts that know nothing of each other: what came in, or goes on, wakes delivery."""

    def __init__(self) -> None:
        self.woken: Callable[..., None] = lambda what: None

    def __call__(self, what: Any) -> None:
        self.woken(what)


def _networks(settings: Settings) -> Sequence[Network]:
    try:
        return networks(settings.webhook_networks)
    except WebhookRefused as exc:
        raise SetupRefused(f"webhook_networks: {exc.message}") from exc


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=_BACKLOG, family=_family(host))
    except OSError as exc:
        raise SetupRefused(
            f"can't listen on {host}:{port}: {exc.strerror}; stop what uses it, or give another port or --host"
        ) from exc


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _url(scheme: str, host: str, listening: socket.socket) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
    port = listening.getsockname()[1]
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


def _key_pem(held: HeldCertificate) -> bytes:
    return to_pem(from_der(held.private_key or b""))


def _signer(held: HeldCertificate) -> Signer:
    return Signer(from_der(held.private_key or b""), held.pem.encode())


async def _serve(application: web.Application, listening: socket.socket, tls: ssl.SSLContext | None) -> web.AppRunner:
    runner = web.AppRunner(application, access_log=None, handle_signals=False, auto_decompress=False)
    await runner.setup()
    await web.SockSite(runner, listening, ssl_context=tls, backlog=_BACKLOG).start()
    return runner


async def _wind_down(
    runners: Sequence[web.AppRunner], dispatcher: Dispatcher, replies: Replies, grace_s: float
) -> None:
    """Take nothing new, finish what is in flight."""
    for runner in runners:
        for site in list(runner.sites):
            await site.stop()
    replies.close()
    try:
        async with asyncio.timeout(grace_s):
            await asyncio.gather(*(runner.shutdown() for runner in runners), dispatcher.close(grace_s))
    except TimeoutError:
        pass
    for runner in runners:
        await runner.cleanup()


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
