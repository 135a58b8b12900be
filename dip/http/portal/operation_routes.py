"""The routes of running the DIP: channels, alarms, incidents, maintenance, clock, faults, keys, publications."""

from aiohttp import web

from dip.http.portal.activity import ActivityDesk
from dip.http.portal.administration_channels import ChannelAdministration
from dip.http.portal.alarm_notes import AlarmNotes
from dip.http.portal.alarm_rules import AlarmRuleDesk
from dip.http.portal.alarm_subscriptions import AlarmSubscriptionDesk
from dip.http.portal.alarms import AlarmDesk
from dip.http.portal.channels import ChannelPages
from dip.http.portal.clock import ClockDesk
from dip.http.portal.data.routes import data_routes
from dip.http.portal.faults import FaultDesk
from dip.http.portal.incident_pages import IncidentPages
from dip.http.portal.incidents import IncidentDesk
from dip.http.portal.maintenance import Maintenance
from dip.http.portal.maintenance_pages import MaintenancePages
from dip.http.portal.master_key import MasterKeyDesk
from dip.http.portal.parts import PortalParts
from dip.http.portal.publications.routes import publication_routes
from dip.http.portal.renderer import Renderer


def operation_routes(parts: PortalParts, renderer: Renderer, maintenance: Maintenance) -> list[web.RouteDef]:
    """The routes of those who run the DIP, and of what they publish."""
    settings, clock, registry, participants = parts.settings, parts.clock, parts.registry, parts.participants
    return [
        web.get("/maintenance.json", maintenance.listed),
        *MaintenancePages(pauses=parts.pauses, maintenance=maintenance, registry=registry, renderer=renderer).routes(),
        *IncidentDesk(incidents=parts.incidents, clock=clock).routes(),
        *IncidentPages(
            incidents=parts.incidents, registry=registry, participants=participants, clock=clock, renderer=renderer
        ).routes(),
        *ChannelPages(
            catalogue=parts.catalogue, pauses=parts.pauses, maintenance=maintenance, renderer=renderer
        ).routes(),
        *ChannelAdministration(catalogue=parts.catalogue, pauses=parts.pauses, maintenance=maintenance).routes(),
        *FaultDesk(
            faults=parts.faults,
            settings=settings,
            registry=registry,
            participants=participants,
            renderer=renderer,
            log=parts.log,
        ).routes(),
        *AlarmDesk(
            alarms=parts.duties.alarms,
            notes=AlarmNotes(parts.store.users),
            participants=participants,
            clock=clock,
            renderer=renderer,
        ).routes(),
        *AlarmRuleDesk(
            rules=parts.alarm_rules,
            registry=registry,
            participants=participants,
            every_s=settings.alarm_check_s,
            renderer=renderer,
        ).routes(),
        *AlarmSubscriptionDesk(
            subscriptions=parts.subscriptions, registry=registry, participants=participants, renderer=renderer
        ).routes(),
        *ClockDesk(business_time=parts.duties.business_time, renderer=renderer).routes(),
        *MasterKeyDesk(parts.rotation, renderer).routes(),
        *ActivityDesk(book=parts.activity, renderer=renderer).routes(),
        *data_routes(settings=settings, registry=registry, renderer=renderer),
        *publication_routes(
            parts.publications,
            settings=settings,
            registry=registry,
            participants=participants,
            renderer=renderer,
            clock=clock,
            log=parts.log,
        ),
    ]
