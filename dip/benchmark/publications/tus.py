"""Uploads by hand, over one connection that blocks: tus 1.0.0 and nothing of this server's own classes."""

import base64
import http.client
import ssl
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import msgspec

from dip.benchmark.publications.payloads import Said
from dip.client import Credentials

_VERSION: Final = "1.0.0"
_URI: Final = "X-DIP-Publication-URI"
_PIECE: Final = 1 << 18
_TIMEOUT_S: Final = 120.0
_CREATED, _CONFLICT, _NO_CONTENT = 201, 409, 204


class UploadAnswered(Exception):
    """The server answered otherwise than it should."""


class Begun(msgspec.Struct, frozen=True):
    """Where an upload goes on, and where the payload will be read. is_new: it was not known before."""

    path: str
    uri: str
    is_new: bool = True


class Tus:
    """One uploader's connection. After any exception, make another one."""

    def __init__(self, credentials: Credentials, api: str) -> None:
        self._connection = connection(api, credentials.calling_context())

    def begin(self, channel: str, payload: Said) -> Begun:
        """Begin an upload, or find the one that was begun; its path is empty where the payload is published already.

        Raises UploadAnswered, OSError, HTTPException."""
        said = {
            "name": payload.name,
            "version": payload.version,
            "sha256": payload.sha256,
            "mediaType": payload.media_type,
        }
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
        headers = {"Upload-Length": str(payload.size), "Upload-Metadata": metadata}
        status, told = self._ask("POST", f"/publications/{channel}/uploads", headers)
        if status not in (_CREATED, _CONFLICT) or _URI not in told:
            raise UploadAnswered(f"to begin the upload was answered with {status}")
        return Begun(urlsplit(told.get("Location", "")).path, told[_URI], status == _CREATED)

    def offset(self, path: str) -> int:
        """The next byte that is wanted. Raises UploadAnswered, OSError, HTTPException."""
        status, told = self._ask("HEAD", path, {})
        if "Upload-Offset" not in told:
            raise UploadAnswered(f"where the upload stands was answered with {status}")
        return int(told["Upload-Offset"])

    def append(self, path: str, offset: int, body: bytes | Iterable[bytes], size: int) -> int:
        """Send so many bytes; the next one that is wanted. Raises UploadAnswered, OSError, HTTPException."""
        headers = {
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(size),
        }
        status, told = self._ask("PATCH", path, headers, body)
        if status != _NO_CONTENT:
            raise UploadAnswered(f"bytes of the upload were answered with {status}")
        return int(told["Upload-Offset"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | Iterable[bytes] | None = None
    ) -> tuple[int, http.client.HTTPMessage]:
        self._connection.request(method, path, body, {"Tus-Resumable": _VERSION, **headers})
        response = self._connection.getresponse()
        response.read()
        return response.status, response.headers


def connection(url: str, context: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    """A connection to the server of a URL that sends and waits with a bound; over TLS where there is a context."""
    parts = urlsplit(url)
    if context is None:
        return http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_S, blocksize=_PIECE)
    return http.client.HTTPSConnection(parts.netloc, timeout=_TIMEOUT_S, blocksize=_PIECE, context=context)


def pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """So many bytes of a file, from where it stands, none of them held for long."""
    while size > 0 and (piece := file.read(min(_PIECE, size))):
        size -= len(piece)
        yield piece
