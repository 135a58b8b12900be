"""A made-up market as its readers see it."""

import gzip
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

METERING = {"MSS", "MSA", "UMSO"}
DATA = {"SDS", "ADS", "UMSDS"}

Row = tuple[str, str, str, str, str]
"""MPAN, role, DIP id, from, to."""


def rows(path: Path) -> list[Row]:
    """The rows of a file, without its head, which has to be the contract's."""
    head, *lines = gzip.decompress(path.read_bytes()).decode("ascii").splitlines()
    assert head == "mpan,role,dip_id,effective_from,effective_to"
    return [(cells[0], cells[1], cells[2], cells[3], cells[4]) for cells in (line.split(",") for line in lines)]


def by_mpan(found: list[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each MPAN; one that stands at two places comes twice."""
    for mpan, group in groupby(found, key=lambda row: row[0]):
        yield mpan, list(group)


def service(role: str) -> str:
    """The group of roles of which an MPAN has one at a time."""
    return "metering" if role in METERING else "data" if role in DATA else role


def is_valid(mpan: str) -> bool:
    """The industry's rule, written down once more: twelve primes without 11, modulo 11, modulo 10."""
    weights = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
    weighted = sum(int(mpan[index]) * weight for index, weight in enumerate(weights))
    return len(mpan) == 13 and weighted % 11 % 10 == int(mpan[12])
