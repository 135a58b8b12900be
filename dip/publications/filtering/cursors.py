"""Cursors: where the next page begins, as opaque text that fits only the payload that it was made for."""

import base64
import binascii
import hashlib
import struct
from typing import Final

from dip.publications.filtering.errors import FilterRefused
from dip.publications.filtering.source import Place, Source

_FORM: Final = struct.Struct(">QQ8s")


def write_cursor(place: Place, source: Source, rows: str) -> str:
    """The text of a place. rows: the path of the list that it lies in."""
    packed = _FORM.pack(place.byte, place.line, _mark(place, source, rows))
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")


def read_cursor(cursor: str, source: Source, rows: str) -> Place:
    """The place that a cursor stands for. Raises FilterRefused: it is damaged, or of another payload or version."""
    try:
        # Validated so that one place has one text.
        packed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        byte, line, mark = _FORM.unpack(packed)
    except (ValueError, binascii.Error, struct.error) as exc:
        raise FilterRefused(["cursor: expected what the page before said"]) from exc
    place = Place(byte, line)
    if mark != _mark(place, source, rows):
        raise FilterRefused(["cursor: it is of another payload, version or list of rows; begin again without it"])
    return place


def _mark(place: Place, source: Source, rows: str) -> bytes:
    # No secret: payloads are public, and a cursor that somebody makes up reads nothing else.
    about = f"{place.byte} {place.line} {source.digest} {rows}"
    return hashlib.sha256(about.encode("utf-8", "surrogatepass")).digest()[:8]
