"""Filters run as the server runs them, and the plain models that they are held against."""

import contextlib
import csv
import gzip
import hashlib
import io
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from dip.publications.filtering.filtering import Filtering, Opened
from dip.publications.filtering.limits import FilterLimits
from dip.publications.filtering.query import Filter, read_filter
from dip.publications.filtering.source import Form, Source

LIMITS = FilterLimits(pause_s=0.0)


def stored(path: Path, plain: bytes, form: Form = Form.CSV, *, is_packed: bool = False) -> Source:
    """A payload as it lies on disk."""
    held = gzip.compress(plain) if is_packed else plain
    path.write_bytes(held)
    return Source(
        path=path,
        form=form,
        compression="gzip" if is_packed else None,
        size=len(held),
        digest=hashlib.sha256(held).hexdigest(),
    )


def asked(**parameters: str | Sequence[str]) -> Filter:
    """The filter that parameters of an address make; a sequence repeats one."""
    return read_filter(
        (name, value)
        for name, values in parameters.items()
        for value in ([values] if isinstance(values, str) else values)
    )


async def run(source: Source, wanted: Filter, limits: FilterLimits = LIMITS) -> tuple[bytes, Opened]:
    """The whole output of a filter, and what is known after it."""
    with ThreadPoolExecutor(1) as executor:
        opened = await Filtering(executor, limits=limits, timer=time.monotonic).open(source, wanted)
        async with contextlib.aclosing(opened.pieces()) as pieces:
            return b"".join([piece async for piece in pieces]), opened


async def pages(source: Source, wanted: Filter, limits: FilterLimits = LIMITS) -> list[bytes]:
    """The output of every page."""
    found, cursor = [], wanted.cursor
    while True:
        output, opened = await run(source, msgspec.structs.replace(wanted, cursor=cursor), limits)
        found.append(output)
        cursor = opened.next_cursor
        if cursor is None:
            return found


def table(output: bytes | str) -> list[list[str]]:
    """The rows of CSV as the standard library reads them, without empty lines."""
    text = output if isinstance(output, str) else output.decode()
    return [row for row in csv.reader(io.StringIO(text, newline="")) if row]


def written(rows: Sequence[Sequence[str]], line_end: str = "\r\n") -> bytes:
    """CSV as the standard library writes it."""
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end).writerows(rows)
    return text.getvalue().encode()
