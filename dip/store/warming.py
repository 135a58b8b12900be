"""Reads the inner pages of the MPAN table's tree after a start, so that a first look-up waits for one page of the disk.

The inner pages are one in some six hundred; the leaves come as they are asked for. Written after the file format of
SQLite: an inner page of a table begins with 5 and holds the numbers of its children, four bytes each.
"""

import os
import struct
from contextlib import closing
from pathlib import Path
from typing import Final

from dip.store.database import connect
from dip.store.queries import queries

_INNER: Final = 5
_HEAD: Final = struct.Struct(">B2xH3xI")
_NUMBER: Final = struct.Struct(">I")
_MOST_PAGES: Final = 65_536
"""Inner pages that are read: those of some 40 million leaves."""


def warm(file: Path, table: str) -> int:
    """Have the system read the inner pages of a table's tree; returns how many.

    What a page holds is only used to find others: one that is just being written costs a read, nothing else.
    """
    with closing(connect(file, read_only=True)) as reading:
        row = reading.execute(queries()["root_page"], (table,)).fetchone()
        size = int(reading.execute("PRAGMA page_size").fetchone()[0])
    level, count = [int(row[0])] if row is not None else [], 0
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while level and count < _MOST_PAGES:
            below: list[int] = []
            for place, number in enumerate(level[: _MOST_PAGES - count]):
                children = _children(os.pread(descriptor, size, (number - 1) * size))
                if not children and not place:
                    # Every leaf is equally deep.
                    return count
                count += 1
                below += children
            level = below
    finally:
        os.close(descriptor)
    return count


def _children(page: bytes) -> list[int]:
    """The pages below an inner page of a table; none below any other."""
    if len(page) < _HEAD.size or page[0] != _INNER:
        return []
    _, cells, last = _HEAD.unpack_from(page)
    start = _HEAD.size
    places = struct.unpack_from(f">{cells}H", page, start) if start + 2 * cells <= len(page) else ()
    found = [_NUMBER.unpack_from(page, place)[0] for place in places if place + _NUMBER.size <= len(page)]
    return [number for number in (*found, last) if number > 0]
