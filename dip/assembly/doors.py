"""The two applications: the participants' API, and the portal with the administration API."""

from aiohttp import web

from dip.activity.reading import ActivityBook
from dip.assembly.base import Base
from dip.assembly.publications import PublicationParts
from dip.assembly.service_desk import make_incidents
from dip.assembly.ways_out import WaysOut
from dip.http.api.application import api_application
from dip.http.api.calls import Desk
from dip.http.api.company_details import CompanyDetailsApi
from dip.http.api.delivery_status import DeliveryStatus
from dip.http.api.fetching import FetchingApi
from dip.http.api.messages import MessagesIn
from dip.http.api.replay import Replays
from dip.http.api.signed_calls import SignedCalls
from dip.http.api.status_messages import StatusMessagesIn
from dip.http.api.uploads import UploadsApi
from dip.http.api.validate import Validation
from dip.http.api.webhooks import Webhooks
from dip.http.portal.application import portal_application
from dip.http.portal.parts import PortalParts
from dip.http.portal.publications.routes import PublicationDoor
from dip.http.watched import watch_api, watch_portal
from dip.intake.receive import Intake
from dip.intake.status_messages import StatusIntake
from dip.participants.rates import Rate
from dip.reporting.saved_views import SavedViews
from dip.routing.explain import Explainer
from dip.start import ADMINISTRATION_DIGEST, FIRST_PASSWORD


def api_door(base: Base, ways_out: WaysOut, publications: PublicationParts) -> web.Application:
    """The application of the API port."""
    settings, clock, registry = base.settings, base.clock, base.registry
    participants, signatures = base.participants, base.signatures
    desk = Desk(settings=settings, clock=clock, log=base.log, registry=registry, participants=participants)
    calls = SignedCalls(desk=desk, settings=settings, participants=participants, signatures=signatures)
    rate = Rate(settings.messages_a_second, what="messages", now_s=clock.monotonic)
    messages_in = MessagesIn(
        desk=desk,
        intake=_intake(base, ways_out, publications, rate),
        settings=settings,
        clock=clock,
        registry=registry,
        metrics=base.metrics,
        replies=ways_out.replies,
    )
    ways_out.answered.woken = (messages_in.tell_waiting,)
    status_intake = StatusIntake(
        settings=settings,
        clock=clock,
        registry=registry,
        participants=participants,
        store=base.store.reports,
        archive=base.archive,
        vault=base.vault,
        signatures=signatures,
        rate=rate,
        wake=ways_out.wake,
    )
    application = api_application(
        settings=settings,
        desk=desk,
        messages_in=messages_in,
        status_in=StatusMessagesIn(desk=desk, intake=status_intake, settings=settings, clock=clock),
        delivery_status=DeliveryStatus(calls=calls, registry=registry, pages=base.store.pages, archive=base.archive),
        replays=Replays(
            desk=desk,
            settings=settings,
            clock=clock,
            registry=registry,
            calls=calls,
            store=base.store.messages,
            replay=ways_out.replay,
            requeues=ways_out.requeues,
        ),
        fetching=FetchingApi(
            desk=desk,
            settings=settings,
            clock=clock,
            registry=registry,
            calls=calls,
            fetching=ways_out.fetching,
        ),
        webhooks=Webhooks(
            calls=calls,
            settings=settings,
            clock=clock,
            registry=registry,
            dispatcher=ways_out.dispatcher,
            networks=base.networks,
        ),
        validation=Validation(desk=desk, settings=settings, registry=registry, participants=participants),
        company_details=CompanyDetailsApi(
            desk=desk,
            settings=settings,
            clock=clock,
            registry=registry,
            participants=participants,
            onboarding=base.trust.onboarding,
        ),
        uploads=UploadsApi(
            desk=desk,
            settings=settings,
            registry=registry,
            participants=participants,
            uploads=publications.uploads,
        ),
        faults=ways_out.faults,
    )
    return watch_api(application, base.activity, clock)


def portal_door(
    base: Base, ways_out: WaysOut, publications: PublicationParts, *, api: web.Application, near_api_url: str
) -> web.Application:
    """The application of the portal port. api, near_api_url: the other port's, and where this machine reaches it."""
    application = portal_application(
        PortalParts(
            settings=base.settings,
            clock=base.clock,
            log=base.log,
            registry=base.registry,
            catalogue=base.catalogue,
            pauses=base.pauses,
            participants=base.participants,
            store=base.store,
            incidents=make_incidents(
                settings=base.settings,
                store=base.store,
                participants=base.participants,
                mailer=base.mailer,
                clock=base.clock,
                log=base.log,
            ),
            activity=ActivityBook(base.store.activity_reader, scan=base.settings.activity_scan),
            first_password=base.directory / FIRST_PASSWORD,
            vault=base.vault,
            admin_token_digest=base.store.platform.fact(ADMINISTRATION_DIGEST) or "",
            explainer=Explainer(registry=base.registry, participants=base.participants, look_up=base.look_up),
            updates=base.updates,
            archive=base.archive,
            executor=base.executor,
            importing=base.importing,
            pulling=ways_out.pulling,
            requeues=ways_out.requeues,
            rotation=base.rotation,
            trust=base.trust,
            duties=ways_out.duties,
            alarm_rules=ways_out.alarms.rules,
            subscriptions=ways_out.alarms.subscriptions,
            saved_views=SavedViews(
                store=base.store.saved_views, vault=base.vault, clock=base.clock, most=base.settings.saved_view_limit
            ),
            publications=PublicationDoor(
                store=base.store.publications,
                public=publications.public,
                shelf=publications.shelf,
                uploads=publications.uploads,
                retention=publications.retention,
                readers=publications.readers,
                filtering=publications.filtering,
                moved=base.metrics.payload_moved,
            ),
            dispatcher=ways_out.dispatcher,
            networks=base.networks,
            trials=ways_out.trials,
            faults=ways_out.faults,
            metrics=base.metrics.registry,
            api=api,
            api_url=base.settings.public_url.rstrip("/") or near_api_url,
            near_api_url=near_api_url,
            directory=base.directory,
        )
    )
    return watch_portal(application, base.activity, base.clock)


def _intake(base: Base, ways_out: WaysOut, publications: PublicationParts, rate: Rate) -> Intake:
    return Intake(
        settings=base.settings,
        clock=base.clock,
        registry=base.registry,
        participants=base.participants,
        pauses=base.pauses,
        store=base.store.messages,
        archive=base.archive,
        vault=base.vault,
        look_up=base.look_up,
        updates=base.updates,
        announcing=publications.announcing,
        executor=base.executor,
        signatures=base.signatures,
        rate=rate,
        arrived=ways_out.arrived,
        steps=base.steps,
    )
