"""How GET and POST /companyDetails are described: no form of the body is published, this one is ours."""

from typing import Any, Final

from dip.http.api.company_details import FILTERS
from dip.http.description.operations import (
    Operation,
    answer,
    json_body,
    operation_id,
    query_parameter,
    refusals,
)
from dip.http.description.routes import Route
from dip.http.description.schemas import reference

TAG: Final = "Participants"
_PATH: Final = "/companyDetails"
_TEXTS: Final = {
    "companyNumber": "The number of the company",
    "MPID": "Market participant id",
    "marketRoleCode": "The industry's code of a role",
    "DIPRoleCode": "A role of this DIP, such as SUP",
}
_TIME: Final = {"type": ["string", "null"], "description": "YYYY-MM-DD, or 25 characters with an offset; null: open"}
_EXAMPLE: Final = {
    "companyNumber": "09000001",
    "companyName": "Kestrel Energy Supply",
    "complete": False,
    "marketParticipants": [
        {"MPID": "KESM", "marketRoles": [{"DIPRoleCode": "MSS", "marketRoleCode": "M", "effectiveFrom": "2026-10-01"}]}
    ],
}
_ROLE: Final = {
    "type": "object",
    "properties": {
        "DIPRoleCode": {"type": "string"},
        "marketRoleCode": {"type": ["string", "null"]},
        "effectiveFrom": _TIME,
        "effectiveTo": _TIME,
    },
    "required": ["DIPRoleCode"],
    "additionalProperties": False,
}
_PARTICIPANT: Final = {
    "type": "object",
    "properties": {
        "MPID": {"type": "string", "pattern": "^[0-9A-Z]{4}$"},
        "DIPID": {
            "type": ["string", "null"],
            "description": "Made from the prefix of the first role where the MPID is not known either.",
        },
        "name": {"type": ["string", "null"]},
        "marketRoles": {
            "type": "array",
            "description": "All roles of the participant; one that is not named is revoked, without any it leaves.",
            "items": _ROLE,
        },
    },
    "required": ["MPID", "marketRoles"],
    "additionalProperties": False,
}
_COMPANY: Final = {
    "type": "object",
    "properties": {
        "companyNumber": {"type": "string", "pattern": "^[0-9A-Za-z]{1,20}$"},
        "companyName": {"type": "string"},
        "complete": {
            "type": "boolean",
            "description": "Whether participants that are not named leave. Else they stay.",
        },
        "marketParticipants": {"type": "array", "items": _PARTICIPANT},
    },
    "required": ["companyNumber", "companyName"],
    "additionalProperties": False,
}


def is_company_details(route: Route) -> bool:
    """Whether a route is about companies."""
    return route.path == _PATH


def company_details_operation(route: Route, standard: str) -> Operation:
    """The operation of a route of /companyDetails. standard: the schema of refusals."""
    made: dict[str, Any] = {
        "operationId": operation_id(route.method.lower(), route.path),
        "tags": [TAG],
        "summary": route.summary,
        "description": route.text,
    }
    refused = refusals((400, 401, 403, 404, 405, 413, 429, 500, 503), standard)
    if route.method == "GET":
        found = {"type": "array", "items": reference("CompanyDetails")}
        made["parameters"] = [query_parameter(name, _TEXTS[name]) for name in FILTERS]
        return {**made, "responses": {**answer(200, found), **refused}}
    body = {"oneOf": [_COMPANY, {"type": "array", "maxItems": 1000, "items": _COMPANY}]}
    taken = answer(201, reference(standard), text="All of it is so now, and committed.")
    return {
        **made,
        "requestBody": json_body(body, {"company": {"value": _EXAMPLE}}),
        "responses": {**taken, **refused},
    }
