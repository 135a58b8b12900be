"""What the handlers of the portal's port don't say of themselves: queries, bodies, answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from dip.http.description.operations import JSON, query_parameter
from dip.http.description.schemas import Schema, reference
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
_REASON: Final = query_parameter("reason", "Why; kept with the version")
_CHANNEL: Final = f"{API}/channels/{{channel_id}}"
_DEFINITION: Final[Schema] = {"type": "object", "description": "A channel's definition, the structure of its YAML."}


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """Query, body and answer of a route. Without a schema the answer is empty.

    statuses: those of success. body: schemas by media type.
    """

    schema: Schema | None = None
    media: str = JSON
    statuses: Sequence[int] = (200,)
    query: Sequence[dict[str, Any]] = ()
    body: Mapping[str, Schema] | None = None


def _changing(body: str) -> Detail:
    return Detail(schema=reference("ChannelDetail"), body={JSON: reference(body)}, query=(_REASON,))


DETAILS: Final[Mapping[str, Detail]] = {
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
    f"GET {API}/messages/{{transaction_id}}": Detail(schema=reference("MessageDetail")),
    f"GET {API}/queues": Detail(
        schema=list_of("Queue", endpoints={"type": "array", "items": reference("EndpointState")})
    ),
    f"GET {API}/participants": Detail(schema=list_of("ParticipantView")),
    f"GET {API}/participants/{{dip_id}}": Detail(schema=reference("ParticipantDetail")),
    f"GET {API}/mpans/{{mpan}}": Detail(
        schema=object_of(
            mpan=_TEXT,
            at=_TEXT,
            recipients={
                "type": "array",
                "items": object_of(**dict.fromkeys(("dipId", "role", "class", "reason"), _TEXT)),
            },
            appointments={
                "type": "array",
                "items": object_of(
                    **dict.fromkeys(("role", "dipId", "effectiveFrom"), _TEXT), effectiveTo={"type": ["string", "null"]}
                ),
            },
        ),
        query=(
            query_parameter("channel", "Only what this channel's routing makes of it"),
            query_parameter("at", "A time with an offset; the present business time where it is left out"),
        ),
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
