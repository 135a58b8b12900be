"""What the portal shows and moves: the parts of the server that its pages and calls are made over."""

from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

import msgspec
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
from dip.delivery.trial_calls import TrialCalls
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.http.portal.pages import Digester
from dip.http.portal.publications.routes import PublicationDoor
from dip.participants.registry import Participants
from dip.participants.webhooks import Network
from dip.registration.importing import Importing
from dip.registration.pulling import Pulling
from dip.registration.updates import Updates
from dip.reporting.alarm_rules import AlarmRules
from dip.reporting.alarm_subscriptions import Subscriptions
from dip.reporting.incidents.incidents import Incidents
from dip.reporting.saved_views import SavedViews
from dip.routing.explain import Explainer
from dip.store.sqlite import SqliteStore
from dip.trust.parts import Trust


class PortalParts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts, each made by who puts the server together.

    vault: makes the digest under which an MPAN is searched for. admin_token_digest: SHA-256 of the administration
    token, hexadecimal. first_password: the file with the password of the first administrator. api, api_url: the other
    port's application, for the description of both, and where participants reach it. near_api_url: where this machine
    does. directory: the data directory, with the keys of participants that the server made.
    """

    settings: Settings
    clock: Clock
    log: Log
    registry: Current[Registry]
    catalogue: Catalogue
    pauses: Pauses
    participants: Current[Participants]
    store: SqliteStore
    incidents: Incidents
    activity: ActivityBook
    vault: Digester
    first_password: Path
    admin_token_digest: str
    explainer: Explainer
    updates: Updates
    archive: Archive
    executor: Executor
    importing: Importing
    pulling: Pulling
    dispatcher: Dispatcher
    networks: Sequence[Network]
    trials: TrialCalls
    faults: Faults
    requeues: Requeues
    rotation: Rotation
    trust: Trust
    duties: Duties
    alarm_rules: AlarmRules
    subscriptions: Subscriptions
    saved_views: SavedViews
    publications: PublicationDoor
    metrics: CollectorRegistry
    api: web.Application
    api_url: str
    near_api_url: str
    directory: Path
