"""What every test may use: a data directory that was laid out once and is copied for each platform."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from dip.app import running
from dip.ground.settings import Settings
from dip.store.keys import keys_of
from tests.support.platform import Platform, copied, platform

# How long an example takes says nothing on a busy machine. New examples are looked for where people work; a run that
# decides on a change tries the same ones each time.
hypothesis.settings.register_profile("people", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "people")


def check_references(directory: Path) -> None:
    """What holds by construction, for the server does not have SQLite ask for each row.

    Every reference from table to table; one message to a sender's reference; each message found by its keys alone.
    """
    with contextlib.closing(sqlite3.connect(directory / "dip.sqlite")) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        messages = connection.execute("SELECT id, sender, interface, reference, mpan_digest FROM message").fetchall()
        assert len({row[1:4] for row in messages}) == len(messages)
        keys = "SELECT key, message FROM message_key UNION ALL SELECT key, message FROM message_key_gathered"
        assert sorted(connection.execute(keys)) == sorted(
            (key, row[0]) for row in messages for key in keys_of(row[3], row[4])
        )


Serve = Callable[..., AbstractAsyncContextManager[Platform]]


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory after its first start; copy it, never serve from it."""
    directory = tmp_path_factory.mktemp("laid-out") / "state"

    async def start_once() -> None:
        async with running(Settings(data=str(directory), api_port=0, portal_port=0)):
            pass

    asyncio.run(start_once())
    return directory


@pytest.fixture
def serve(laid_out: Path, tmp_path: Path) -> Serve:
    """Starts platforms, each over a data directory of its own: `async with serve(profile="live") as platform`."""

    @asynccontextmanager
    async def started(directory: str = "state", **settings: Any) -> AsyncIterator[Platform]:
        target = tmp_path / directory
        if not target.exists():
            copied(laid_out, target)
        async with platform(target, **settings) as made:
            yield made
        check_references(target)

    return started
