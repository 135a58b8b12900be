"""A download leaves a record in the activity log with its size, not with its content."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from dip.activity.log import ActivityLog
from dip.activity.masking import Masker
from dip.activity.reading import ActivityBook, Wanted
from dip.activity.records import Recorder
from dip.ground.clock import Clock
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.http.watched import watch_portal
from dip.security.vault import Vault
from dip.store.sqlite import SqliteStore
from tests.integration.publications.library import library

pytestmark = pytest.mark.requirement("FS-45", "FS-57")

CONTENT = b'{"price": 1}\n' * 100_000
AT = "/publications/IF-047/prices.json/1"


class Records:
    """The activity log of a portal."""

    def __init__(self) -> None:
        self.log: ActivityLog
        self.book: ActivityBook
        self.executor = ThreadPoolExecutor(1)

    def watch(self, application: web.Application, store: SqliteStore) -> None:
        """Have every request recorded."""
        vault = Vault.opened(bytes(32), [], datetime(2026, 3, 21, tzinfo=UTC))[0]
        self.log = ActivityLog(
            settings=Settings(),
            clock=Clock(),
            store=store.activity,
            recorder=Recorder(
                masker=Masker(personal=tuple, digest=vault.digest), environment="DEV", version="1", body_bytes=1000
            ),
            executor=self.executor,
            log=make_log(),
        )
        self.log.start()
        self.book = ActivityBook(store.activity_reader, scan=1000)
        watch_portal(application, self.log, Clock())

        async def close(_: web.Application) -> None:
            await self.log.close()
            self.executor.shutdown()

        application.on_cleanup.append(close)

    async def all(self) -> list[dict[str, Any]]:
        """What was recorded, newest first."""
        await self.log.written()
        return [json.loads(bytes(one.record)) for one in self.book.search(Wanted(path="/publications")).items]


@pytest.mark.parametrize(
    ("headers", "status", "size"),
    [
        ({}, 200, len(CONTENT)),
        ({"Range": "bytes=10-19"}, 206, 10),
        ({"Range": "bytes=10-19", "If-None-Match": "*"}, 304, 0),
    ],
)
async def test_a_download_is_recorded_with_its_size(
    tmp_path: Path, headers: dict[str, str], status: int, size: int
) -> None:
    records = Records()
    async with library(tmp_path, watched=records.watch) as portal, portal.session() as session:
        await portal.publish(CONTENT, "prices.json", media_type="application/json")
        async with session.get(AT, headers=headers) as answer:
            assert len(await answer.read()) == size
        (record,) = await records.all()
        attributes = record["Attributes"]
        assert attributes["http.response.status_code"] == status
        assert attributes.get("http.response.body.size", 0) == size
        assert attributes["dip.duration_us"] > 0
        assert not record.get("Body")
        assert "price" not in json.dumps(record).replace("prices.json", "")


async def test_a_compressed_download_is_recorded_with_what_went_over_the_wire(tmp_path: Path) -> None:
    records = Records()
    async with library(tmp_path, watched=records.watch) as portal, portal.session() as session:
        await portal.publish(CONTENT, "prices.json", media_type="application/json")
        async with session.get(AT, headers={"Accept-Encoding": "gzip"}) as answer:
            size = len(await answer.read())
        (record,) = await records.all()
        assert record["Attributes"]["http.response.body.size"] == size
