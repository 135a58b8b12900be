"""The portal's application: every page and every call of the administration API, put together."""

from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from dip.activity.reading import ActivityBook
from dip.archive.archive import Archive
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
from dip.http.forwarded import PROXIES, Proxies
from dip.http.portal.account import AccountPages
from dip.http.portal.accounts import Accounts
from dip.http.portal.activity import ActivityDesk
from dip.http.portal.administration import Administration
from dip.http.portal.administration_channels import ChannelAdministration
from dip.http.portal.agents import AgentDesk
from dip.http.portal.alarm_rules import AlarmRuleDesk
from dip.http.portal.alarm_subscriptions import AlarmSubscriptionDesk
from dip.http.portal.alarms import AlarmDesk
from dip.http.portal.authorities import AuthorityDesk
from dip.http.portal.certificate_pages import CertificatePages
from dip.http.portal.certificate_views import CertificateViews
from dip.http.portal.certificates import CertificateDesk
from dip.http.portal.channels import ChannelPages
from dip.http.portal.clock import ClockDesk
from dip.http.portal.data.routes import data_routes
from dip.http.portal.dead_letters import DeadLetterDesk
from dip.http.portal.diagrams.pages import DiagramPages
from dip.http.portal.drills import DrillDesk
from dip.http.portal.endpoints import Endpoints
from dip.http.portal.failures import add_security_headers, failures, refuse_unread
from dip.http.portal.faults import FaultDesk
from dip.http.portal.guard import API, guard
from dip.http.portal.help.book import HelpBook
from dip.http.portal.help.pages import HelpPages
from dip.http.portal.help.problem_codes import problem_codes
from dip.http.portal.help.texts import read_help
from dip.http.portal.incident_pages import IncidentPages
from dip.http.portal.incidents import IncidentDesk
from dip.http.portal.lock_out import LockOut
from dip.http.portal.log_in import LogIn
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.maintenance_pages import MaintenancePages
from dip.http.portal.master_key import MasterKeyDesk
from dip.http.portal.message_addressing import AddressingAgain
from dip.http.portal.message_content import ContentPage
from dip.http.portal.mpan_desk import MpanDesk
from dip.http.portal.mpan_pages import MpanPages
from dip.http.portal.mpan_pulls import PullDesk
from dip.http.portal.mpan_runs import MpanRunPage
from dip.http.portal.mpan_updates import MpanUpdateDesk
from dip.http.portal.mpans import MpanImports
from dip.http.portal.open_doors import OpenDoors
from dip.http.portal.overview import Overview
from dip.http.portal.own_address import OwnAddress
from dip.http.portal.own_certificates import OwnCertificateDesk
from dip.http.portal.pages import Digester, Pages
from dip.http.portal.participant_pages import ParticipantPages
from dip.http.portal.participants import ParticipantDesk
from dip.http.portal.passwords import Passwords
from dip.http.portal.powers import Visitor
from dip.http.portal.publications.routes import PublicationDoor, publication_routes
from dip.http.portal.renderer import Renderer
from dip.http.portal.requeues import RequeueDesk
from dip.http.portal.sessions import Sessions
from dip.http.portal.strangers import strangers_limited
from dip.http.portal.throughput import ThroughputDesk
from dip.http.portal.trails.routes import trail_routes
from dip.http.portal.users import UserDesk
from dip.http.unread import REFUSE
from dip.participants.rates import strangers_rate
from dip.participants.registry import Participants
from dip.participants.webhooks import Network
from dip.registration.importing import Importing
from dip.registration.pulling import Pulling
from dip.registration.updates import Updates
from dip.reporting.alarm_rules import AlarmRules
from dip.reporting.alarm_subscriptions import Subscriptions
from dip.reporting.incidents.incidents import Incidents
from dip.routing.explain import Explainer
from dip.store.appointments import SqliteAppointments
from dip.store.pages import SqlitePages
from dip.store.protocol import DeadLetterStore
from dip.store.throughput import SqliteThroughput
from dip.store.user_addresses import SqliteUserAddresses
from dip.store.users import SqliteUsers
from dip.trust.parts import Trust


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
    user_addresses: SqliteUserAddresses,
    incidents: Incidents,
    activity: ActivityBook,
    vault: Digester,
    first_password: Path,
    admin_token_digest: str,
    explainer: Explainer,
    updates: Updates,
    appointments: SqliteAppointments,
    archive: Archive,
    executor: Executor,
    importing: Importing,
    pulling: Pulling,
    dispatcher: Dispatcher,
    networks: Sequence[Network],
    faults: Faults,
    requeues: Requeues,
    rotation: Rotation,
    trust: Trust,
    duties: Duties,
    alarm_rules: AlarmRules,
    subscriptions: Subscriptions,
    dead_letters: DeadLetterStore,
    throughput: SqliteThroughput,
    publications: PublicationDoor,
    metrics: CollectorRegistry,
    api: web.Application,
    api_url: str,
) -> web.Application:
    """The application of the portal port.

    admin_token_digest: SHA-256 of the administration token, hexadecimal. first_password: the file with the password
    of the first administrator. api, api_url: the other port's application, for the description of both, and where
    participants reach it. Serve it without an access log: a search by MPAN stands in the address.
    """
    maintenance = Maintenance(pauses=pauses, registry=registry, clock=clock)
    book = HelpBook(read_help(asset("data/help"), asset("docs/glossary.md")), problem_codes())

    def alarms_of(visitor: Visitor) -> int:
        """How many alarms that go on a page shows to a visitor."""
        user = visitor.name if visitor.form_token is not None else ""
        return subscriptions.concerning(user, duties.alarms.open(), visitor.dip_ids)

    renderer = Renderer(settings=settings, clock=clock, maintenance=maintenance.published, book=book, alarms=alarms_of)
    channel_pages = ChannelPages(catalogue=catalogue, pauses=pauses, maintenance=maintenance, renderer=renderer)
    channel_calls = ChannelAdministration(catalogue=catalogue, pauses=pauses, maintenance=maintenance)
    passwords = Passwords(shortest=settings.password_characters)
    sessions = Sessions(
        users=users,
        passwords=passwords,
        participants=participants,
        clock=clock,
        lasts=timedelta(hours=settings.session_hours),
    )
    accounts = Accounts(
        users=users,
        passwords=passwords,
        participants=participants,
        clock=clock,
        certificates=trust.user_certificates,
        first_password=first_password,
        log=log,
    )
    account_pages = AccountPages(
        accounts=accounts,
        passwords=passwords,
        sessions=sessions,
        own_address=OwnAddress(user_addresses),
        renderer=renderer,
        asks_for_certificates=settings.portal_client_certificates,
    )
    open_doors = OpenDoors(settings=settings, registry=registry, metrics=metrics)
    lock_out = LockOut(clock, attempts=settings.log_in_attempts, lasts_s=settings.log_in_lock_minutes * 60)
    log_in = LogIn(sessions=sessions, lock_out=lock_out, renderer=renderer, log=log)
    mpan_desk = MpanDesk(explainer=explainer, registry=registry, pages=pages, clock=clock)
    shown = Pages(
        pages=pages,
        registry=registry,
        participants=participants,
        vault=vault,
        addressing=AddressingAgain(
            explainer=explainer, desk=mpan_desk, registry=registry, archive=archive, executor=executor
        ),
        settings=settings,
        renderer=renderer,
    )
    message_content = ContentPage(
        pages=pages,
        archive=archive,
        executor=executor,
        participants=participants,
        renderer=renderer,
        shown_characters=settings.audit_block_characters,
    )
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
        vault=vault,
        mpans=mpan_desk,
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
    certificate_views = CertificateViews(participants=participants, clock=clock, settings=settings)
    participant_desk = ParticipantDesk(
        onboarding=trust.onboarding,
        central_feed=trust.central_feed,
        participants=participants,
        registry=registry,
        dispatcher=dispatcher,
    )
    clock_desk = ClockDesk(business_time=duties.business_time, renderer=renderer)
    application = web.Application(
        middlewares=[
            failures(renderer, log),
            strangers_limited(strangers_rate(settings, clock)),
            guard(sessions, admin_token_digest),
        ]
    )
    application.on_response_prepare.append(add_security_headers)
    application[REFUSE] = refuse_unread
    application[PROXIES] = Proxies.of(settings)
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
            *HelpPages(book=book, registry=registry, renderer=renderer).routes(),
            web.static("/static", asset("static")),
            web.get("/login", log_in.form),
            web.post("/login", log_in.log_in),
            web.post("/logout", log_in.log_out),
            web.get("/messages", shown.messages),
            web.get("/messages/{transaction_id}", shown.message),
            web.get("/messages/{transaction_id}/content", message_content.page),
            *DiagramPages(
                settings=settings, pages=pages, participants=participants, vault=vault, renderer=renderer
            ).routes(),
            web.get("/maintenance.json", maintenance.listed),
            *MaintenancePages(pauses=pauses, maintenance=maintenance, registry=registry, renderer=renderer).routes(),
            *IncidentDesk(incidents=incidents, clock=clock).routes(),
            *IncidentPages(
                incidents=incidents, registry=registry, participants=participants, clock=clock, renderer=renderer
            ).routes(),
            *channel_pages.routes(),
            *channel_calls.routes(),
            *endpoints.routes(),
            *fault_desk.routes(),
            *requeue_desk.routes(),
            *overview.routes(),
            *ThroughputDesk(store=throughput, clock=clock).routes(),
            *dead_letter_desk.routes(),
            *AlarmDesk(alarms=duties.alarms, participants=participants, clock=clock, renderer=renderer).routes(),
            *AlarmRuleDesk(
                rules=alarm_rules,
                registry=registry,
                participants=participants,
                every_s=settings.alarm_check_s,
                renderer=renderer,
            ).routes(),
            *AlarmSubscriptionDesk(
                subscriptions=subscriptions, registry=registry, participants=participants, renderer=renderer
            ).routes(),
            *clock_desk.routes(),
            *UserDesk(accounts=accounts, participants=participants, renderer=renderer).routes(),
            *account_pages.routes(),
            *participant_desk.routes(),
            *ParticipantPages(
                desk=participant_desk,
                onboarding=trust.onboarding,
                central_feed=trust.central_feed,
                registry=registry,
                renderer=renderer,
            ).routes(),
            *trail_routes(
                settings=settings,
                pages=pages,
                archive=archive,
                executor=executor,
                registry=registry,
                participants=participants,
                vault=vault,
                renderer=renderer,
            ),
            *MasterKeyDesk(rotation).routes(),
            *MpanImports(importing).routes(),
            *PullDesk(pulling).routes(),
            *MpanRunPage(importing=importing, pulling=pulling, participants=participants, renderer=renderer).routes(),
            *ActivityDesk(book=activity, renderer=renderer).routes(),
            *AgentDesk(agents=trust.agents, participants=participants, renderer=renderer).routes(),
            *CertificateDesk(
                certificates=trust.certificates,
                authorities=trust.authorities,
                participants=participants,
                views=certificate_views,
            ).routes(),
            *OwnCertificateDesk(
                own=trust.own, authority=trust.certificates.authority, views=certificate_views
            ).routes(),
            *CertificatePages(
                certificates=trust.certificates,
                own=trust.own,
                participants=participants,
                views=certificate_views,
                renderer=renderer,
            ).routes(),
            *AuthorityDesk(authorities=trust.authorities, renderer=renderer).routes(),
            *DrillDesk(drills=trust.drills, participants=participants, renderer=renderer).routes(),
            *data_routes(settings=settings, registry=registry, renderer=renderer),
            *publication_routes(
                publications,
                settings=settings,
                registry=registry,
                participants=participants,
                renderer=renderer,
                clock=clock,
                log=log,
            ),
            *MpanUpdateDesk(
                updates=updates, store=appointments, pages=pages, participants=participants, renderer=renderer
            ).routes(),
            *MpanPages(
                desk=mpan_desk,
                registry=registry,
                participants=participants,
                updates=updates,
                clock=clock,
                renderer=renderer,
            ).routes(),
            *_administration_routes(administration),
        ]
    )
    return application


def _administration_routes(administration: Administration) -> list[web.RouteDef]:
    return [
        web.get(f"{API}/messages", administration.messages),
        web.get(f"{API}/messages/{{transaction_id}}", administration.message),
        web.get(f"{API}/queues", administration.queues),
        web.get(f"{API}/mpans/{{mpan}}", administration.mpan),
    ]
