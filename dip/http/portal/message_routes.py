"""The routes about messages: where they are, what became of them, and what one can do about it (5.11, 5.13)."""

from aiohttp import web

from dip.http.portal.administration import Administration
from dip.http.portal.alarm_notes import AlarmNotes
from dip.http.portal.dead_letters import DeadLetterDesk
from dip.http.portal.diagrams.pages import DiagramPages
from dip.http.portal.endpoint_assignments import Assignments
from dip.http.portal.endpoint_forms import EndpointForms
from dip.http.portal.endpoint_trials import EndpointTrials
from dip.http.portal.endpoints import Endpoints
from dip.http.portal.message_addressing import AddressingAgain
from dip.http.portal.message_content import ContentPage
from dip.http.portal.mpan_desk import MpanDesk
from dip.http.portal.mpan_pages import MpanPages
from dip.http.portal.mpan_pulls import PullDesk
from dip.http.portal.mpan_runs import MpanRunPage
from dip.http.portal.mpan_updates import MpanUpdateDesk
from dip.http.portal.mpans import MpanImports
from dip.http.portal.overview import Overview
from dip.http.portal.pages import Pages
from dip.http.portal.parts import PortalParts
from dip.http.portal.performance import PerformancePage
from dip.http.portal.renderer import Renderer
from dip.http.portal.requeues import RequeueDesk
from dip.http.portal.throughput import ThroughputDesk
from dip.http.portal.throughput_page import ThroughputPage
from dip.http.portal.trails.routes import trail_routes


def message_routes(parts: PortalParts, renderer: Renderer) -> list[web.RouteDef]:
    """The routes about messages, queues, endpoints, reports and the MPAN table."""
    settings, clock, registry, participants = parts.settings, parts.clock, parts.registry, parts.participants
    pages = parts.store.pages
    mpan_desk = MpanDesk(explainer=parts.explainer, registry=registry, pages=pages, clock=clock)
    assignments = Assignments(
        dispatcher=parts.dispatcher,
        settings=settings,
        networks=parts.networks,
        registry=registry,
        participants=participants,
    )
    endpoints = Endpoints(
        dispatcher=parts.dispatcher, assignments=assignments, participants=participants, renderer=renderer
    )
    return [
        *Pages(
            pages=pages,
            registry=registry,
            participants=participants,
            vault=parts.vault,
            addressing=AddressingAgain(
                explainer=parts.explainer,
                desk=mpan_desk,
                registry=registry,
                archive=parts.archive,
                executor=parts.executor,
            ),
            settings=settings,
            renderer=renderer,
        ).routes(),
        *ContentPage(
            pages=pages,
            archive=parts.archive,
            executor=parts.executor,
            participants=participants,
            renderer=renderer,
            shown_characters=settings.audit_block_characters,
        ).routes(),
        *Administration(pages=pages, vault=parts.vault, mpans=mpan_desk, endpoints=endpoints.states).routes(),
        *DiagramPages(
            settings=settings, pages=pages, participants=participants, vault=parts.vault, renderer=renderer
        ).routes(),
        *EndpointForms(dispatcher=parts.dispatcher, assignments=assignments, renderer=renderer).routes(),
        *EndpointTrials(
            trials=parts.trials,
            dispatcher=parts.dispatcher,
            endpoints=endpoints,
            participants=participants,
            renderer=renderer,
        ).routes(),
        *endpoints.routes(),
        *RequeueDesk(
            requeues=parts.requeues,
            settings=settings,
            clock=clock,
            registry=registry,
            participants=participants,
            renderer=renderer,
        ).routes(),
        *Overview(
            duties=parts.duties,
            dispatcher=parts.dispatcher,
            pages=pages,
            notes=AlarmNotes(parts.store.users),
            participants=participants,
            renderer=renderer,
        ).routes(),
        *ThroughputDesk(store=parts.store.throughput, clock=clock).routes(),
        *ThroughputPage(
            store=parts.store.throughput,
            settings=settings,
            clock=clock,
            executor=parts.executor,
            registry=registry,
            participants=participants,
            renderer=renderer,
        ).routes(),
        *PerformancePage(pages=pages, metrics=parts.metrics, clock=clock, renderer=renderer).routes(),
        *DeadLetterDesk(
            dead_letters=parts.duties.dead_letters,
            store=parts.store.dead_letters,
            registry=registry,
            participants=participants,
            renderer=renderer,
        ).routes(),
        *trail_routes(
            settings=settings,
            pages=pages,
            archive=parts.archive,
            executor=parts.executor,
            registry=registry,
            participants=participants,
            vault=parts.vault,
            renderer=renderer,
        ),
        *MpanImports(parts.importing).routes(),
        *PullDesk(parts.pulling).routes(),
        *MpanRunPage(
            importing=parts.importing, pulling=parts.pulling, participants=participants, renderer=renderer
        ).routes(),
        *MpanUpdateDesk(
            updates=parts.updates,
            store=parts.store.appointments,
            pages=pages,
            participants=participants,
            renderer=renderer,
        ).routes(),
        *MpanPages(
            desk=mpan_desk,
            registry=registry,
            participants=participants,
            updates=parts.updates,
            clock=clock,
            renderer=renderer,
        ).routes(),
    ]
