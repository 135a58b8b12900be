"""The floor of import and look-up: SQLite with the same packed rows, and nothing else."""

import sqlite3
from array import array
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Final

import msgspec

from dip.benchmark.mpans.asking import Times, times_of
from dip.benchmark.mpans.questions import read
from dip.store.database import connect, migrate
from dip.store.queries import queries

_MPANS_A_COMMIT: Final = 1_600
"""About as many as the import commits at a time."""


class Inserted(msgspec.Struct, frozen=True):
    """How many packed histories were written into a new file, and the seconds of writing alone."""

    mpans: int
    seconds: float


def insert(source: Path, target: Path, most: int) -> Inserted:
    """Write the histories of one database file, at most so many, into a new one that is set up as the server's is."""
    seconds, count = 0.0, 0
    with closing(connect(source, read_only=True)) as reading, closing(connect(target)) as writing:
        migrate(writing)
        writing.isolation_level = "IMMEDIATE"
        histories = _histories(reading, most)
        while group := list(islice(histories, _MPANS_A_COMMIT)):
            began = perf_counter()
            writing.executemany(queries()["save_history"], group)
            writing.commit()
            seconds += perf_counter() - began
            count += len(group)
    return Inserted(count, seconds)


def select(source: Path, questions: Path) -> Times:
    """One point read of the packed history for each question of a file, and nothing made of it."""
    took = array("I")
    query = queries()["history"]
    with closing(connect(source, read_only=True)) as reading:
        for piece in read(questions):
            for one in piece:
                began = perf_counter_ns()
                reading.execute(query, (int(one.mpan),)).fetchone()
                took.append(perf_counter_ns() - began)
    return times_of(took)


def _histories(reading: sqlite3.Connection, most: int) -> Iterator[tuple[int, bytes]]:
    first = 0
    while most > 0:
        mpans = [row[0] for row in reading.execute(queries()["mpans_from"], (first, min(most, _MPANS_A_COMMIT)))]
        if not mpans:
            return
        for mpan in mpans:
            yield mpan, reading.execute(queries()["history"], (mpan,)).fetchone()[0]
        first, most = mpans[-1] + 1, most - len(mpans)
