"""The page about what is kept tells of every table; what it calls sealed is a column of bytes."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dip.store.queries import sql_text

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "at-rest.md"


def rows() -> list[list[str]]:
    """The table of what is kept where: place, what, how."""
    section = PAGE.read_text(encoding="utf-8").partition("## What is kept where")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def columns() -> dict[str, dict[str, str]]:
    """The kind of every column of every table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(sql_text("schema.sql"))
        tables = [
            row[0]
            for row in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'"
            )
        ]
        return {
            table: {row[1]: row[2] for row in connection.execute(f'PRAGMA table_info("{table}")')} for table in tables
        }


@pytest.mark.requirement("FS-65")
def test_every_table_has_its_place_on_the_page() -> None:
    told = {name.partition(".")[0] for place, *_ in rows() for name in re.findall(r"`([a-z_.]+)`", place)}
    assert set(columns()) <= told


@pytest.mark.requirement("FS-65")
def test_what_is_said_to_be_sealed_is_a_column_of_bytes() -> None:
    known = columns()
    sealed = [name for place, _, how in rows() if how == "sealed" for name in re.findall(r"`(\w+\.\w+)`", place)]
    named = [name.split(".") for name in sealed if name.partition(".")[0] in known]
    assert len(named) >= 4
    assert {known[table][column] for table, column in named} == {"BLOB"}
