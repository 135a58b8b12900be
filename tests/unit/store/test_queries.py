"""SQL and Python agree: queries compile, migrations make the schema, enums equal the CHECKs."""

import re
import sqlite3
from collections.abc import Iterator
from enum import StrEnum
from importlib.resources import files
from typing import Any

import pytest

from dip.security.pki import CertificateUse
from dip.store.database import SCHEMA_VERSION, migrate, schema_version
from dip.store.keys import keys_of
from dip.store.queries import many, parse, queries, sql_text
from dip.store.records import DeliveryState, Stage, Status

PAGES = parse(sql_text("pages.sql"))
INSERTS = [name for name, text in queries().items() if re.search(r"VALUES\s*\([?,\s]+\)\s*;?\s*$", text)]


class Anything(dict[str, Any]):
    """A value for every placeholder that has a name."""

    def __missing__(self, key: str) -> None:
        return None


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.executescript(sql_text("schema.sql"))
    yield made
    made.close()


def explain(connection: sqlite3.Connection, text: str) -> None:
    """Compile a query, with nothing for its placeholders."""
    if re.search(r":\w", text):
        connection.execute(f"EXPLAIN {text}", Anything())
    else:
        numbered = [int(found) for found in re.findall(r"\?(\d+)", text)]
        connection.execute(f"EXPLAIN {text}", (None,) * (max(numbered) if numbered else text.count("?")))


def shape(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Every table, index and view with its text, white space and comments aside."""
    rows = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema")
    return {(kind, name, table, _plain(sql)) for kind, name, table, sql in rows}


def _plain(sql: str) -> str:
    """A statement without comments, and with white space only between words."""
    return re.sub(r"\s*([,()])\s*", r"\1", re.sub(r"\s+", " ", re.sub(r"--.*", "", sql)))


@pytest.mark.parametrize("name", sorted(queries()))
def test_every_query_compiles_against_the_schema(connection: sqlite3.Connection, name: str) -> None:
    explain(connection, queries()[name])


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_query_of_the_pages_compiles_against_the_schema(connection: sqlite3.Connection, name: str) -> None:
    explain(connection, PAGES[name])


@pytest.mark.parametrize("name", INSERTS)
def test_an_insert_can_be_widened_to_several_rows(connection: sqlite3.Connection, name: str) -> None:
    explain(connection, many(name, 3))


def test_a_query_that_is_no_plain_insert_is_not_widened() -> None:
    with pytest.raises(ValueError, match="waiting"):
        many("waiting", 2)


def test_the_migrations_produce_the_schema(connection: sqlite3.Connection) -> None:
    migrated = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(migrated)
        assert shape(migrated) == shape(connection)
        assert schema_version(migrated) == SCHEMA_VERSION
        migrate(migrated)
        assert shape(migrated) == shape(connection)
    finally:
        migrated.close()


def test_every_migration_file_is_run() -> None:
    folder = files("dip.store").joinpath("sql", "migrations")
    assert len([one for one in folder.iterdir() if one.name.endswith(".sql")]) == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("column", "enumeration", "leaves_out"),
    [
        ("delivery.state", DeliveryState, set()),
        ("journal_entry.stage", Stage, set()),
        ("journal_entry.status", Status, set()),
        ("certificate.use", CertificateUse, set()),
    ],
)
def test_an_enumeration_equals_the_check_of_its_column(
    connection: sqlite3.Connection, column: str, enumeration: type[StrEnum], leaves_out: set[str]
) -> None:
    table, _, name = column.partition(".")
    (sql,) = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    found = re.search(rf"\b{name} TEXT [^,]*?CHECK \({name} IN \(([^)]*)\)\)", sql)
    assert found is not None
    assert set(re.findall(r"'([^']*)'", found.group(1))) == {str(one) for one in enumeration} - leaves_out


def test_every_table_is_strict(connection: sqlite3.Connection) -> None:
    tables = connection.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'").fetchall()
    assert [name for name, strict in tables if not strict and not name.startswith("sqlite_")] == []


def test_the_queue_is_read_from_its_index_without_sorting(connection: sqlite3.Connection) -> None:
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {queries()['waiting']}", (1, 0, 10))]
    assert any("delivery_waiting" in step for step in plan)
    assert not any("TEMP B-TREE" in step for step in plan)


@pytest.mark.parametrize(
    "text",
    ["-- name: a\nSELECT 1;\n", "-- name: a\n-- About.\nSELECT 1;\n-- name: a\n-- About.\nSELECT 2;\n"],
    ids=["no description", "twice"],
)
def test_a_query_without_description_or_with_a_known_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="'a' is repeated or has no description"):
        parse(text)


def test_messages_of_an_older_server_are_found_by_their_keys() -> None:
    older = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for name in ("0001_first.sql", "0002_catalogue.sql", "0003_delivery.sql"):
            older.executescript(sql_text(f"migrations/{name}"))
        older.execute("PRAGMA user_version=3")
        columns = [row[1] for row in older.execute("PRAGMA table_info(message)")]
        given = {"reference": "r1", "mpan_digest": b"0123456789abcdef", "digest": b"", "protected": 0}
        values = [given.get(name, "SentToTopic" if name == "addressed" else 1) for name in columns]
        older.execute(f"INSERT INTO message VALUES ({', '.join('?' * len(columns))})", values)  # noqa: S608
        migrate(older)
        found = older.execute("SELECT key, message FROM message_key ORDER BY key").fetchall()
        assert found == sorted((key, 1) for key in keys_of("r1", b"0123456789abcdef"))
        assert older.execute("SELECT reference, mpan_digest FROM message").fetchall() == [("r1", b"0123456789abcdef")]
    finally:
        older.close()
