"""Operations of recipients that fetch their messages: pull, acknowledge, stream (contract, Pull and stream)."""

from collections.abc import Sequence
from typing import Any, Final

from dip.ground.settings import Settings
from dip.http.description.operations import (
    SIGNATURE_HEADERS,
    Operation,
    answer,
    json_body,
    operation_id,
    query_parameter,
    refusals,
    signed,
)
from dip.http.description.routes import Route
from dip.http.description.schemas import reference
from dip.http.description.wire import DELIVERED
from dip.messages.headers import ENVIRONMENT, LAST_EVENT, LEASE, SEQUENCE

_TAG: Final = "Pull and stream"
_STANDARD: Final = "StandardResponse"
_REFUSALS: Final = (400, 401, 403, 404, 405, 409, 429, 500, 503)
_LEASED: Final = (
    "What is handed out is leased for {lease_s:g} s. Until then nobody else gets it; what is not acknowledged waits "
    "again at its place in the order. 409 while a webhook takes the channel's messages."
)
_EVENTS: Final = (
    "Server-sent events. `id` is the sequence number of the message; `data`, on one line, is "
    '`{"payload": …, "signature": {…}}`: the payload of the message, or the entry of a status message, and the four '
    "headers of the DIP's signature over `GET;url;date;content hash`, whose hash covers the bytes of the payload as "
    "they stand there. At most {in_flight} events are unacknowledged at once; a comment comes every {beat:g} s. A "
    "further stream ends the earlier one."
)
_LEASE_TEXT: Final = (
    "The number that the answer to the pull carried. With it an entry does not touch a message that was handed out "
    "again since."
)


def is_fetching(route: Route) -> bool:
    """Whether a route is one of these."""
    return "/messages/" in route.path or "/stream/" in route.path


def fetching_operation(route: Route, parameters: Sequence[dict[str, Any]], settings: Settings) -> Operation:
    """The operation of such a route. parameters: those of its path."""
    operation: Operation = {
        "operationId": operation_id(route.method.lower(), route.path),
        "tags": [_TAG],
        "summary": route.summary,
    }
    if route.method == "POST":
        return {
            **operation,
            "description": (
                "A StandardResponse with an entry for each message, as a webhook answers: a success code delivers it, "
                "another code rejects it and is told to its sender; one without an entry stays leased. A late entry "
                "counts as long as the message was not settled otherwise."
            ),
            "parameters": [*parameters, *signed(), _header(LEASE, _LEASE_TEXT)],
            "requestBody": json_body(reference(_STANDARD)),
            "responses": {
                **answer(200, reference(_STANDARD), text="An entry for each: MSG0000 where it counts, MSG1000 if not."),
                **refusals((400, 401, 403, 404, 405, 413, 429, 500, 503), _STANDARD),
            },
        }
    leased = _LEASED.format(lease_s=settings.lease_s)
    if "/stream/" in route.path:
        events = _EVENTS.replace("{in_flight}", str(settings.stream_in_flight))
        events = events.replace("{beat:g}", f"{settings.stream_heartbeat_s:g}")
        last = "The id of the last event of an earlier stream; what it brought after that comes again at once."
        return {
            **operation,
            "description": f"{events} {leased}",
            "parameters": [*parameters, *signed(), _header(LAST_EVENT, last)],
            "responses": {
                **answer(200, {"type": "string"}, media="text/event-stream", text="The stream."),
                **refusals(_REFUSALS, _STANDARD),
            },
        }
    most, wait = settings.message_limit, settings.longest_wait_s
    item = "Entry" if "/statusmessage" in route.path else DELIVERED
    found = answer(200, {"type": "array", "minItems": 1, "items": reference(item)}, text="Messages, in order.")
    found["200"]["headers"] = _answer_headers(settings)
    return {
        **operation,
        "description": leased,
        "parameters": [
            *parameters,
            query_parameter("max", f"Most messages, 1 to {most}; {settings.pull_message_count} by itself.", "integer"),
            query_parameter("wait", f"Seconds to wait for the first message, at most {wait}.", "integer"),
            *signed(),
        ],
        "responses": {**found, **answer(204, text="There is none."), **refusals(_REFUSALS, _STANDARD)},
    }


def _header(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}


def _answer_headers(settings: Settings) -> dict[str, Any]:
    texts = {
        **SIGNATURE_HEADERS,
        LEASE: "The number of the lease, for the acknowledgement.",
    }
    if settings.switches.platform_headers:
        texts[ENVIRONMENT] = "The environment's tag."
        texts[SEQUENCE] = (
            "The sequence numbers of the messages, such as `IF-031=12-19,21`; a gap shows what is missing."
        )
    return {name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()}
