"""The resumable upload protocol tus 1.0.0 on the wire: its headers, read and checked (https://tus.io/protocols)."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from dip.ground.errors import BadRequest, DipError
from dip.messages.identifiers import DipId, InterfaceId
from dip.publications.packed_check import GZIP, ZIP
from dip.publications.turns import CHECKSUM_ALGORITHM, Checksum
from dip.store.publication_records import NewPayload, Payload

VERSION: Final = "1.0.0"
RESUMABLE: Final = "Tus-Resumable"
VERSIONS: Final = "Tus-Version"
EXTENSION: Final = "Tus-Extension"
MAX_SIZE: Final = "Tus-Max-Size"
CHECKSUM_ALGORITHMS: Final = "Tus-Checksum-Algorithm"
OFFSET: Final = "Upload-Offset"
LENGTH: Final = "Upload-Length"
METADATA: Final = "Upload-Metadata"
CHECKSUM: Final = "Upload-Checksum"
EXPIRES: Final = "Upload-Expires"
OVERRIDE: Final = "X-HTTP-Method-Override"
BYTES: Final = "application/offset+octet-stream"
EXTENSIONS: Final = ("creation", "creation-with-upload", "checksum", "expiration", "termination")
USUAL_MEDIA_TYPE: Final = "application/octet-stream"
_DIGEST_BYTES: Final = 32
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_DIGEST: Final = re.compile(r"[0-9A-Fa-f]{64}")
_MEDIA_TYPE: Final = re.compile(
    r"[A-Za-z0-9!#$&^_.+-]{1,64}/[A-Za-z0-9!#$&^_.+-]{1,64}(; ?[A-Za-z0-9_-]{1,20}=[A-Za-z0-9._-]{1,40}){0,2}"
)
_COMPRESSIONS: Final = (GZIP, ZIP)


class TusVersionWrong(DipError):
    """The request is not of the version of tus that is spoken here."""

    code = "tus_version_wrong"


class MediaTypeWrong(DipError):
    """The body is not of the media type that is taken here."""

    code = "media_type_wrong"


def check_version(request: web.Request) -> None:
    """Raise TusVersionWrong where the request does not say the version that is spoken here."""
    if request.headers.get(RESUMABLE) != VERSION:
        raise TusVersionWrong(f"{RESUMABLE}: expected {VERSION}; uploads go by the protocol tus {VERSION} (tus.io).")


def check_body(request: web.Request) -> None:
    """Raise MediaTypeWrong where the body is not said to be bytes of an upload; BadRequest where it is encoded."""
    if request.content_type != BYTES:
        raise MediaTypeWrong(f"Content-Type: expected {BYTES} for the bytes of an upload.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BadRequest("Content-Encoding: expected none; `compression` of Upload-Metadata tells of packed payloads.")


def number(request: web.Request, name: str) -> int:
    """A header with a number of bytes. Raises BadRequest."""
    text = request.headers.get(name, "")
    if not _NUMBER.fullmatch(text):
        raise BadRequest(f"{name}: expected a number of bytes, in digits.")
    return int(text)


def checksum(request: web.Request) -> Checksum | None:
    """What the bytes of the request are to have. Raises BadRequest."""
    text = request.headers.get(CHECKSUM)
    if text is None:
        return None
    algorithm, _, encoded = text.strip().partition(" ")
    if algorithm == CHECKSUM_ALGORITHM:
        expected = _decoded(encoded.strip())
        if expected is not None and len(expected) == _DIGEST_BYTES:
            return Checksum(expected)
    raise BadRequest(f"{CHECKSUM}: expected {CHECKSUM_ALGORITHM}, a space, and the checksum of the body in base64.")


def new_payload(request: web.Request, channel: InterfaceId, sender: DipId) -> NewPayload:
    """What a request to begin an upload says of the payload. Raises BadRequest with every fault."""
    said, faults = _metadata(request.headers.get(METADATA, ""))
    if not faults:
        missing = (key for key in ("name", "version", "sha256") if key not in said)
        faults += [f"{key}: expected in {METADATA}, as a key, a space and the value in base64" for key in missing]
    digest, media_type = said.get("sha256", ""), said.get("mediaType", USUAL_MEDIA_TYPE)
    compression = said.get("compression") or None
    if "sha256" in said and not _DIGEST.fullmatch(digest):
        faults.append("sha256: expected the SHA-256 of the whole payload, 64 hexadecimal digits")
    if not _MEDIA_TYPE.fullmatch(media_type):
        faults.append("mediaType: expected a media type such as text/csv")
    if compression not in {None, *_COMPRESSIONS}:
        faults.append(f"compression: expected {' or '.join(_COMPRESSIONS)}, or nothing")
    length = request.headers.get(LENGTH, "")
    if not _NUMBER.fullmatch(length) or not int(length):
        faults.append(f"{LENGTH}: expected the size of the whole payload, at least 1 byte, in digits")
    if faults:
        raise BadRequest("; ".join(faults) + ".")
    return NewPayload(
        upload="",
        channel=channel,
        name=said["name"],
        version=said["version"],
        sender=sender,
        media_type=media_type,
        compression=compression,
        size=int(length),
        sha256=bytes.fromhex(digest),
    )


def metadata_of(payload: Payload) -> str:
    """What was said of a payload, as a header says it."""
    said: Mapping[str, str | None] = {
        "name": payload.name,
        "version": payload.version,
        "sha256": payload.sha256.hex(),
        "mediaType": payload.media_type,
        "compression": payload.compression,
    }
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items() if value)


def _metadata(header: str) -> tuple[dict[str, str], list[str]]:
    """The pairs of the header, and what is wrong with it; keys that nobody asks for are let pass."""
    said: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _, encoded = pair.strip().partition(" ")
        value = _decoded(encoded.strip())
        if not key or value is None or key in said:
            return said, [f"{METADATA}: expected different keys, each with a space and its value in base64"]
        try:
            said[key] = value.decode()
        except UnicodeDecodeError:
            return said, [f"{METADATA}: expected values in UTF-8"]
    return said, []


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
