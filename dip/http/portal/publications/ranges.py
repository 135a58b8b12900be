"""Parts of a payload that a reader asks for: byte ranges (RFC 9110, 14)."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from dip.ground.errors import BadRequest, DipError

MOST_RANGES: Final = 16
_HEADER: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(.*)", re.DOTALL)
_RANGE: Final = re.compile(r"([0-9]*)-([0-9]*)")
_DIGITS: Final = 18
_BEYOND: Final = 10**_DIGITS
"""Behind the end of every payload."""
_EXPECTED: Final = "Range: expected bytes= and first-last, first- or -length, with ',' between them"


class RangeNotSatisfiable(DipError):
    """None of the byte ranges lies within the payload."""

    code = "range_not_satisfiable"


class Wanted(NamedTuple):
    """A range as asked for. first None: the last so many bytes; last None: to the end."""

    first: int | None
    last: int | None


class Span(NamedTuple):
    """Bytes of a payload; the first has place 0."""

    place: int
    length: int

    def content_range(self, size: int) -> str:
        """What `Content-Range` says of it."""
        return f"bytes {self.place}-{self.place + self.length - 1}/{size}"


def wanted_ranges(header: str) -> Sequence[Wanted]:
    """The ranges of a Range header; none where its unit is not bytes: then the header means nothing here.

    Raises BadRequest where it has no form, or too many ranges.
    """
    read = _HEADER.fullmatch(header.strip(" \t"))
    if read is None:
        raise BadRequest(f"{_EXPECTED}.")
    if read[1].lower() != "bytes":
        return ()
    parts = [part for each in read[2].split(",") if (part := each.strip(" \t"))]
    if not parts:
        raise BadRequest(f"{_EXPECTED}; there is no range in it.")
    if len(parts) > MOST_RANGES:
        raise BadRequest(f"Range: expected at most {MOST_RANGES} ranges, found {len(parts)}.")
    return [_wanted(part) for part in parts]


def spans(wanted: Sequence[Wanted], size: int) -> Sequence[Span]:
    """What to send of a payload of so many bytes, in the order asked for; none: the whole of it.

    Ranges that lie behind its end are left out. Ranges that are more than the whole together are answered by the whole,
    as is any range of an empty payload. Raises RangeNotSatisfiable where none is left.
    """
    if not wanted or not size:
        return ()
    found = [span for each in wanted if (span := _span(each, size)) is not None]
    if not found:
        raise RangeNotSatisfiable(f"Range: expected a part of {size} bytes, the first of which has number 0.")
    return found if sum(span.length for span in found) <= size else ()


def _wanted(part: str) -> Wanted:
    read = _RANGE.fullmatch(part)
    if read is None or part == "-":
        raise BadRequest(f"{_EXPECTED}.")
    first, last = _number(read[1]), _number(read[2])
    if first is not None and last is not None and last < first:
        raise BadRequest("Range: expected the last byte of a range not before its first.")
    return Wanted(first, last)


def _number(digits: str) -> int | None:
    if not digits:
        return None
    shortened = digits.lstrip("0") or "0"
    return int(shortened) if len(shortened) <= _DIGITS else _BEYOND


def _span(wanted: Wanted, size: int) -> Span | None:
    first, last = wanted
    if first is None:
        length = min(last or 0, size)
        return Span(size - length, length) if length else None
    if first >= size:
        return None
    return Span(first, (size if last is None else min(last + 1, size)) - first)
