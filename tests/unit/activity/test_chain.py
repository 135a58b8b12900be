"""Whatever is changed, missing or out of order in the chain is found and named."""

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dip.activity.keeping import ChainBroken
from dip.activity.verification import Break, Chain
from tests.unit.activity.chains import StillClock, add, changed, keeping, laid_out, opened, verified

pytestmark = pytest.mark.requirement("FS-45")
COLUMNS = ("id", "at", "hash", "record")
FILE_COLUMNS = ("number", "name", "first", "last", "first_at", "last_at", "hash", "digest", "seal")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("chain") / "state"
    laid_out(directory)
    return directory


@pytest.fixture
def directory(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "state")


def files_of(directory: Path) -> list[Path]:
    return sorted((directory / "activity").iterdir())


def flipped(value: Any, place: int, bit: int) -> Any:
    """The value with one byte of it changed; a number by its bytes as SQLite keeps them."""
    if isinstance(value, int):
        return value ^ (1 << (place % 55))
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[place % len(raw)] ^= 1 << (bit % (5 if isinstance(value, str) else 8))
    return raw.decode() if isinstance(value, str) else bytes(raw)


def test_a_chain_over_removed_files_files_and_table_is_verified(directory: Path) -> None:
    found = verified(directory)
    assert isinstance(found, Chain), found
    assert (found.head, found.records + found.removed) == (35, 35)
    assert found.removed > 0
    assert files_of(directory)


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_byte_of_a_row_is_found_and_its_record_named(original: Path, data: st.DataObject) -> None:
    directory = original.with_name("flipped")
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(original, directory)
    table, columns, key = data.draw(
        st.sampled_from([("activity", COLUMNS, "id"), ("activity_file", FILE_COLUMNS, "number")])
    )
    column = data.draw(st.sampled_from(columns))
    place, bit = data.draw(st.integers(0, 10_000)), data.draw(st.integers(0, 7))
    numbers: list[int] = []

    def change(connection: sqlite3.Connection) -> None:
        rows = connection.execute(f"SELECT {key}, {column} FROM {table} ORDER BY 1").fetchall()  # noqa: S608
        number, value = data.draw(st.sampled_from(rows))
        numbers.append(number)
        made = flipped(value, place, bit)
        try:
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (made, number))  # noqa: S608
        except sqlite3.IntegrityError:
            # Another row has that number: take its place.
            connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (made,))  # noqa: S608
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", (made, number))  # noqa: S608

    changed(directory, change)
    found = verified(directory)
    assert isinstance(found, Break), "nothing was found"
    assert found.where == f"table {table}"
    if column not in ("id", "number"):
        assert found.record == numbers[0]


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_flipped_byte_of_an_archive_file_is_found_and_the_file_named(original: Path, data: st.DataObject) -> None:
    directory = original.with_name("flipped-file")
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(original, directory)
    path = data.draw(st.sampled_from(files_of(directory)))
    raw = bytearray(path.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    found = verified(directory)
    assert isinstance(found, Break), "nothing was found"
    assert found.where == f"file {path.name}"


def test_a_missing_row_is_named(directory: Path) -> None:
    changed(directory, lambda connection: connection.execute("DELETE FROM activity WHERE id = 33"))
    found = verified(directory)
    assert isinstance(found, Break)
    assert (found.where, found.record) == ("table activity", 33)
    assert found.what.startswith("missing")


def test_rows_that_changed_places_are_named(directory: Path) -> None:
    def swap(connection: sqlite3.Connection) -> None:
        connection.executescript(
            "UPDATE activity SET id = 99 WHERE id = 32; UPDATE activity SET id = 32 WHERE id = 33;"
            "UPDATE activity SET id = 33 WHERE id = 99;"
        )

    changed(directory, swap)
    found = verified(directory)
    assert isinstance(found, Break)
    assert (found.where, found.record) == ("table activity", 32)


def test_a_missing_file_is_named(directory: Path) -> None:
    gone = files_of(directory)[1]
    gone.unlink()
    found = verified(directory)
    assert isinstance(found, Break)
    assert (found.where, found.what) == (f"file {gone.name}", "gone: the file is not there")
    assert found.at is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE activity SET record = x'00' WHERE id = 33",
        "UPDATE activity SET at = at + 1 WHERE id = 33",
        "DELETE FROM activity WHERE id = 35",
        "UPDATE activity_file SET digest = x'00'",
        "DELETE FROM activity_file",
    ],
)
def test_the_database_refuses_to_change_the_log(directory: Path, statement: str) -> None:
    connection = sqlite3.connect(directory / "dip.sqlite")
    try:
        with pytest.raises(sqlite3.IntegrityError, match="the activity log is"):
            connection.execute(statement)
    finally:
        connection.close()


async def test_a_start_that_was_cut_short_goes_on_with_the_chain(tmp_path: Path) -> None:
    clock = StillClock()
    for _ in range(3):
        async with opened(tmp_path) as store:
            await add(store, clock, 2)
    found = verified(tmp_path)
    assert isinstance(found, Chain)
    assert found.head == 6


async def test_a_damaged_record_is_not_moved_into_a_file(tmp_path: Path) -> None:
    clock = StillClock()
    async with opened(tmp_path) as store:
        await add(store, clock, 5)
    changed(tmp_path, lambda connection: connection.execute("UPDATE activity SET record = x'00' WHERE id = 3"))
    async with opened(tmp_path) as store:
        clock.advance(timedelta(days=200))
        with pytest.raises(ChainBroken, match="Record 3"):
            await keeping(store, clock).sweep()
        assert [row.number for row in store.activity_reader.rows(1, 10)] == [1, 2, 3, 4, 5]
    assert files_of(tmp_path) == []
