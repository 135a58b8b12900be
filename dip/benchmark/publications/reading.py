"""Readers in a process of their own: plain HTTP without log-in, many at once, each byte hashed.

`python -m dip.benchmark.publications.reading ORDER` (JSON, `Download` or `Ask`) prints what came.
"""

import hashlib
import http.client
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

import msgspec

from dip.benchmark.publications.payloads import rows_of
from dip.benchmark.publications.tus import connection

_OK: Final = 200
_PIECE: Final = 1 << 20


class Download(msgspec.Struct, frozen=True, tag=True):
    """Read a payload whole, so many at once. sha256: hex, of what must come."""

    uri: str
    sha256: str
    at_once: int = 1


class Downloaded(msgspec.Struct, frozen=True):
    """Seconds from the start to the end of each, in order of their ends; what went wrong with the others."""

    seconds: list[float]
    faults: list[str]


class Ask(msgspec.Struct, frozen=True, tag=True):
    """Read what a filter finds. early: so many rows are timed by themselves."""

    uri: str
    query: str
    rows: list[str]
    early: int


class Asked(msgspec.Struct, frozen=True):
    """Seconds to the first row, to the last of the early ones, and to the end. faults: what was not as it must be."""

    first_s: float = 0.0
    early_s: float = 0.0
    seconds: float = 0.0
    faults: list[str] = []


def download(order: Download) -> Downloaded:
    """Download at once, each on a connection and a thread of its own."""
    with ThreadPoolExecutor(order.at_once) as threads:
        began = time.monotonic()
        ends = list(threads.map(lambda _: _downloaded(order), range(order.at_once)))
    seconds = sorted(end - began for end in ends if isinstance(end, float))
    return Downloaded(seconds, [end for end in ends if isinstance(end, str)])


def ask(order: Ask) -> Asked:
    """Read rows as they come; the first line is the header."""
    began = time.monotonic()
    text, first_s, early_s = bytearray(), 0.0, 0.0
    parts = urlsplit(order.uri)
    line = connection(order.uri)
    try:
        line.request("GET", f"{parts.path}?{order.query}")
        response = line.getresponse()
        while piece := response.read1(_PIECE):
            text += piece
            rows, now = text.count(b"\n") - 1, time.monotonic() - began
            first_s = first_s or (now if rows >= 1 else 0.0)
            early_s = early_s or (now if rows >= order.early else 0.0)
    except (OSError, http.client.HTTPException) as exc:
        return Asked(faults=[str(exc) or type(exc).__name__])
    finally:
        line.close()
    seconds = time.monotonic() - began
    if response.status != _OK:
        return Asked(faults=[f"answered with {response.status}: {text[:500].decode(errors='replace')}"])
    found = rows_of(bytes(text))
    if found != order.rows:
        return Asked(faults=[f"{len(found)} rows came, {len(order.rows)} were to come, or they are other ones"])
    return Asked(first_s, early_s, seconds)


def _downloaded(order: Download) -> float | str:
    """When it was there, monotonic seconds; or what went wrong."""
    digest, buffer = hashlib.sha256(), memoryview(bytearray(_PIECE))
    line = connection(order.uri)
    try:
        line.request("GET", urlsplit(order.uri).path)
        response = line.getresponse()
        if response.status != _OK:
            return f"answered with {response.status}"
        while count := response.readinto(buffer):
            digest.update(buffer[:count])
        if digest.hexdigest() != order.sha256:
            return "other bytes came than were published"
    except (OSError, http.client.HTTPException) as exc:
        return str(exc) or type(exc).__name__
    finally:
        line.close()
    return time.monotonic()


def _done(order: Download | Ask) -> Downloaded | Asked:
    return download(order) if isinstance(order, Download) else ask(order)


if __name__ == "__main__":
    found = _done(msgspec.json.decode(sys.argv[1], type=Download | Ask))
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
