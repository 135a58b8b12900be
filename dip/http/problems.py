"""Errors on the wire: the one table from code to status, and problem documents (RFC 9457)."""

from collections.abc import Mapping
from typing import Final

import msgspec
from aiohttp import web

from dip.catalogue.errors import DefinitionRefused
from dip.ground.errors import DipError

CONTENT_TYPE: Final = "application/problem+json"

STATUSES: Final[Mapping[str, int]] = {
    "address_refused": 400,
    "address_taken": 409,
    "authority_refused": 400,
    "bad_file": 400,
    "bad_request": 400,
    "call_refused": 502,
    "catalogue_refused": 400,
    "central_feed_failed": 502,
    "certificate_missing": 409,
    "certificate_refused": 400,
    "certificate_request_refused": 400,
    "certificate_unreadable": 400,
    "chain_broken": 500,
    "channel_held": 503,
    "condition_failed": 412,
    "conflict": 409,
    "credentials_incomplete": 500,
    "definition_refused": 400,
    "dip_error": 500,
    "file_unreadable": 400,
    "filter_refused": 400,
    "filter_too_long": 422,
    "import_failed": 502,
    "import_refused": 400,
    "master_key_refused": 500,
    "media_type_wrong": 415,
    "messages_unreadable": 400,
    "method_not_allowed": 405,
    "new_key_needed": 409,
    "no_filter_place": 503,
    "no_place": 503,
    "no_room": 507,
    "not_authenticated": 401,
    "not_found": 404,
    "not_permitted": 403,
    "onboarding_refused": 400,
    "payload_bomb": 422,
    "payload_not_structured": 422,
    "payload_refused": 422,
    "payload_removed": 410,
    "payload_unreadable": 500,
    "range_not_satisfiable": 416,
    "rate_exceeded": 429,
    "record_unreadable": 500,
    "registration_cursor_too_old": 502,
    "registration_fault_refused": 400,
    "registration_file_refused": 400,
    "registration_service_failed": 502,
    "registration_service_refused": 400,
    "request_refused": 400,
    "requeue_running": 429,
    "seal_broken": 500,
    "server_not_reached": 502,
    "setup_refused": 500,
    "signature_refused": 401,
    "store_unavailable": 503,
    "too_large": 413,
    "too_many_downloads": 429,
    "too_many_filters": 429,
    "too_many_holders": 409,
    "too_many_streams": 503,
    "too_many_uploads": 429,
    "tus_version_wrong": 412,
    "undecryptable_block": 400,
    "unknown_channel": 404,
    "unknown_endpoint": 404,
    "upload_broken": 400,
    "upload_busy": 423,
    "upload_checksum_wrong": 460,
    "upload_ended": 409,
    "upload_offset_wrong": 409,
    "upload_stalled": 408,
    "webhook_refused": 400,
    "webhook_serves": 409,
}
"""Status of each error code; a test holds it complete (decision record 0006)."""

_FRAMEWORK: Final[Mapping[int, tuple[str, str]]] = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    413: ("too_large", "The request is larger than the limit."),
}


class DefinitionFault(msgspec.Struct, frozen=True):
    """What is wrong at one place of a channel's definition; line and column count from 1."""

    file: str
    line: int
    column: int
    reason: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document: code is our own stable member, request_id helps to find the line in the log.

    faults: every fault of a channel's definition that is refused.
    """

    title: str
    status: int
    code: str
    detail: str
    request_id: str | None = None
    faults: tuple[DefinitionFault, ...] = ()


def status_of(error: DipError) -> int:
    """The HTTP status of an error."""
    return STATUSES.get(error.code, 500)


def problem(error: DipError) -> Problem:
    """What an error says on the wire."""
    faults = error.faults if isinstance(error, DefinitionRefused) else ()
    return Problem(
        _title(error.code),
        status_of(error),
        error.code,
        error.message,
        faults=tuple(DefinitionFault(one.file, one.line, one.column, one.reason) for one in faults),
    )


def framework_problem(error: web.HTTPException) -> Problem:
    """What a refusal by the HTTP library says on the wire."""
    code, detail = _FRAMEWORK.get(error.status, ("bad_request", "The request can't be understood."))
    return Problem(_title(code), error.status, code, detail)


def unexpected(request_id: str) -> Problem:
    """What a fault of our own says on the wire: nothing of its inside."""
    detail = "Something went wrong here. It was logged under the request id; tell whoever runs this server."
    return Problem("Internal error", 500, "dip_error", detail, request_id)


def problem_response(found: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    """The answer that carries a problem document."""
    return web.Response(
        status=found.status,
        body=msgspec.json.encode(found),
        content_type=CONTENT_TYPE,
        headers=headers,
    )


def _title(code: str) -> str:
    return code.replace("_", " ").capitalize()
