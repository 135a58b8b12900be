"""Operations about what was sent before: replay, requeue, requeueStatus (5.5.11)."""

from collections.abc import Sequence
from typing import Any, Final

from dip.delivery.replay_request import (
    BY_TRANSACTION,
    MOST_TRANSACTIONS,
    PUBLISHED,
    STATUS_MARKS,
    STATUS_TIMES,
    TRANSACTIONS,
)
from dip.ground.settings import Settings
from dip.http.description.operations import answer, json_body, query_parameter, refusals
from dip.http.description.routes import Route
from dip.http.description.schemas import Schema, reference
from dip.http.description.wire import DELIVERED
from dip.messages.headers import CONTINUATION

_STANDARD: Final = "StandardResponse"
_REFUSALS: Final = (400, 401, 403, 404, 405, 413, 429, 500, 503)
_TIME: Final[Schema] = {"type": "string", "minLength": 25, "maxLength": 25}
_NULLABLE_TIME: Final[Schema] = {**_TIME, "type": ["string", "null"]}
_NULLABLE_TEXT: Final[Schema] = {"type": ["string", "null"], "minLength": 1, "maxLength": 100}
_GOES_ON: Final = "Of the answer before, which said that there is more; the body stays the same. Absent at first."


def about_sent(route: Route, settings: Settings) -> dict[str, Any] | None:
    """Parameters, body and answers of a route about what was sent before; None where it is about something else."""
    status = route.path.startswith("/statusmessage")
    if "/replay/" in route.path:
        return {
            "parameters": [{**query_parameter(CONTINUATION, _GOES_ON), "in": "header"}],
            "requestBody": json_body(_request(settings, status=status)),
            "responses": {**_replayed(settings, status=status), **refusals(_REFUSALS, _STANDARD)},
        }
    if "/requeue/" in route.path:
        begun = answer(202, {"type": "string"}, text="The requeue has begun; this is its id.")
        return {
            "parameters": [],
            "requestBody": json_body(_request(settings, status=status)),
            "responses": {**begun, **refusals(_REFUSALS, _STANDARD), **_too_many()},
        }
    if "/requeueStatus/" in route.path:
        found = answer(200, {"type": "array", "items": reference("RequeueStatus")}, text="The newest first.")
        return {
            "parameters": [query_parameter("requeue-id", "The requeue that is meant; else the last hundred")],
            "responses": {**found, **answer(204, text="There is none."), **refusals(_REFUSALS, _STANDARD)},
        }
    return None


def _request(settings: Settings, *, status: bool) -> Schema:
    """A MessageRequest or a StatusMessageRequest."""
    properties: dict[str, Schema]
    required: Sequence[str]
    if status:
        properties = {**dict.fromkeys(STATUS_TIMES, _TIME), **dict.fromkeys(STATUS_MARKS, _NULLABLE_TEXT)}
        required = STATUS_TIMES
    else:
        identifiers = {"type": "array", "minItems": 1, "maxItems": MOST_TRANSACTIONS, "items": {"type": "string"}}
        more = BY_TRANSACTION if settings.switches.replays_by_transaction else ()
        properties = {
            **dict.fromkeys(PUBLISHED, _NULLABLE_TEXT),
            **dict.fromkeys(STATUS_TIMES, _NULLABLE_TIME),
            "MPAN": {"type": ["string", "null"], "pattern": "^[0-9]{13}$"},
            TRANSACTIONS: identifiers,
            **dict.fromkeys(more, _NULLABLE_TEXT),
        }
        required = PUBLISHED
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _replayed(settings: Settings, *, status: bool) -> dict[str, Any]:
    item: Schema = reference("Entry" if status else DELIVERED)
    if not status and settings.switches.rewraps_replays:
        original = {"type": "object", "description": "The D0 with which the message went out first."}
        item = {"allOf": [item, {"type": "object", "properties": {"originalTransaction": original}}]}
    listed = {"type": "array", "items": item}
    made = answer(200, listed, text="All of it, or the rest.") | answer(206, listed, text="There is more to come.")
    made["206"]["headers"] = {CONTINUATION: {"description": "Where it goes on.", "schema": {"type": "string"}}}
    return made


def _too_many() -> dict[str, Any]:
    made = answer(429, reference(_STANDARD), text="A requeue of this recipient and channel is under way.")
    made["429"]["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return made
