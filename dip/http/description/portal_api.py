"""Operations of the portal's port: the administration API, what is open to all, pages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from dip.http.description.operations import (
    JSON,
    PROBLEM,
    Operation,
    answer,
    json_body,
    operation_id,
    path_parameter,
    query_parameter,
    refusals,
)
from dip.http.description.routes import Route
from dip.http.description.schemas import Schema, reference
from dip.http.description.wire import list_of, object_of
from dip.http.portal.guard import API, is_open_address
from dip.http.portal.searches import FIELDS

ADMINISTRATION: Final = "Administration"
OPEN: Final = "Open to all"
PAGES: Final = "Pages"
_PROBLEM: Final = "Problem"
_REFUSALS: Final = (400, 401, 403, 404, "default")
_READING: Final = ("GET",)
_MEDIA: Final = {".csv": "text/csv", ".json": JSON, ".svg": "image/svg+xml", ".txt": "text/plain", ".mmd": "text/plain"}


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """What the handler's own words don't say of a route."""

    schema: Schema
    query: Sequence[dict[str, Any]] = ()
    media: str = JSON


_TEXT: Final[Schema] = {"type": "string"}
_SEARCH: Final = {
    "channel": "Interface id",
    "sender": "DIP id of the sender",
    "mpan": "Thirteen digits",
    "reference": "The sender's unique reference",
    "correlation": "Correlation id",
    "transaction": "Transaction id",
}
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
                **{part: {"type": "array", "items": _TEXT} for part in ("senders", "recipients", "events")},
            ),
        }
    ),
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
    f"GET {API}/channels": Detail(schema=list_of("ChannelView")),
    f"GET {API}/channels/{{channel_id}}": Detail(schema=reference("ChannelDetail")),
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
}


def portal_operation(route: Route) -> Operation:
    """The operation of a route of the portal's port; where no detail is known, what its handler says of itself."""
    detail = DETAILS.get(route.key)
    tag = _tag(route)
    operation: Operation = {
        "operationId": operation_id(route.method.lower(), route.path),
        "tags": [tag],
        "summary": route.summary,
        "description": route.text,
        "parameters": [
            *(path_parameter(name) for name in route.parameters),
            *(detail.query if detail is not None else ()),
        ],
        "security": [] if is_open_address(route.path) else [{"administrationToken": []}, {"session": []}],
    }
    if route.method not in _READING and tag == PAGES:
        form = {"type": "object", "additionalProperties": _TEXT}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
        return {**operation, "responses": answer(303) | answer("default", _TEXT, media="text/html")}
    if route.method in {"POST", "PUT", "PATCH"}:
        operation["requestBody"] = json_body({"type": "object"}, required=False)
    if detail is not None:
        success = answer(200, detail.schema, media=detail.media)
    elif tag == ADMINISTRATION:
        success = answer(200, {"type": "object"})
    else:
        success = answer(200, _TEXT if _media(route.path) != JSON else {"type": "object"}, media=_media(route.path))
    refused = (
        refusals(_REFUSALS, _PROBLEM, PROBLEM) if tag == ADMINISTRATION else refusals(("default",), _PROBLEM, PROBLEM)
    )
    return {**operation, "responses": success | refused}


def _tag(route: Route) -> str:
    if route.path.startswith(API):
        return ADMINISTRATION
    is_page = _media(route.path) == "text/html" and route.key not in DETAILS
    return PAGES if is_page or not is_open_address(route.path) else OPEN


def _media(path: str) -> str:
    return next((media for ending, media in _MEDIA.items() if path.endswith(ending)), "text/html")
