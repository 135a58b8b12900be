"""The OpenAPI 3.0 document of everything that this server serves, made from its routes and its catalogue (5.8)."""

from collections.abc import Iterable
from typing import Any, Final

from dip import __version__
from dip.channels.registry import Registry
from dip.ground.settings import Settings
from dip.http.description.dialect import openapi_schema
from dip.http.description.operations import header_parameters
from dip.http.description.participants_api import MESSAGES, STATUS_MESSAGES, WEBHOOKS, ParticipantsApi
from dip.http.description.portal_api import ADMINISTRATION, OPEN, PAGES, portal_operation
from dip.http.description.routes import Route
from dip.http.description.schemas import SchemaBook
from dip.http.description.uploads import UPLOADS, UPLOADS_TEXT
from dip.http.description.wire import wire_schemas
from dip.http.portal.sessions import COOKIE
from dip.messages.headers import API_KEY

_VERSION: Final = "3.0.3"
_TAGS: Final = {
    MESSAGES: "Messages of whichever channel.",
    STATUS_MESSAGES: "What went wrong with messages, told to their senders.",
    WEBHOOKS: "Where a recipient wants its messages.",
    UPLOADS: UPLOADS_TEXT,
    ADMINISTRATION: "Needs the token of the administration API, or a session of the portal.",
    OPEN: "Needs no log-in.",
    PAGES: "For people; need a session of the portal.",
}
_SECURITY: Final = {
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": API_KEY,
        "description": "The apiKey of participant.json. Where it is given it must be right.",
    },
    "administrationToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token in admin.token of the data directory.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A log-in to the portal. What changes something carries the token of the session's forms too.",
    },
}


def openapi(
    registry: Registry,
    settings: Settings,
    *,
    api_url: str,
    api_routes: Iterable[Route],
    portal_routes: Iterable[Route],
) -> dict[str, Any]:
    """The document. api_url: where participants reach the API; the portal is wherever the document came from."""
    book = SchemaBook(registry)
    api = ParticipantsApi(registry, settings, book)
    paths: dict[str, dict[str, Any]] = {}
    server = {"url": api_url, "description": "Participants' API; mutual TLS"}
    key: list[dict[str, list[str]]] = [{"apiKey": []}] if settings.api_key_required else [{"apiKey": []}, {}]
    for route in api_routes:
        for path, method, operation in api.describe(route):
            held = paths.setdefault(path, {"servers": [server]})
            held[method] = {**operation, "security": key}
    for route in portal_routes:
        paths.setdefault(route.path, {})[route.method.lower()] = portal_operation(route)
    schemas = {**book.schemas, **wire_schemas()}
    tags = [{"name": name, "description": text} for name, text in _TAGS.items()]
    document = {
        "openapi": _VERSION,
        "info": {
            "title": "Reference DIP",
            "version": __version__,
            "description": _introduction(settings),
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Portal and administration API"}],
        "tags": [*tags[:-1], *api.tags(), tags[-1]],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "examples": api.examples,
            "parameters": header_parameters(),
            "securitySchemes": _SECURITY,
        },
    }
    return {name: _in_dialect(part) for name, part in document.items()}


def _introduction(settings: Settings) -> str:
    return (
        f"A conformance reference of the Data Integration Platform, in the profile `{settings.profile}` and the "
        f"environment `{settings.environment}`. The document is made from the channels and routes of the running "
        "server.\n\n"
        "**Calls of participants** come in over mutual TLS: the client certificate says who connects. All but those "
        "of `/validate` are signed, in four headers. A browser can't do either: send them from a program, such as "
        "`python run.py send` or `dip.client`, or have the server sign and send what is tried out on this page, "
        "outside PRD and for a participant of yours whose keys it made.\n\n"
        "**Calls of the administration API** can be tried out on this page with the token."
    )


def _in_dialect(node: Any) -> Any:
    """The document with every schema in OpenAPI's own dialect; examples are no schemas."""
    if isinstance(node, list):
        return [_in_dialect(part) for part in node]
    if not isinstance(node, dict):
        return node
    made = {}
    for name, part in node.items():
        if name == "schemas":
            made[name] = {key: openapi_schema(schema) for key, schema in part.items()}
        elif name == "schema":
            made[name] = openapi_schema(part)
        elif name in {"examples", "value"}:
            made[name] = part
        else:
            made[name] = _in_dialect(part)
    return made
