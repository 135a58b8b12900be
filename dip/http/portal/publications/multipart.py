"""Several parts of a payload in one answer: `multipart/byteranges` (RFC 9110, 14.6)."""

from collections.abc import Sequence

from dip.http.portal.publications.ranges import Span
from dip.http.portal.publications.representation import Representation


def part_head(shown: Representation, span: Span, *, is_first: bool) -> bytes:
    """What stands before the bytes of a part."""
    before = "" if is_first else "\r\n"
    return (
        f"{before}--{shown.boundary}\r\n"
        f"Content-Type: {shown.media_type}\r\nContent-Range: {span.content_range(shown.payload.size)}\r\n\r\n"
    ).encode()


def end(shown: Representation) -> bytes:
    """What stands behind the last part."""
    return f"\r\n--{shown.boundary}--\r\n".encode()


def media_type(shown: Representation) -> str:
    """The media type of the whole answer."""
    return f"multipart/byteranges; boundary={shown.boundary}"


def length(shown: Representation, spans: Sequence[Span]) -> int:
    """Bytes of the whole answer."""
    heads = sum(len(part_head(shown, span, is_first=not number)) for number, span in enumerate(spans))
    return heads + sum(span.length for span in spans) + len(end(shown))
