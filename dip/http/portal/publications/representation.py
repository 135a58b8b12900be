"""How a payload is described on the wire: its headers, its entity tags, a proper name for its file."""

import base64
import re
from datetime import datetime
from types import MappingProxyType
from typing import Final

from multidict import CIMultiDict

from dip.http.portal.publications.codings import is_text_like
from dip.http.portal.publications.conditions import Validators, date_text
from dip.publications.address import PayloadAddress
from dip.store.publication_records import Payload

_UNKNOWN: Final = "application/octet-stream"
_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}"
_MEDIA_TYPE: Final = re.compile(rf'{_WORD}/{_WORD}(?:[ \t]*;[ \t]*{_WORD}=(?:{_WORD}|"[ !#-\[\]-~]{{0,100}}"))*')
_PACKED: Final = MappingProxyType({"gzip": "application/gzip", "zip": "application/zip"})
_PACKED_ENDS: Final = MappingProxyType({"gzip": (".gz", ".gzip", ".tgz"), "zip": (".zip",)})
_ENDS: Final = MappingProxyType(
    {
        "text/csv": ".csv",
        "text/plain": ".txt",
        "text/xml": ".xml",
        "text/html": ".html",
        "application/csv": ".csv",
        "application/json": ".json",
        "application/ndjson": ".ndjson",
        "application/x-ndjson": ".ndjson",
        "application/xml": ".xml",
        "application/pdf": ".pdf",
        "application/zip": ".zip",
        "application/gzip": ".gz",
    }
)
_FIXED: Final = "public, max-age=86400, immutable"
"""A version never changes, yet may be removed: who keeps it asks again after a day."""
_LATEST: Final = "public, no-cache"
_NO_PAGE: Final = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""What a sender published is a file, never a page of the portal: its scripts must not run here."""


class Representation:
    """A payload as one address shows it.

    is_latest: the address is the one of the newest version. now: the wall clock's; nothing was published after it
    (RFC 9110, 8.8.2.1), though business time may be ahead.
    """

    def __init__(self, payload: Payload, *, is_latest: bool, now: datetime) -> None:
        self.payload = payload
        self.is_latest = is_latest
        self.address = PayloadAddress(payload.channel, payload.name, payload.version)
        self.modified = min(payload.published_at or now, now).replace(microsecond=0)
        self.media_type = media_type_of(payload)
        self.tag = f'"sha256-{payload.sha256.hex()}"'
        self.packed_tag = f'"sha256-{payload.sha256.hex()}-gzip"'
        self.boundary = payload.sha256.hex()
        """Parts of a payload can't hold the digest of the whole, unless somebody breaks SHA-256."""

    @property
    def may_be_packed(self) -> bool:
        """Whether it may be compressed on its way."""
        payload = self.payload
        return payload.compression is None and bool(payload.size) and is_text_like(self.media_type)

    def validators(self, *, with_packed: bool) -> Validators:
        """What conditions are judged by. with_packed: the reader may get the compressed form."""
        tags = (self.tag, self.packed_tag) if with_packed else (self.tag,)
        return Validators(tags, self.modified, not self.is_latest)

    def standing(self, tag: str) -> CIMultiDict[str]:
        """The headers of every answer about it, 304 included."""
        headers = CIMultiDict(
            {
                "ETag": tag,
                "Last-Modified": date_text(self.modified),
                "Cache-Control": _LATEST if self.is_latest else _FIXED,
                "Vary": "Accept-Encoding",
            }
        )
        if self.is_latest:
            headers["Content-Location"] = self.address.path
        return headers

    def headers(self, *, is_packed: bool) -> CIMultiDict[str]:
        """The headers of an answer with content; is_packed: compressed on its way."""
        headers = self.standing(self.packed_tag if is_packed else self.tag)
        headers["Content-Type"] = self.media_type
        # A name has but letters, digits, '.', '_' and '-': no form of RFC 8187 is needed.
        headers["Content-Disposition"] = f'attachment; filename="{file_name(self.payload, self.address)}"'
        headers["Content-Security-Policy"] = _NO_PAGE
        headers["X-Content-Type-Options"] = "nosniff"
        if is_packed:
            headers["Content-Encoding"] = "gzip"
            return headers
        headers["Accept-Ranges"] = "bytes"
        # RFC 9530 speaks of what is sent: the digest of a form compressed on its way is not known before its end.
        headers["Repr-Digest"] = self.digest
        return headers

    @property
    def digest(self) -> str:
        """The digest of the whole as RFC 9530 writes it."""
        return f"sha-256=:{base64.b64encode(self.payload.sha256).decode()}:"


def media_type_of(payload: Payload) -> str:
    """The media type of the bytes as they are: of what its sender compressed, the compression's."""
    if payload.compression is not None:
        return _PACKED.get(payload.compression, _UNKNOWN)
    return payload.media_type if _MEDIA_TYPE.fullmatch(payload.media_type) else _UNKNOWN


def file_name(payload: Payload, address: PayloadAddress) -> str:
    """What the downloaded file is called: with the version, and an ending that tells its kind."""
    name = address.file_name
    essence = payload.media_type.partition(";")[0].strip().lower()
    if "." not in payload.name:
        name += _ENDS.get(essence, "")
    ends = _PACKED_ENDS.get(payload.compression or "", ())
    return name if not ends or name.lower().endswith(ends) else f"{name}{ends[0]}"
