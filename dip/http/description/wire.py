"""Schemas of what is no message: answers, problems, settings of webhooks, lists of the administration API."""

import inspect
from typing import Any, Final

import msgspec

from dip.archive.rotation import Rotated
from dip.conformance.fault_orders import FaultOrder
from dip.conformance.faults import Fault
from dip.delivery.dead_letters import QueuedAgain
from dip.delivery.dispatcher import EndpointState
from dip.delivery.trial_calls import Trial
from dip.http.api.company_details import CompanyDetails
from dip.http.api.journal_record import DIPJournalRecord
from dip.http.api.requeue_views import RequeueRow, RequeueStatus
from dip.http.api.webhooks import WebhookConfig
from dip.http.description.schemas import Schema, reference
from dip.http.portal.accounts import UserChange, UserOrder
from dip.http.portal.administration_orders import PauseOrder, RecipientsChange, SendersChange, Undo, VersionView
from dip.http.portal.agents import AgencyView, AgentOrder
from dip.http.portal.alarms import Acknowledgement
from dip.http.portal.certificate_views import CertificateLine, OwnAuthorityView, OwnCertificateLine
from dip.http.portal.certificates import CertificateOrder, IssuedCertificate, RenewalOrder
from dip.http.portal.clock import Advance, ClockView
from dip.http.portal.dashboard.snapshot import Dashboard
from dip.http.portal.dead_letters import Wanted
from dip.http.portal.endpoint_assignments import NewEndpoint
from dip.http.portal.endpoints import EndpointChange
from dip.http.portal.incident_views import IncidentLine, IncidentView
from dip.http.portal.maintenance_pages import WindowOrder
from dip.http.portal.master_key import NewMasterKey
from dip.http.portal.message_verdicts import JudgedMessage
from dip.http.portal.mpan_pulls import PullOrder
from dip.http.portal.mpan_updates import UpdateView
from dip.http.portal.mpan_views import LookUpView
from dip.http.portal.own_certificates import IssuedOwnCertificate, OwnRenewalOrder
from dip.http.portal.participants import ParticipantDetail, ParticipantView
from dip.http.portal.publications.desk import RemovalOrder
from dip.http.portal.publications.views import PayloadView, PublicationView, PublishedVersion, SeriesView, UploadView
from dip.http.portal.saved_view_desk import ViewOrder
from dip.http.portal.throughput import ThroughputReport
from dip.http.portal.users import CertificateRequest, UserCertificate, UserView, UserWithPassword
from dip.http.portal.views import ChannelDetail, ChannelView, PauseView
from dip.http.problems import Problem
from dip.messages.standard_response import StandardResponse
from dip.registration.importing import Imported, RunState
from dip.registration.pulling import PullView
from dip.registration.rows import RowFault
from dip.reporting.alarm_rules import RuleOrder
from dip.reporting.alarm_subscriptions import SubscriptionOrder
from dip.reporting.balance import BalanceSheet
from dip.reporting.flow_matrix import FlowRow
from dip.reporting.incidents.orders import (
    Confirmation,
    IncidentChange,
    NewContact,
    NewIncident,
    NewReview,
    Resolution,
)
from dip.reporting.saved_views import SavedView
from dip.store.alarm_settings import AlarmRule, AlarmSubscription
from dip.store.alarms import Alarm
from dip.store.dead_letters import DeadLetter
from dip.store.incidents import IncidentEntry
from dip.store.page_records import MessageRow, Queue
from dip.store.trail_records import AuditRow
from dip.trust.central_feed import FeedState
from dip.trust.onboarding_orders import NewParticipant, ParticipantChange

_TYPES: Final = (
    *(CompanyDetails, NewParticipant, ParticipantChange, FeedState),
    *(RequeueStatus, RequeueRow, AgentOrder, AgencyView),
    *(LookUpView, UpdateView),
    *(AuditRow, FlowRow),
    *(IncidentLine, IncidentView, IncidentEntry, NewIncident, IncidentChange, NewContact, Resolution, Confirmation),
    *(NewReview, WindowOrder),
    *(SavedView, ViewOrder),
    *(Acknowledgement, AlarmRule, RuleOrder, AlarmSubscription, SubscriptionOrder),
    *(PublicationView, SeriesView, PayloadView, PublishedVersion, UploadView, RemovalOrder),
    *(Imported, RunState, RowFault, PullOrder, PullView),
    *(
        CertificateOrder,
        IssuedCertificate,
        RenewalOrder,
        CertificateLine,
        OwnCertificateLine,
        OwnRenewalOrder,
        IssuedOwnCertificate,
        OwnAuthorityView,
        NewMasterKey,
        UserView,
        UserCertificate,
        UserWithPassword,
        UserOrder,
        UserChange,
        CertificateRequest,
        Rotated,
        Advance,
        ClockView,
        DeadLetter,
        Wanted,
        QueuedAgain,
        BalanceSheet,
        ThroughputReport,
        Dashboard,
        Alarm,
    ),
    *(StandardResponse, Problem, WebhookConfig, EndpointState, DIPJournalRecord),
    *(MessageRow, JudgedMessage, Queue, ParticipantView, ParticipantDetail, ChannelView, ChannelDetail),
    *(
        VersionView,
        PauseView,
        EndpointChange,
        NewEndpoint,
        Trial,
        Fault,
        FaultOrder,
        SendersChange,
        RecipientsChange,
        Undo,
        PauseOrder,
    ),
)
_ALWAYS_THERE: Final = ("StandardResponse", "Entry")
"""Written in full: what has a default stands there all the same."""
DELIVERED: Final = "DeliveredMessage"


def wire_schemas() -> dict[str, Schema]:
    """Schemas by the name of the type (draft 2020-12)."""
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    for name in _ALWAYS_THERE:
        schemas[name]["required"] = list(schemas[name]["properties"])
    schemas[DELIVERED] = _delivered()
    return schemas


def list_of(name: str, **more: Any) -> Schema:
    """The schema of a list of the administration API; `next` is the key of the page after it."""
    return object_of(items={"type": "array", "items": reference(name)}, next={"type": ["integer", "null"]}, **more)


def object_of(**properties: Any) -> Schema:
    """The schema of an object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _delivered() -> Schema:
    block = {"type": "object"}
    custom = {"description": "As the event's format says; for an encrypted channel a JWE to your encryption.pem."}
    return {
        "title": "Message as delivered",
        "description": (
            "The message that a sender posted, in the published case of its names, with the blocks A0 (everybody who "
            "gets it) and D0 (transaction id, time, publication, correlation id, replay) filled by the DIP."
        ),
        "type": "object",
        "properties": {
            "payload": {
                "type": "object",
                "properties": {"CommonBlock": block, "CustomBlock": custom},
                "required": ["CommonBlock"],
            }
        },
        "required": ["payload"],
    }
