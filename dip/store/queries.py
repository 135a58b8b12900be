"""SQL as named, described queries in `.sql` files."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_HEADER = re.compile(r"^-- name: (\w+)\n((?:-- .*\n)*)", re.MULTILINE)
_VALUES = re.compile(r"VALUES\s*(\([?,\s]+\))\s*;?\s*$")


def parse(text: str) -> dict[str, str]:
    """Split a .sql file into its named, described queries.

    Raises ValueError where a name is repeated or a query has no description.
    """
    _, *parts = _HEADER.split(text)
    queries: dict[str, str] = {}
    for name, about, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if name in queries or not about:
            raise ValueError(f"query {name!r} is repeated or has no description")
        queries[name] = body.strip()
    return queries


def sql_text(name: str) -> str:
    """The text of a file in `dip/store/sql`."""
    return files("dip.store").joinpath("sql", name).read_text("utf-8")


@cache
def queries() -> Mapping[str, str]:
    """The store's queries by name."""
    return parse(sql_text("queries.sql"))


@cache
def many(name: str, rows: int) -> str:
    """The named INSERT with room for so many rows: one statement, one step, one hand-over of the interpreter."""
    text = queries()[name]
    found = _VALUES.search(text)
    if found is None:
        raise ValueError(f"query {name!r} has no VALUES of placeholders at its end")
    return text[: found.start(1)] + ", ".join([found.group(1)] * rows)
