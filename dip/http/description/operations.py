"""The parts that operations of the OpenAPI document are made of: answers, headers, parameters, security."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from dip.http.description.schemas import Schema, reference
from dip.messages.headers import CONTENT_HASH, SIGNATURE, SIGNATURE_CERTIFICATE, SIGNATURE_DATE

Operation = dict[str, Any]

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
SIGNATURE_HEADERS: Final = {
    SIGNATURE: (
        "RSA PKCS#1 v1.5 with SHA-256 over `METHOD;url;date;content hash` in UTF-8, base64. The address is the full "
        "one with its query, in lower case."
    ),
    SIGNATURE_DATE: "When it was signed, such as `2026-03-21T19:05:00.061Z`; part of what is signed.",
    CONTENT_HASH: "SHA-256 of the body, base64. Without a body that of `{}` or of nothing.",
    SIGNATURE_CERTIFICATE: "The signing certificate: its PEM text, base64.",
}
_SENTENCES: Final = {
    "200": "Done.",
    "201": "Made.",
    "202": "Taken.",
    "206": "A part of it.",
    "204": "Done; there is nothing to say.",
    "303": "Goes on elsewhere.",
    "304": "Nothing has changed since the entity tag that was sent.",
    "400": "The request can't be understood, or part of it is not as expected.",
    "401": "The caller did not prove who it is: certificate, API key, signature, token or session.",
    "403": "The caller may not do this.",
    "404": "There is nothing at this address.",
    "405": "This address does not take that method.",
    "409": "The request does not fit the present state.",
    "413": "The body is larger than the limit.",
    "429": "More than one participant may ask for, where the server has a limit. Send it again after `Retry-After`.",
    "500": "A fault of the server; it was logged.",
    "503": "The server can't do this at the moment. Try again after `Retry-After`.",
    "default": "A refusal.",
}

_AGAIN: Final = frozenset({"429", "503"})


def operation_id(*words: str) -> str:
    """An id that generators of clients can make a name of, such as `validate-IF-031-DSApp`."""
    return re.sub(r"[^A-Za-z0-9]+", "-", " ".join(words)).strip("-")


def answer(
    status: int | str, schema: Schema | None = None, *, media: str = JSON, text: str = ""
) -> dict[str, dict[str, Any]]:
    """An entry of `responses`: the status, and what is answered with it."""
    said: dict[str, Any] = {"description": text or _SENTENCES[str(status)]}
    if schema is not None:
        said["content"] = {media: {"schema": schema}}
    return {str(status): said}


def refusals(statuses: Iterable[int | str], name: str, media: str = JSON) -> dict[str, Any]:
    """Entries of `responses` that share a schema."""
    made: dict[str, Any] = {}
    for status in statuses:
        made |= answer(status, reference(name), media=media)
    for status in _AGAIN & made.keys():
        made[status]["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return made


def json_body(schema: Schema, examples: dict[str, Any] | None = None, *, required: bool = True) -> dict[str, Any]:
    """A `requestBody` in JSON. examples: by name, each a reference or a value."""
    content: dict[str, Any] = {"schema": schema}
    if examples:
        content["examples"] = examples
    return {"required": required, "content": {JSON: content}}


def path_parameter(name: str, text: str = "", values: Sequence[str] = ()) -> dict[str, Any]:
    """A parameter of the path; values: the only ones it may have."""
    schema: Schema = {"type": "string", "enum": list(values)} if values else {"type": "string"}
    made = {"name": name, "in": "path", "required": True, "schema": schema}
    return {**made, "description": text} if text else made


def query_parameter(name: str, text: str, kind: str = "string") -> dict[str, Any]:
    """A parameter of the query that may be left out."""
    return {"name": name, "in": "query", "required": False, "description": text, "schema": {"type": kind}}


def header_parameters() -> dict[str, Any]:
    """The four headers of a signature, as shared parameters of the document."""
    return {
        name: {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
        for name, text in SIGNATURE_HEADERS.items()
    }


def signed() -> list[dict[str, str]]:
    """References to the four headers."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in SIGNATURE_HEADERS]
