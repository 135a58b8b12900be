"""What the handlers of the portal's port don't say of themselves: queries, bodies, answers."""

from collections.abc import Mapping
from typing import Final

from dip.http.description.alarm_details import ALARM_DETAILS
from dip.http.description.detail import PAGED, Detail
from dip.http.description.operations import JSON, query_parameter
from dip.http.description.schemas import Schema, reference
from dip.http.description.trail_queries import AUDIT, FLOW
from dip.http.description.try_details import TRY_DETAILS
from dip.http.description.wire import list_of, object_of
from dip.http.portal.guard import API
from dip.http.portal.searches import FIELDS

_TEXT: Final[Schema] = {"type": "string"}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_SEARCH: Final = {
    "channel": "Interface id",
    "sender": "DIP id of the sender",
    "mpan": "Thirteen digits",
    "reference": "The sender's unique reference",
    "correlation": "Correlation id",
    "transaction": "Transaction id",
}
_ACTIVITY: Final = {
    "who": "DIP id of a participant, name of a user, or an address",
    "status": "An HTTP status, or its first digit",
    "path": "How the path, or the address of a webhook, begins",
    "from": "Made at this time or later; a time with an offset",
    "to": "Made before this time",
}
_REASON: Final = query_parameter("reason", "Why; kept with the version")
_USER: Final = f"{API}/users/{{name}}"
_DEAD: Final = f"{API}/dead-letters"
_INCIDENTS: Final = f"{API}/incidents"
_INCIDENT: Final = f"{_INCIDENTS}/{{number}}"
_AGENTS: Final = f"{API}/participants/{{dip_id}}/agents"
_CERTIFICATES: Final = f"{API}/participants/{{dip_id}}/certificates"
_DRILLS: Final = f"{API}/participants/{{dip_id}}/drills"
_OWN: Final = f"{API}/platform/certificates"
_DEAD_QUERY: Final = (
    query_parameter("recipient", "DIP id of the recipient"),
    query_parameter("channel", "Interface id; statusmessage for status messages"),
    query_parameter("sender", "DIP id of the message's sender"),
    query_parameter("from", "Given up at this time or later; a time with an offset"),
    query_parameter("to", "Given up before this time"),
    query_parameter("reason", "RetriesExhausted: waited too long. DeliveryFailure: refused for good"),
)
_ENDPOINT: Final = f"{API}/endpoints/{{endpoint_id}}"
_PUBLICATIONS: Final = "/publications"
_PAYLOAD: Final = "{channel}/{name}/{version}"
_BYTES: Final[Schema] = {"type": "string", "format": "binary"}
_NEXT_PAGE: Final[Schema] = {"type": ["string", "null"], "description": "The address of the next page"}
_THROUGHPUT: Final = (
    query_parameter("from", "The first moment, a date or a moment with an offset; without it an hour before the end"),
    query_parameter("to", "The end; a date is meant with the whole of its day; without it now"),
    query_parameter("bucket", "Length of a bucket, whole minutes: PT1M, PT15M, PT1H, P1D; without it one that suits"),
    query_parameter("side", "sender (as it is left out) or recipient: whose messages are counted"),
    query_parameter("channel", "Interface ids, comma between"),
    query_parameter("sender", "DIP ids, comma between"),
    query_parameter("recipient", "DIP ids, comma between"),
    query_parameter("outcome", "taken, refused, delivered, rejected, dead, failed; comma between"),
    query_parameter("by", "What is told apart: channel, party, or channel,party"),
    query_parameter("form", "json, or csv for a table"),
)
_FORM: Final = query_parameter("form", "json or html; without it browsers get the page, programs get JSON")
_ANNOUNCED: Final = (
    query_parameter("channel", "Interface id of a channel of publications"),
    query_parameter("text", "What stands in a name, a version or a description; letter case aside"),
    query_parameter("from", "Announced at this moment or later; a date, or a moment with an offset"),
    query_parameter("to", "Announced before this moment; a date is meant with the whole of its day"),
    query_parameter("before", "The key of the page, as the page before gave it", "integer"),
    query_parameter("limit", "Entries of a page, 1 to 1000", "integer"),
)
_CHANNEL: Final = f"{API}/channels/{{channel_id}}"
_DEFINITION: Final[Schema] = {"type": "object", "description": "A channel's definition, the structure of its YAML."}


def _changing(body: str) -> Detail:
    return Detail(schema=reference("ChannelDetail"), body={JSON: reference(body)}, query=(_REASON,))


DETAILS: Final[Mapping[str, Detail]] = {
    **ALARM_DETAILS,
    **TRY_DETAILS,
    "GET /healthz": Detail(
        schema=object_of(
            status=_TEXT, profile={"type": "string", "enum": ["spec", "live"]}, environment=_TEXT, version=_TEXT
        )
    ),
    "GET /metrics": Detail(schema=_TEXT, media="text/plain"),
    "GET /catalogue.json": Detail(
        schema={
            "type": "object",
            "additionalProperties": object_of(
                name=_TEXT,
                encrypted={"type": "boolean"},
                category={"type": "integer"},
                senders=_TEXTS,
                recipients=_TEXTS,
                events=_TEXTS,
            ),
        }
    ),
    "GET /maintenance.json": Detail(schema=list_of("PauseView")),
    f"GET {API}/messages": Detail(
        schema=list_of("MessageRow"),
        query=(
            *(query_parameter(name, _SEARCH[name]) for name in FIELDS),
            query_parameter("next", "The key of the page, as the page before gave it", "integer"),
            query_parameter("limit", "Entries of a page, 1 to 1000", "integer"),
        ),
    ),
    f"GET {API}/messages/{{transaction_id}}": Detail(schema=reference("JudgedMessage")),
    f"GET {API}/audit": Detail(schema=list_of("AuditRow"), query=(*AUDIT, *PAGED)),
    f"GET {API}/flows/{{flow}}": Detail(schema=list_of("FlowRow"), query=(*FLOW, *PAGED)),
    f"GET {API}/views": Detail(schema=list_of("SavedView", shared={"type": "array", "items": reference("SavedView")})),
    f"POST {API}/views": Detail(schema=reference("SavedView"), body={JSON: reference("ViewOrder")}, statuses=(201,)),
    f"DELETE {API}/views/{{view_id}}": Detail(statuses=(204,)),
    f"GET {API}/dashboard": Detail(schema=reference("Dashboard")),
    f"GET {API}/queues": Detail(
        schema=list_of("Queue", endpoints={"type": "array", "items": reference("EndpointState")})
    ),
    f"POST {API}/master-key/rotate": Detail(schema=reference("Rotated"), body={JSON: reference("NewMasterKey")}),
    f"GET {_DEAD}": Detail(schema=list_of("DeadLetter"), query=(*_DEAD_QUERY, *PAGED)),
    f"GET {_DEAD}.csv": Detail(schema=_TEXT, media="text/csv", query=_DEAD_QUERY),
    f"GET {_DEAD}/{{delivery_id}}": Detail(schema=reference("DeadLetter")),
    f"POST {_DEAD}/requeue": Detail(schema=reference("QueuedAgain"), body={JSON: reference("Wanted")}),
    f"POST {_DEAD}/{{delivery_id}}/requeue": Detail(schema=reference("DeadLetter")),
    f"POST {_DEAD}/{{delivery_id}}/withdraw": Detail(schema=reference("DeadLetter")),
    f"GET {API}/activity": Detail(
        schema=list_of("Found"),
        query=(
            *(query_parameter(name, text) for name, text in _ACTIVITY.items()),
            query_parameter("next", "The key of the page, as the page before gave it", "integer"),
            query_parameter("limit", "Entries of a page, 1 to 1000; fewer where a search looked far enough", "integer"),
        ),
    ),
    f"GET {API}/activity/{{number}}": Detail(schema=reference("Found")),
    f"GET {API}/activity/export": Detail(
        schema=_TEXT,
        media="application/x-ndjson",
        query=tuple(query_parameter(name, _ACTIVITY[name]) for name in ("from", "to")),
    ),
    f"POST {API}/maintenance": Detail(schema=list_of("PauseView"), body={JSON: reference("WindowOrder")}),
    f"GET {_INCIDENTS}": Detail(
        schema=list_of("IncidentLine"),
        query=(
            query_parameter("state", "unfinished or closed; both where it is left out"),
            query_parameter("priority", "1 to 4", "integer"),
            query_parameter("queue", "escalation: what is escalated, or later than its target"),
            *PAGED,
        ),
    ),
    f"POST {_INCIDENTS}": Detail(
        schema=reference("IncidentView"), statuses=(201,), body={JSON: reference("NewIncident")}
    ),
    f"GET {_INCIDENT}": Detail(schema={"anyOf": [reference("IncidentView"), reference("IncidentLine")]}),
    f"PATCH {_INCIDENT}": Detail(schema=reference("IncidentView"), body={JSON: reference("IncidentChange")}),
    f"GET {_INCIDENT}/history": Detail(schema=list_of("IncidentEntry"), query=PAGED),
    f"POST {_INCIDENT}/contacts": Detail(statuses=(204,), body={JSON: reference("NewContact")}),
    f"POST {_INCIDENT}/resolve": Detail(schema=reference("IncidentView"), body={JSON: reference("Resolution")}),
    f"POST {_INCIDENT}/confirm": Detail(schema=reference("IncidentView"), body={JSON: reference("Confirmation")}),
    f"POST {_INCIDENT}/review": Detail(schema=reference("IncidentView"), body={JSON: reference("NewReview")}),
    f"GET {API}/throughput": Detail(schema=reference("ThroughputReport"), query=_THROUGHPUT),
    f"GET {API}/participants": Detail(
        schema=list_of("ParticipantView"), query=(query_parameter("left", "true: with those that left"),)
    ),
    f"POST {API}/participants": Detail(
        schema=reference("ParticipantDetail"), body={JSON: reference("NewParticipant")}, statuses=(201,)
    ),
    f"PATCH {API}/participants/{{dip_id}}": Detail(
        schema=reference("ParticipantDetail"), body={JSON: reference("ParticipantChange")}
    ),
    f"DELETE {API}/participants/{{dip_id}}": Detail(statuses=(204,)),
    f"GET {API}/central-feed": Detail(schema=reference("FeedState")),
    f"POST {API}/central-feed/pull": Detail(schema=reference("FeedState")),
    f"GET {API}/participants/{{dip_id}}": Detail(schema=reference("ParticipantDetail")),
    f"GET {_AGENTS}": Detail(schema=list_of("AgencyView")),
    f"POST {_AGENTS}": Detail(
        schema=reference("AgencyView"), body={JSON: reference("AgentOrder")}, statuses=(200, 201)
    ),
    f"DELETE {_AGENTS}/{{agent}}": Detail(
        statuses=(204,), query=(query_parameter("role", "The role to withdraw; all of them where it is left out"),)
    ),
    f"GET {API}/participants/{{dip_id}}/principals": Detail(schema=list_of("AgencyView")),
    f"GET {API}/certificates": Detail(
        schema=object_of(
            items={"type": "array", "items": reference("CertificateLine")}, next={"type": ["string", "null"]}
        ),
        query=(
            query_parameter("state", "in force, or one of the states of CertificateLine"),
            query_parameter("use", "tls, signing, encryption or dip-encryption"),
            query_parameter("holder", "DIP id"),
            query_parameter("next", "The key of the page, as the page before gave it"),
            query_parameter("limit", "Entries of a page, 1 to 1000", "integer"),
        ),
    ),
    f"GET {_OWN}": Detail(schema=list_of("OwnCertificateLine")),
    f"POST {_OWN}": Detail(
        schema=reference("IssuedOwnCertificate"), body={JSON: reference("OwnRenewalOrder")}, statuses=(201,)
    ),
    f"DELETE {_OWN}/{{fingerprint}}": Detail(schema=reference("OwnCertificateLine")),
    f"GET {API}/platform/authority": Detail(schema=list_of("OwnAuthorityView")),
    f"GET {_CERTIFICATES}": Detail(schema=list_of("CertificateLine")),
    f"POST {_CERTIFICATES}/renew": Detail(
        schema=list_of("IssuedCertificate"), body={JSON: reference("RenewalOrder")}, statuses=(201,)
    ),
    f"POST {_CERTIFICATES}": Detail(
        schema=reference("IssuedCertificate"), body={JSON: reference("CertificateOrder")}, statuses=(201,)
    ),
    f"DELETE {_CERTIFICATES}/{{fingerprint}}": Detail(schema=reference("CertificateLine")),
    f"GET {API}/authorities": Detail(schema=list_of("AuthorityView")),
    f"POST {API}/authorities": Detail(
        schema=reference("AuthorityView"), body={JSON: reference("AuthorityOrder")}, statuses=(201,)
    ),
    f"DELETE {API}/authorities/{{fingerprint}}": Detail(schema=reference("AuthorityView")),
    f"GET {_DRILLS}": Detail(schema=list_of("DrillView")),
    f"POST {_DRILLS}": Detail(schema=list_of("DrillView"), statuses=(201,)),
    f"GET {_DRILLS}.zip": Detail(schema={"type": "string", "format": "binary"}, media="application/zip"),
    "GET /crl": Detail(schema={"type": "string", "format": "binary"}, media="application/pkix-crl"),
    f"POST {API}/mpans": Detail(
        schema=reference("Imported"),
        query=(
            query_parameter("run", "A name by which it can go on: 1 to 100 of A-Z a-z 0-9 . _ -"),
            query_parameter("from_line", "The line of the file with which the body begins; 1 to begin", "integer"),
        ),
        body={"text/csv": _TEXT, "application/gzip": {"type": "string", "format": "binary"}},
    ),
    f"GET {API}/mpans/runs": Detail(
        schema=list_of("RunState"), query=(query_parameter("limit", "Entries of the list, 1 to 1000", "integer"),)
    ),
    f"GET {API}/mpans/runs/{{name}}": Detail(
        schema=object_of(
            run=reference("RunState"),
            faults={"type": "array", "items": reference("RowFault")},
            next={"type": ["integer", "null"]},
        ),
        query=(
            query_parameter("after", "The number of a rejected row, `next` of the page before", "integer"),
            query_parameter("limit", "Rejected rows of a page, 1 to 1000", "integer"),
        ),
    ),
    f"GET {API}/mpans/pulls": Detail(
        schema=list_of("PullView", services={"type": "array", "items": object_of(service=_TEXT, url=_TEXT)})
    ),
    f"POST {API}/mpans/pulls": Detail(schema=list_of("PullView"), body={JSON: reference("PullOrder")}, statuses=(202,)),
    f"DELETE {API}/mpans/pulls/{{dip_id}}": Detail(schema=reference("PullView")),
    f"GET {API}/mpans/{{mpan}}": Detail(
        schema=reference("LookUpView"),
        query=(
            query_parameter("channel", "Interface id; without it every role counts"),
            query_parameter("event", "An event of the channel; without it all of them"),
            query_parameter("at", "A date, which begins at local midnight, or a time with an offset; now without it"),
            query_parameter("known_at", "The appointments as they were thought to be then; else all that is known"),
        ),
    ),
    f"GET {API}/mpans/updates": Detail(
        schema=list_of("UpdateView", waiting={"type": "integer"}, failed={"type": "integer"}),
        query=(query_parameter("state", "failed, the only ones that are listed"), *PAGED),
    ),
    f"POST {API}/mpans/updates/{{transaction_id}}/retry": Detail(statuses=(202,)),
    f"DELETE {API}/mpans/updates/{{transaction_id}}": Detail(statuses=(204,)),
    f"GET {API}/endpoints": Detail(schema=list_of("EndpointState")),
    f"POST {API}/endpoints": Detail(
        schema=reference("EndpointState"), statuses=(201,), body={JSON: reference("NewEndpoint")}
    ),
    f"GET {_ENDPOINT}": Detail(schema=reference("EndpointState")),
    f"PATCH {_ENDPOINT}": Detail(schema=reference("EndpointState"), body={JSON: reference("EndpointChange")}),
    f"DELETE {_ENDPOINT}": Detail(
        statuses=(204,),
        query=(query_parameter("channel", "Interface ids, comma between; without it all that go there"),),
    ),
    f"POST {_ENDPOINT}/test": Detail(schema=reference("Trial")),
    f"POST {_ENDPOINT}/pause": Detail(schema=reference("EndpointState")),
    f"POST {_ENDPOINT}/resume": Detail(schema=reference("EndpointState")),
    f"GET {API}/users": Detail(
        schema=list_of("UserView"), query=(query_parameter("next", "The name of the page, as the page before gave it"),)
    ),
    f"POST {API}/users": Detail(
        schema=reference("UserWithPassword"), statuses=(201,), body={JSON: reference("UserOrder")}
    ),
    f"GET {_USER}": Detail(schema=reference("UserView")),
    f"PATCH {_USER}": Detail(schema=reference("UserWithPassword"), body={JSON: reference("UserChange")}),
    f"DELETE {_USER}": Detail(statuses=(204,)),
    f"POST {_USER}/certificate": Detail(
        schema=reference("UserCertificate"), statuses=(201,), body={JSON: reference("CertificateRequest")}
    ),
    f"GET {_PUBLICATIONS}": Detail(
        schema=object_of(items={"type": "array", "items": reference("PublicationView")}, next=_NEXT_PAGE),
        query=(*_ANNOUNCED, _FORM),
    ),
    f"GET {_PUBLICATIONS}/{{channel}}": Detail(
        schema=object_of(
            channel=_TEXT,
            name=_TEXT,
            kept=object_of(**{"for": _TEXT, "versions": {"type": "integer"}}),
            items={"type": "array", "items": reference("SeriesView")},
            next=_NEXT_PAGE,
            removed={"type": "array", "items": reference("PayloadView")},
        ),
        query=(
            query_parameter("text", "What stands in a name; letter case aside"),
            query_parameter("after", "The name behind which the page begins"),
            query_parameter("limit", "Names of a page, 1 to 1000", "integer"),
            _FORM,
        ),
    ),
    f"GET {_PUBLICATIONS}/{{channel}}/{{name}}": Detail(
        schema=object_of(
            channel=_TEXT,
            name=_TEXT,
            latestUri=_TEXT,
            items={"type": "array", "items": reference("PublishedVersion")},
            next=_NEXT_PAGE,
        ),
        query=(
            query_parameter("version", "A version, or its beginning with * behind, such as 1.1*"),
            query_parameter("from", "Published at this moment or later; a date, or a moment with an offset"),
            query_parameter("to", "Published before this moment; a date is meant with the whole of its day"),
            query_parameter("removed", "no: without what was removed"),
            query_parameter("before", "The key of the page, as the page before gave it"),
            query_parameter("limit", "Versions of a page, 1 to 1000", "integer"),
            _FORM,
        ),
    ),
    f"GET {_PUBLICATIONS}/{_PAYLOAD}": Detail(
        schema=_BYTES,
        media="application/octet-stream",
        statuses=(200, 206),
        query=(
            query_parameter("columns", "A filter: the columns to give, with commas between"),
            query_parameter("where", "column:operator:value; may be there several times, all must hold"),
            query_parameter("limit", "Most rows of a page", "integer"),
            query_parameter("cursor", "Where the page begins, as the page before said"),
            query_parameter("form", "csv, json or ndjson; without it as the payload"),
            query_parameter("rows", "The path of the list of rows in a JSON payload"),
        ),
    ),
    f"GET {API}/publications": Detail(schema=list_of("PublicationView"), query=_ANNOUNCED),
    f"GET {API}/publications/uploads": Detail(schema=list_of("UploadView")),
    f"DELETE {API}/publications/uploads/{{upload}}": Detail(statuses=(204,)),
    f"DELETE {API}/publications/{_PAYLOAD}": Detail(
        schema=reference("PayloadView"), body={JSON: reference("RemovalOrder")}
    ),
    f"GET {API}/faults": Detail(schema=list_of("Fault")),
    f"PUT {API}/faults": Detail(
        schema=list_of("Fault"), body={JSON: object_of(items={"type": "array", "items": reference("FaultOrder")})}
    ),
    f"POST {API}/faults": Detail(schema=reference("Fault"), statuses=(201,), body={JSON: reference("FaultOrder")}),
    f"DELETE {API}/faults": Detail(statuses=(204,)),
    f"DELETE {API}/faults/{{fault_id}}": Detail(statuses=(204,)),
    f"GET {API}/requeues": Detail(schema=list_of("RequeueRow"), query=PAGED),
    f"POST {API}/requeues": Detail(
        schema=reference("RequeueRow"),
        statuses=(202,),
        body={JSON: {"type": "object", "properties": {"recipient": _TEXT, "channel": _TEXT}}},
    ),
    f"GET {API}/channels": Detail(schema=list_of("ChannelView")),
    f"GET {_CHANNEL}": Detail(schema=reference("ChannelDetail")),
    f"PUT {_CHANNEL}": Detail(
        schema=reference("ChannelDetail"),
        statuses=(200, 201),
        query=(_REASON,),
        body={"application/yaml": _TEXT, JSON: _DEFINITION},
    ),
    f"DELETE {_CHANNEL}": Detail(statuses=(204,), query=(_REASON,)),
    f"GET {_CHANNEL}/versions": Detail(schema=list_of("VersionView")),
    f"GET {_CHANNEL}/diff": Detail(
        schema=object_of(**{"channel": _TEXT, "from": {"type": "integer"}, "to": {"type": "integer"}, "text": _TEXT}),
        query=(
            query_parameter("from", "The earlier version; the one before `to` where it is left out", "integer"),
            query_parameter("to", "The later version; the last where it is left out", "integer"),
        ),
    ),
    f"POST {_CHANNEL}/undo": Detail(
        schema=reference("ChannelDetail"), statuses=(200, 204), body={JSON: reference("Undo")}
    ),
    f"POST {_CHANNEL}/senders": _changing("SendersChange"),
    f"POST {_CHANNEL}/recipients": _changing("RecipientsChange"),
    f"POST {_CHANNEL}/pause": Detail(schema=reference("PauseView"), body={JSON: reference("PauseOrder")}),
    f"DELETE {_CHANNEL}/pause": Detail(statuses=(204,)),
}
"""By route, `GET /healthz`."""
