"""Many records in a commit; a bound on what waits; nothing dropped while the store can't write."""

import asyncio
import io
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from dip.activity.events import RECEIVED, Event, new_uid
from dip.activity.log import ActivityLog
from dip.activity.masking import Masker
from dip.activity.packing import unpack
from dip.activity.records import SEEN, Recorder
from dip.activity.verification import Chain
from dip.ground.clock import Clock
from dip.ground.log import make_log
from dip.ground.settings import Settings
from dip.store.sqlite import SqliteStore
from tests.support.waiting import settled
from tests.unit.activity.chains import opened, verified

pytestmark = pytest.mark.requirement("FS-45")


def event(path_bytes: int = 0) -> Event:
    return Event(name=RECEIVED, uid=new_uid(), began=0, method="GET", status=200, body=b"1" * path_bytes)


@asynccontextmanager
async def logging(store: SqliteStore, **settings: float) -> AsyncIterator[ActivityLog]:
    chosen = msgspec.convert(settings, Settings)
    recorder = Recorder(
        masker=Masker(personal=frozenset, digest=lambda value: bytes(16)), environment="DEV", version="1", body_bytes=10
    )
    with ThreadPoolExecutor(1) as executor:
        made = ActivityLog(
            settings=chosen,
            clock=Clock(),
            store=store.activity,
            recorder=recorder,
            executor=executor,
            log=make_log(io.StringIO()),
        )
        made.start()
        yield made
        await made.close()


def names(store: SqliteStore) -> list[str]:
    return [SEEN.decode(unpack(row.packed)).event_name for row in store.activity_reader.rows(1, 1000)]


async def test_records_come_between_the_start_and_the_stop_of_the_server(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        async with logging(store) as log:
            for _ in range(3):
                await log.record(event())
        assert names(store) == ["dip.server.started", *["dip.request.received"] * 3, "dip.server.stopped"]
    assert isinstance(verified(tmp_path), Chain)


async def test_who_brings_more_than_there_is_room_for_waits_and_nothing_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as store, logging(store, activity_linger_ms=0, activity_waiting_bytes=9000) as log:
        await log.written()
        may_write = asyncio.Event()
        append = store.activity.append

        async def held(records: object) -> None:
            await may_write.wait()
            await append(records)  # type: ignore[arg-type]

        monkeypatch.setattr(store.activity, "append", held)
        callers = [asyncio.create_task(log.record(event(1000))) for _ in range(20)]
        await settled()
        assert 0 < sum(caller.done() for caller in callers) <= 5
        may_write.set()
        await asyncio.gather(*callers)
        await log.written()
        assert names(store) == ["dip.server.started", *["dip.request.received"] * 20]


async def test_nobody_waits_for_ever_and_what_goes_unrecorded_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"activity_linger_ms": 0, "activity_waiting_bytes": 9000, "activity_patience_s": 0.05}
    async with opened(tmp_path) as store, logging(store, **limits) as log:
        await log.written()
        may_write = asyncio.Event()
        append = store.activity.append

        async def held(records: object) -> None:
            await may_write.wait()
            await append(records)  # type: ignore[arg-type]

        monkeypatch.setattr(store.activity, "append", held)
        await asyncio.gather(*(log.record(event(1000)) for _ in range(20)))
        may_write.set()
        await log.written()
        assert 0 < names(store).count("dip.request.received") <= 5


async def test_while_the_disk_is_full_records_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dip.activity.log._STORE_WAIT_S", 0.01)
    async with opened(tmp_path) as store, logging(store, activity_linger_ms=0) as log:
        await log.written()
        await store.limit_growth(0)
        for _ in range(400):
            one = event()
            one.attributes = {"noise": new_uid() * 20}
            await log.record(one)
        await settled()
        await store.limit_growth(None)
        await log.written()
        assert len(names(store)) == 401


async def test_an_event_that_can_not_be_written_down_leaves_a_record_all_the_same(tmp_path: Path) -> None:
    async with opened(tmp_path) as store, logging(store, activity_linger_ms=0) as log:
        broken = event()
        broken.attributes = {"strange": object()}
        await log.record(broken)
        await log.written()
        (found,) = store.activity_reader.rows(2, 1)
        attributes = SEEN.decode(unpack(found.packed)).attributes
        assert (attributes["log.record.uid"], attributes["error.type"]) == (broken.uid, "TypeError")


async def test_many_records_share_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as store, logging(store) as log:
        await log.written()
        commits: list[int] = []
        append = store.activity.append

        async def counted(records: list[object]) -> None:
            commits.append(len(records))
            await append(records)  # type: ignore[arg-type]

        monkeypatch.setattr(store.activity, "append", counted)
        for _ in range(100):
            await log.record(event())
        await log.written()
        assert commits == [100]
