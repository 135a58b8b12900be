"""A portal over a store in a temporary directory."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession, CookieJar
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry, Counter

from dip.activity.reading import ActivityBook
from dip.appointments.pending import PendingChanges
from dip.archive.archive import Archive
from dip.archive.rotation import Rotation
from dip.assembly.base import activity_log
from dip.assembly.service_desk import make_incidents
from dip.assembly.trust import establish_trust
from dip.assembly.wakes import Wake
from dip.catalogue.catalogue import Catalogue
from dip.catalogue.pauses import Pauses
from dip.channels.registry import Registry, load, read
from dip.conformance.faults import Faults
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.endpoint import Endpoint
from dip.delivery.requeue import Requeues
from dip.delivery.worker import Worker
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log, make_log
from dip.ground.mail import Mailer
from dip.ground.settings import Settings
from dip.http.portal.application import portal_application
from dip.http.portal.parts import PortalParts
from dip.http.portal.publications.routes import PublicationDoor
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.participant import Participant
from dip.participants.registry import Participants
from dip.publications.address import PublicAddress
from dip.publications.filtering.filtering import Filtering
from dip.publications.filtering.limits import FilterLimits
from dip.publications.retention import PublicationRetention
from dip.publications.shelf import Shelf
from dip.publications.uploads import Uploads
from dip.registration.importing import Importing
from dip.registration.keeper import Keeper
from dip.registration.pull import PullParts
from dip.registration.pulling import Pulling
from dip.registration.rejections import Rejections
from dip.registration.service_client import RegistrationServiceClient
from dip.registration.updates import Updates
from dip.reporting.alarm_rules import AlarmRules
from dip.reporting.alarms import Alarms
from dip.reporting.metrics import Metrics
from dip.reporting.saved_views import SavedViews
from dip.routing.explain import Explainer
from dip.routing.look_up import LookUp
from dip.security.master_key import MasterKeyFile
from dip.security.pki import Authority
from dip.security.vault import Vault
from dip.store.records import Lane, Webhook
from dip.store.sqlite import SqliteStore
from dip.store.users import User
from dip.trust.keeping import AUTHORITY, sealed_authority
from tests.integration.portal import traffic
from tests.integration.portal.duties import duties_of, nobody_subscribes
from tests.integration.portal.people import Meet, Person
from tests.integration.portal.trials import trials_of

TOKEN = "an-administration-token"
NAME = "admin"
PASSWORD = "correct horse battery staple"
START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)


class StillClock(Clock):
    """A clock whose wall time a test moves."""

    def __init__(self) -> None:
        super().__init__()
        self.time = START

    def wall(self) -> datetime:
        return self.time


class Portal(msgspec.Struct, frozen=True):
    """A running portal and what stands behind it."""

    client: "TestClient[Request, Application]"
    store: SqliteStore
    clock: StillClock
    log: io.StringIO
    participants: Current[Participants]
    updates: Updates

    async def log_in(self, name: str = NAME, password: str = PASSWORD) -> None:
        """Log in, as the administrator where nobody else is named."""
        answer = await self.client.post("/login", data={"name": name, "password": password}, allow_redirects=False)
        assert answer.status == 303

    async def page(self, path: str, status: int = 200, **headers: str) -> str:
        """A page as a browser asks for it."""
        answer = await self.client.get(path, headers={"Accept": "text/html", **headers})
        assert answer.status == status, self.log.getvalue()
        return await answer.text()

    async def ask(self, path: str, status: int = 200) -> Any:
        """The administration API's answer."""
        answer = await self.client.get(f"/admin/api/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status == status, self.log.getvalue()
        return await answer.json(content_type=None)


class Mark:
    """A digest that tests can compute."""

    def digest(self, value: str) -> bytes:
        return hashlib.sha256(value.encode()).digest()[:16]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load(asset("channels"), specification_items=True)


def participants() -> Participants:
    known = (
        (traffic.SUPPLIER, "EMEB", "Ember Supply", "SUP"),
        (traffic.FORMER_SUPPLIER, "FLNT", "Flint Energy", "SUP"),
        (traffic.REGISTRATION, "RGNA", "Registration North", "REGS"),
        (traffic.DATA_SERVICE, "DSVA", "Daybreak Data", "SDS"),
        (traffic.MARKET_WIDE, "MWDS", "Market-wide Data Service", "MDS"),
    )
    return Participants(
        [
            Participant(DipId(dip_id), mpid, name, (RoleCode(role),), "digest-of-the-key", START)
            for dip_id, mpid, name, role in known
        ],
        [],
    )


def mpan_parts(
    store: SqliteStore, clock: Clock, log: Log, known: Current[Participants], executor: ThreadPoolExecutor
) -> tuple[LookUp, Updates, Importing, Pulling]:
    """The MPAN table, its queue, its imports and its pulls."""
    settings, pending = Settings(), PendingChanges()
    look_up = LookUp(store.appointments, pending, cached_mpans=10)
    keeper = Keeper(
        store=store.appointments, executor=executor, clock=clock, participants=known, changed=look_up.forget
    )
    updates = Updates(
        settings=settings,
        store=store.appointments,
        keeper=keeper,
        pending=pending,
        changed=look_up.forget,
        clock=clock,
        log=log,
    )
    rejections = Rejections(store.appointments, Vault.opened(bytes(32), [], START)[0], kept=10)
    importing = Importing(
        settings=settings,
        store=store.appointments,
        keeper=keeper,
        rejections=rejections,
        participants=known,
        executor=executor,
        clock=clock,
        log=log,
    )
    parts = PullParts(
        settings=settings,
        store=store.appointments,
        keeper=keeper,
        rejections=rejections,
        participants=known,
        clients=nobody_is_asked,
        executor=executor,
        room=asyncio.Semaphore(),
        clock=clock,
        log=log,
    )
    return look_up, updates, importing, Pulling(parts)


def nobody_is_asked(service: DipId, url: str) -> RegistrationServiceClient:
    raise AssertionError("a portal alone asks nobody")


def nobody_delivers(endpoint: Endpoint, lanes: Iterable[Lane]) -> Worker:
    raise AssertionError("a portal alone delivers nothing")


def publication_door(
    directory: Path,
    store: SqliteStore,
    clock: Clock,
    log: Log,
    registry: Current[Registry],
    executor: ThreadPoolExecutor,
) -> PublicationDoor:
    """Pattern B, in a folder of its own."""
    settings, shelf = Settings(), Shelf(directory / "publications")
    public = PublicAddress("https://dip.example")
    return PublicationDoor(
        store=store.publications,
        public=public,
        shelf=shelf,
        uploads=Uploads(
            settings=settings,
            store=store.publications,
            shelf=shelf,
            public=public,
            executor=executor,
            moved=lambda way, count: None,
            clock=clock,
            log=log,
        ),
        retention=PublicationRetention(
            settings=settings,
            store=store.publications,
            shelf=shelf,
            registry=registry,
            executor=executor,
            clock=clock,
            log=log,
        ),
        readers=executor,
        filtering=Filtering(executor, limits=FilterLimits(), timer=clock.monotonic),
        moved=lambda way, count: None,
    )


def requeues_of(store: SqliteStore, clock: Clock, log: Log) -> Requeues:
    vault = Vault.opened(bytes(32), [], START)[0]
    return Requeues(
        settings=Settings(),
        clock=clock,
        store=store.requeues,
        replay=store.replay,
        messages=store.messages,
        archive=Archive(store.messages, vault, memory_bytes=0),
        vault=vault,
        executor=ThreadPoolExecutor(1),
        wake=lambda lanes: None,
        wake_again=lambda lanes: None,
        log=log,
    )


@pytest.fixture
async def portal(tmp_path: Path, registry: Registry) -> AsyncIterator[Portal]:
    written = io.StringIO()
    log = make_log(written)
    store = SqliteStore(tmp_path, group_limit=100, log=log)
    clock = StillClock()
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    await store.users.save_user(
        User(name=NAME, password_hash=cheap.hash(PASSWORD), powers=("administrator",), made_at=START, author="test")
    )
    metrics = CollectorRegistry()
    Counter("dip_messages_taken", "Messages taken in", registry=metrics)
    authority, vault = Authority.create("DEV", START), Vault.opened(bytes(32), [], START)[0]
    known = Current(participants())
    (tmp_path / "ca.pem").write_bytes(authority.root_pem)
    await store.platform.save_facts({AUTHORITY: sealed_authority(vault, authority.keys)})
    catalogue = Catalogue(
        texts=read(asset("channels")),
        shipped=registry,
        specification_items=True,
        store=store.catalogue,
        clock=clock,
        log=log,
    )
    pauses = Pauses(store=store.catalogue, clock=clock, resumed=lambda channel: None, log=log)
    await store.parties.save_webhook(Webhook(DipId("2200000001"), "IF-031", "https://localhost:9443/"), START)
    dispatcher = Dispatcher(
        settings=Settings(), clock=clock, store=store.messages, parties=store.parties, begin=nobody_delivers
    )
    dispatcher.start()
    settings, stack = Settings(), AsyncExitStack()
    executor = stack.enter_context(ThreadPoolExecutor(1))
    trust = await establish_trust(
        settings=settings,
        directory=tmp_path,
        store=store,
        vault=vault,
        participants=known,
        registry=catalogue.registry,
        alarms=Alarms(
            store=store.alarms, clock=clock, settings=settings, mailer=Mailer(settings=settings, log=log), log=log
        ),
        activity=activity_log(settings, clock, store, vault, catalogue, executor, log),
        metrics=Metrics(),
        revoked=Wake(),
        clock=clock,
        executor=executor,
        log=log,
        stack=stack,
    )
    look_up, updates, importing, pulling = mpan_parts(store, clock, log, known, executor)
    application = portal_application(
        PortalParts(
            settings=Settings(),
            clock=clock,
            log=log,
            registry=catalogue.registry,
            catalogue=catalogue,
            pauses=pauses,
            participants=known,
            store=store,
            incidents=make_incidents(
                settings=settings,
                store=store,
                participants=known,
                mailer=Mailer(settings=settings, log=log),
                clock=clock,
                log=log,
            ),
            activity=ActivityBook(store.activity_reader, scan=1000),
            vault=Mark(),
            first_password=tmp_path / "admin.password",
            admin_token_digest=hashlib.sha256(TOKEN.encode()).hexdigest(),
            explainer=Explainer(registry=catalogue.registry, participants=known, look_up=look_up),
            updates=updates,
            importing=importing,
            pulling=pulling,
            archive=Archive(store.messages, vault, memory_bytes=0),
            executor=executor,
            dispatcher=dispatcher,
            networks=(),
            trials=trials_of(settings, clock, trust, executor),
            requeues=requeues_of(store, clock, log),
            rotation=Rotation(
                store=store.platform, vault=Vault(bytes(32), []), file=MasterKeyFile(tmp_path / "master.key"), log=log
            ),
            trust=trust,
            duties=duties_of(store, clock, log, catalogue, pauses, dispatcher, known),
            alarm_rules=AlarmRules(store=store.alarm_settings, settings=settings, clock=clock),
            subscriptions=nobody_subscribes(store, clock, log),
            saved_views=SavedViews(store=store.saved_views, vault=vault, clock=clock, most=settings.saved_view_limit),
            publications=publication_door(tmp_path, store, clock, log, catalogue.registry, executor),
            faults=Faults(environment="DEV", seed=1, most=100),
            metrics=metrics,
            api=Application(),
            api_url="https://127.0.0.1:8443",
            near_api_url="https://127.0.0.1:8443",
            directory=tmp_path,
        )
    )
    async with TestClient(TestServer(application)) as client:
        yield Portal(client, store, clock, written, known, updates)
    await stack.aclose()
    await store.close()


@pytest.fixture
async def meet(portal: Portal) -> AsyncIterator[Meet]:
    """Meets people at browsers of their own."""
    async with AsyncExitStack() as stack:

        async def met(name: str | None = None) -> Person:
            session = ClientSession(portal.client.make_url("/"), cookie_jar=CookieJar(unsafe=True))
            person = Person(await stack.enter_async_context(session))
            if name is not None:
                assert await person.log_in(name) == 303
            return person

        yield met
