"""A data directory after a first start by the command itself; copied for each test."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.platform import copied
from tests.support.process import server


@pytest.fixture(scope="session")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Started once by `python run.py`, and stopped; never serve from it."""
    directory = tmp_path_factory.mktemp("acceptance") / "state"

    async def once() -> None:
        async with server(directory) as running:
            await running.ready()
            assert (await running.stop()).code == 0

    asyncio.run(once())
    return directory


@pytest.fixture
def data(set_up: Path, tmp_path: Path) -> Path:
    """A data directory of its own that was set up before."""
    copy = copied(set_up, tmp_path / "state")
    (copy / "lock").touch(0o600)
    return copy


@pytest.fixture
def snapshot() -> Callable[[Path], dict[str, tuple[int, bytes]]]:
    """Everything in a directory: mode and content by path."""

    def taken(directory: Path) -> dict[str, tuple[int, bytes]]:
        found = {
            str(path.relative_to(directory)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
            for path in (sorted(directory.rglob("*")) if directory.exists() else ())
            # SQLite's index of its log is made anew by whoever looks into the database.
            if not path.name.endswith("-shm")
        }
        return found | ({".": (directory.stat().st_mode, b"")} if directory.exists() else {})

    return taken
