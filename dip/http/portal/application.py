"""The portal's application: every page and every call of the administration API, put together."""

from datetime import timedelta

from aiohttp import web
from prometheus_client import CollectorRegistry

from dip.catalogue.catalogue import Catalogue
from dip.catalogue.pauses import Pauses
from dip.channels.registry import Registry
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.description.documents import Documents
from dip.http.portal.administration import Administration, Endpoints, LookUp
from dip.http.portal.administration_channels import ChannelAdministration
from dip.http.portal.channels import ChannelPages
from dip.http.portal.data.routes import data_routes
from dip.http.portal.failures import add_security_headers, failures
from dip.http.portal.guard import API, guard
from dip.http.portal.log_in import LogIn
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.open_doors import OpenDoors
from dip.http.portal.pages import Digester, Pages
from dip.http.portal.renderer import Renderer
from dip.http.portal.sessions import Sessions
from dip.participants.registry import Participants
from dip.store.pages import SqlitePages
from dip.store.platform import SqlitePlatform


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
    platform: SqlitePlatform,
    vault: Digester,
    admin_token_digest: str,
    look_up: LookUp,
    endpoints: Endpoints,
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
    sessions = Sessions(platform=platform, clock=clock, lasts=timedelta(hours=settings.session_hours))
    open_doors = OpenDoors(settings=settings, registry=registry, metrics=metrics)
    log_in = LogIn(sessions=sessions, renderer=renderer, log=log)
    shown = Pages(pages=pages, registry=registry, participants=participants, vault=vault, renderer=renderer)
    administration = Administration(
        pages=pages,
        registry=registry,
        participants=participants,
        vault=vault,
        look_up=look_up,
        endpoints=endpoints,
    )
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
            web.get("/", shown.home),
            web.get("/messages", shown.messages),
            web.get("/messages/{transaction_id}", shown.message),
            web.get("/maintenance.json", maintenance.listed),
            *channel_pages.routes(),
            *channel_calls.routes(),
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
