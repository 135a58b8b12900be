"""A full disk: nothing is acknowledged, and the server goes on once there is room."""

import sqlite3

import pytest

from tests.conftest import Serve
from tests.integration.intake.calls import calls_to
from tests.support.platform import Platform


async def limit_pages(platform: Platform, spare: int | None) -> None:
    """Let the database grow by so many pages, or again without limit."""

    def job(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        most = pages + spare if spare is not None else 2**30
        connection.execute(f"PRAGMA max_page_count={most}").fetchone()

    await platform.dip.store.writer.ask(job)


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-01", "FS-59")
async def test_a_full_disk_is_answered_503_and_nothing_is_kept(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform, calls_to(platform) as calls:
        batch = [calls.good() for _ in range(100)]
        await limit_pages(platform, 0)
        for _ in range(2):
            reply = await calls.post(*batch)
            assert (reply.status, reply.codes) == (503, ["MSG1000"])
            assert reply.entries[0]["transactionID"] is None
            assert int(reply.headers["Retry-After"]) > 0
        assert await calls.counted("message") == 0
        assert await calls.counted("delivery") == 0
        await limit_pages(platform, None)
        reply = await calls.post(*batch)
        assert reply.status == (202 if profile == "spec" else 201)
        assert await calls.counted("message") == 100
