"""The data directory's database: one server at a time, known versions, any path."""

import sqlite3
import stat
from pathlib import Path

import pytest

from dip.ground.errors import SetupRefused
from dip.ground.log import make_log
from dip.store.database import SCHEMA_VERSION, DirectoryLock, connect, database_file
from dip.store.sqlite import SqliteStore, is_ours

FILES = ("dip.sqlite", "dip.sqlite-shm", "dip.sqlite-wal")


def names(directory: Path) -> set[str]:
    return {one.name for one in directory.iterdir()}


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def store_in(directory: Path) -> SqliteStore:
    return SqliteStore(directory, group_limit=10, log=make_log())


async def test_a_directory_serves_one_server_at_a_time(tmp_path: Path) -> None:
    first = store_in(tmp_path)
    with pytest.raises(SetupRefused, match="in use by another server"):
        store_in(tmp_path)
    await first.close()
    second = store_in(tmp_path)
    await second.close()


async def test_a_directory_made_by_a_newer_server_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    await store_in(tmp_path).close()
    connection = connect(database_file(tmp_path))
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    before = database_file(tmp_path).read_bytes()
    with pytest.raises(SetupRefused, match="newer server"):
        store_in(tmp_path)
    assert database_file(tmp_path).read_bytes() == before
    DirectoryLock(tmp_path).release()


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    database_file(tmp_path).write_bytes(b"this is a letter" * 100)
    with pytest.raises(SetupRefused, match="not a database"):
        store_in(tmp_path)
    DirectoryLock(tmp_path).release()


@pytest.mark.parametrize("name", ["a directory", "50% #1?mode=memory", "café"])
async def test_the_database_stands_where_it_was_asked_for_whatever_the_name(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name
    directory.mkdir()
    store = store_in(directory)
    await store.platform.save_facts({"colour": "green"})
    assert store.platform.fact("colour") == "green"
    await store.close()
    assert database_file(directory).stat().st_size > 0
    assert names(tmp_path) == {name}


async def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    await store.platform.save_facts({"colour": "green"})
    assert {name for name in names(tmp_path) if name.startswith("dip.sqlite")} == set(FILES)
    assert [mode_of(tmp_path / name) for name in FILES] == [0o600] * 3
    await store.close()


async def test_a_store_is_ours_once_its_environment_is_written(tmp_path: Path) -> None:
    assert not is_ours(tmp_path)
    store = store_in(tmp_path)
    assert not is_ours(tmp_path)
    await store.platform.save_facts({"environment": "DEV"})
    assert is_ours(tmp_path)
    await store.close()


async def test_connections_are_set_for_durability(tmp_path: Path) -> None:
    store = store_in(tmp_path)

    def look(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await store.writer.ask(look) == ["wal", 2]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connect(database_file(tmp_path), read_only=True).execute("DELETE FROM meta")
    await store.close()
