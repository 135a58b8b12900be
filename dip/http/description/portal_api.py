"""Operations of the portal's port: the administration API, what is open to all, pages."""

from typing import Any, Final

from dip.http.description.detail import Detail
from dip.http.description.details import DETAILS
from dip.http.description.operations import (
    JSON,
    PROBLEM,
    Operation,
    answer,
    operation_id,
    path_parameter,
    refusals,
)
from dip.http.description.routes import Route
from dip.http.description.schemas import Schema
from dip.http.portal.permissions import API, is_open_address

ADMINISTRATION: Final = "Administration"
OPEN: Final = "Open to all"
PAGES: Final = "Pages"
_PROBLEM: Final = "Problem"
_REFUSALS: Final = (400, 401, 403, 404, "default")
_READING: Final = ("GET",)
_NO_CONTENT: Final = 204
_ANYTHING: Final[Schema] = {"type": "object"}
_MEDIA: Final = {".csv": "text/csv", ".json": JSON, ".svg": "image/svg+xml", ".txt": "text/plain", ".mmd": "text/plain"}


def portal_operation(route: Route) -> Operation:
    """The operation of a route of the portal's port; where no detail is known, what its handler says of itself."""
    detail = DETAILS.get(route.key) or _undescribed(route)
    tag = _tag(route)
    operation: Operation = {
        "operationId": operation_id(route.method.lower(), route.path),
        "tags": [tag],
        "summary": route.summary,
        "description": route.text,
        "parameters": [*(path_parameter(name) for name in route.parameters), *detail.query],
        "security": [] if is_open_address(route.path) else [{"administrationToken": []}, {"session": []}],
    }
    if route.method not in _READING and tag == PAGES and detail.body is None:
        form = {"type": "object", "additionalProperties": {"type": "string"}}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
        refused = answer("default", {"type": "string"}, media="text/html")
        return {**operation, "responses": answer(303) | refused}
    if detail.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {media: {"schema": schema} for media, schema in detail.body.items()},
        }
    responses: dict[str, Any] = {}
    for status in detail.statuses:
        responses |= answer(status, None if status == _NO_CONTENT else detail.schema, media=detail.media)
    responses |= refusals(_REFUSALS if tag == ADMINISTRATION else ("default",), _PROBLEM, PROBLEM)
    return {**operation, "responses": responses}


def _undescribed(route: Route) -> Detail:
    """What can be said of a route that has no detail: the media type of its answer."""
    media = _media(route.path)
    is_call = route.path.startswith(API)
    body = {JSON: _ANYTHING} if is_call and route.method in {"POST", "PUT", "PATCH"} else None
    if is_call or media == JSON:
        return Detail(schema=_ANYTHING, body=body)
    return Detail(schema={"type": "string"}, media=media)


def _tag(route: Route) -> str:
    if route.path.startswith(API):
        return ADMINISTRATION
    is_page = _media(route.path) == "text/html" and route.key not in DETAILS
    return PAGES if is_page or not is_open_address(route.path) else OPEN


def _media(path: str) -> str:
    return next((media for ending, media in _MEDIA.items() if path.endswith(ending)), "text/html")
