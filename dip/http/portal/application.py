"""The portal's application: every page and every call of the administration API, put together."""

from collections.abc import Sequence
from datetime import timedelta

from aiohttp import web
from prometheus_client import CollectorRegistry

from dip.archive.rotation import Rotation
from dip.catalogue.catalogue import Catalogue
from dip.catalogue.pauses import Pauses
from dip.channels.registry import Registry
from dip.conformance.faults import Faults
from dip.delivery.dispatcher import Dispatcher
from dip.delivery.duties import Duties
from dip.delivery.requeue import Requeues
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.description.documents import Documents
from dip.http.portal.administration import Administration, LookUp
from dip.http.portal.administration_channels import ChannelAdministration
from dip.http.portal.certificates import CertificateDesk
from dip.http.portal.channels import ChannelPages
from dip.http.portal.clock import ClockDesk
from dip.http.portal.data.routes import data_routes
from dip.http.portal.dead_letters import DeadLetterDesk
from dip.http.portal.endpoints import Endpoints
from dip.http.portal.failures import add_security_headers, failures
from dip.http.portal.faults import FaultDesk
from dip.http.portal.guard import API, guard
from dip.http.portal.lock_out import LockOut
from dip.http.portal.log_in import LogIn
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.master_key import MasterKeyDesk
from dip.http.portal.open_doors import OpenDoors
from dip.http.portal.overview import Overview
from dip.http.portal.pages import Digester, Pages
from dip.http.portal.renderer import Renderer
from dip.http.portal.requeues import RequeueDesk
from dip.http.portal.sessions import Sessions
from dip.participants.registry import Participants
from dip.participants.webhooks import Network
from dip.store.pages import SqlitePages
from dip.store.protocol import DeadLetterStore
from dip.store.users import SqliteUsers
from dip.trust.certificates import Certificates


def portal_application(
    *,
    settings: Settings,
    clock: Clock,
    log: Log,
    registry: Current[Registry],
    catalogue: Catalogue,
    pauses: Pauses,
    participants: Current[Participants],
    pages: SqlitePages,
    users: SqliteUsers,
    vault: Digester,
    admin_token_digest: str,
    look_up: LookUp,
    dispatcher: Dispatcher,
    networks: Sequence[Network],
    faults: Faults,
    requeues: Requeues,
    rotation: Rotation,
    certificates: Certificates,
    duties: Duties,
    dead_letters: DeadLetterStore,
    metrics: CollectorRegistry,
    api: web.Application,
    api_url: str,
) -> web.Application:
    """The application of the portal port.

    admin_token_digest: SHA-256 of the administration token, hexadecimal. api, api_url: the other port's
    application, for the description of both, and where participants reach it. Serve it without an access
    log: a search by MPAN stands in the address.
    """
    maintenance = Maintenance(pauses=pauses, registry=registry, clock=clock)
    renderer = Renderer(settings=settings, clock=clock, maintenance=maintenance.published)
    channel_pages = ChannelPages(catalogue=catalogue, pauses=pauses, maintenance=maintenance, renderer=renderer)
    channel_calls = ChannelAdministration(catalogue=catalogue, pauses=pauses, maintenance=maintenance)
    sessions = Sessions(users=users, clock=clock, lasts=timedelta(hours=settings.session_hours))
    open_doors = OpenDoors(settings=settings, registry=registry, metrics=metrics)
    lock_out = LockOut(clock, attempts=settings.log_in_attempts, lasts_s=settings.log_in_lock_minutes * 60)
    log_in = LogIn(sessions=sessions, lock_out=lock_out, renderer=renderer, log=log)
    shown = Pages(pages=pages, registry=registry, participants=participants, vault=vault, renderer=renderer)
    endpoints = Endpoints(
        dispatcher=dispatcher,
        settings=settings,
        networks=networks,
        registry=registry,
        participants=participants,
        renderer=renderer,
    )
    administration = Administration(
        pages=pages,
        registry=registry,
        participants=participants,
        vault=vault,
        look_up=look_up,
        endpoints=endpoints.states,
    )
    requeue_desk = RequeueDesk(
        requeues=requeues,
        settings=settings,
        clock=clock,
        registry=registry,
        participants=participants,
        renderer=renderer,
    )
    fault_desk = FaultDesk(
        faults=faults, settings=settings, registry=registry, participants=participants, renderer=renderer, log=log
    )
    overview = Overview(duties=duties, dispatcher=dispatcher, pages=pages, participants=participants, renderer=renderer)
    dead_letter_desk = DeadLetterDesk(
        dead_letters=duties.dead_letters,
        store=dead_letters,
        registry=registry,
        participants=participants,
        renderer=renderer,
    )
    clock_desk = ClockDesk(business_time=duties.business_time, renderer=renderer)
    application = web.Application(middlewares=[failures(renderer, log), guard(sessions, admin_token_digest)])
    application.on_response_prepare.append(add_security_headers)
    documents = Documents(
        settings=settings, registry=registry, renderer=renderer, api_url=api_url, api=api, portal=application
    )
    application.add_routes(
        [
            web.get("/healthz", open_doors.health),
            web.get("/metrics", open_doors.metrics),
            web.get("/catalogue.json", open_doors.catalogue),
            web.get("/openapi.json", documents.openapi),
            web.get("/asyncapi.json", documents.asyncapi),
            web.get("/docs", documents.page),
            web.static("/static", asset("static")),
            web.get("/login", log_in.form),
            web.post("/login", log_in.log_in),
            web.post("/logout", log_in.log_out),
            web.get("/messages", shown.messages),
            web.get("/messages/{transaction_id}", shown.message),
            web.get("/maintenance.json", maintenance.listed),
            *channel_pages.routes(),
            *channel_calls.routes(),
            *endpoints.routes(),
            *fault_desk.routes(),
            *requeue_desk.routes(),
            *overview.routes(),
            *dead_letter_desk.routes(),
            *clock_desk.routes(),
            *MasterKeyDesk(rotation).routes(),
            *CertificateDesk(certificates=certificates, participants=participants).routes(),
            *data_routes(settings=settings, registry=registry, renderer=renderer),
            *_administration_routes(administration),
        ]
    )
    return application


def _administration_routes(administration: Administration) -> list[web.RouteDef]:
    return [
        web.get(f"{API}/messages", administration.messages),
        web.get(f"{API}/messages/{{transaction_id}}", administration.message),
        web.get(f"{API}/queues", administration.queues),
        web.get(f"{API}/participants", administration.participants),
        web.get(f"{API}/participants/{{dip_id}}", administration.participant),
        web.get(f"{API}/mpans/{{mpan}}", administration.mpan),
    ]
