"""Operations of uploads by tus 1.0.0 (5.6)."""

from collections.abc import Sequence
from typing import Any, Final

from dip.ground.settings import Settings
from dip.http.api import tus
from dip.http.description.operations import Operation, answer, operation_id, path_parameter, refusals
from dip.http.description.routes import Route
from dip.messages.headers import PUBLICATION_URI, SENDER

UPLOADS: Final = "Uploads"
UPLOADS_TEXT: Final = "Payloads of publications, by the resumable upload protocol tus 1.0.0; not signed."
_PART: Final = "/uploads"
_STANDARD: Final = "StandardResponse"
_USUAL: Final = (400, 401, 403, 404, 405, 429, 500, 503)
_TEXTS: Final = {
    "408": "No byte came in time. What came is kept.",
    "409": "The upload stands at another byte, which `Upload-Offset` says; or the address is taken.",
    "412": "The request does not say the version of tus that is spoken here; `Tus-Version` does.",
    "413": "The payload, or the body, is larger than it may be. What stands before the limit is kept.",
    "415": f"Expected `Content-Type: {tus.BYTES}`.",
    "422": "The digest is another one, or what is packed can't be opened. The upload was dropped.",
    "423": "Another request sends bytes of this upload just now.",
    "460": "The bytes of this request have another checksum. None of them is kept.",
    "507": "The disk has no room.",
}
_HEADERS: Final = {
    tus.RESUMABLE: "Always 1.0.0.",
    tus.OFFSET: "The byte of the whole from which the body goes on.",
    tus.LENGTH: "Bytes of the whole payload.",
    tus.METADATA: (
        "Keys, each with a space and its value in base64, comma between: `name`, `version`, `sha256` (64 hexadecimal "
        "digits, of the whole), `mediaType`, and `compression` where it is gzip or zip."
    ),
    tus.CHECKSUM: "sha256, a space, and the checksum of the body in base64.",
    SENDER: "The DIP id of the participant for which an agent uploads; without it the caller.",
    tus.OVERRIDE: "HEAD, PATCH or DELETE.",
}
_TOLD: Final = {
    tus.OFFSET: "The next byte that is wanted; the length of the whole where the payload is whole.",
    tus.EXPIRES: "When it is given up if nothing comes; or, when it is whole, if no message announces it.",
    PUBLICATION_URI: "The address under which the payload is read once a message announced it.",
}


def is_upload(route: Route) -> bool:
    """Whether a route is about uploads."""
    return route.path.startswith("/publications/{channel_id}" + _PART)


def upload_operation(route: Route, channels: Sequence[str], settings: Settings) -> Operation:
    """The operation of such a route. channels: those that take payloads."""
    parameters = [path_parameter("channel_id", "A channel of publications.", channels)]
    is_one = "upload" in route.parameters
    if is_one:
        parameters.append(path_parameter("upload", "The last part of the `Location` that the beginning answered."))
    made: Operation = {
        "operationId": operation_id(route.method.lower(), route.path),
        "tags": [UPLOADS],
        "summary": route.summary,
        "description": route.text,
        "parameters": parameters,
    }
    match route.method:
        case "OPTIONS":
            return {**made, "responses": {**answer(204), **refusals((401, 403, 429, 500), _STANDARD)}}
        case "HEAD":
            parameters.append(_header(tus.RESUMABLE))
            responses = {**_answered(200, tus.LENGTH, tus.METADATA), **_refused()}
        case "PATCH":
            parameters += [_header(tus.RESUMABLE), _header(tus.OFFSET), _header(tus.CHECKSUM, required=False)]
            made["requestBody"] = _body(required=True)
            refused = _refused("408", "409", "413", "415", "422", "423", "460", "507")
            responses = {**_answered(204), **refused}
        case "DELETE":
            parameters.append(_header(tus.RESUMABLE))
            responses = {**answer(204), **_refused("409", "423")}
        case _ if is_one:
            parameters += [_header(tus.RESUMABLE), _header(tus.OVERRIDE)]
            responses = {**answer(204), **answer(200), **_refused("409")}
        case _:
            most = settings.publication_payload_limit_bytes
            made["description"] = f"{route.text} At most {most} bytes; the digest is compared at the last one."
            parameters += [_header(name) for name in (tus.RESUMABLE, tus.LENGTH, tus.METADATA)]
            parameters += [_header(tus.CHECKSUM, required=False), _header(SENDER, required=False)]
            made["requestBody"] = _body(required=False)
            begun = _answered(201)
            begun["201"]["headers"]["Location"] = _described("The upload: where PATCH, HEAD and DELETE go.")
            responses = {**begun, **_refused("408", "409", "413", "415", "422", "460", "507")}
    return {**made, "responses": responses}


def _header(name: str, *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, **_described(_HEADERS[name])}


def _described(text: str) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}}


def _body(*, required: bool) -> dict[str, Any]:
    return {"required": required, "content": {tus.BYTES: {"schema": {"type": "string", "format": "binary"}}}}


def _answered(status: int, *more: str) -> dict[str, dict[str, Any]]:
    made = answer(status)
    told = {**_TOLD, **{name: _HEADERS[name] for name in more}}
    made[str(status)]["headers"] = {name: _described(text) for name, text in told.items()}
    return made


def _refused(*statuses: str) -> dict[str, Any]:
    """The usual refusals, that of another version of tus, and these."""
    made = refusals(_USUAL, _STANDARD)
    for status in ("412", *statuses):
        made |= answer(status, {"$ref": f"#/components/schemas/{_STANDARD}"}, text=_TEXTS[status])
    return made
