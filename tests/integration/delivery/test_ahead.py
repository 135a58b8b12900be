"""The next full call is made ready while the last one is under way, and let go of when things change (5.5.10)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from dip.messages.identifiers import InterfaceId
from dip.store.records import EndpointSetting, Webhook
from tests.contract.store.records import ANNA
from tests.integration.delivery.bench import IF_031, IF_032, Bench, bench
from tests.support.waiting import until

FIRST, THEN = ["0", "1"], ["2", "3"]


@asynccontextmanager
async def under_way(directory: Path, *channels: InterfaceId) -> AsyncIterator[Bench]:
    """A call with the first two of six messages hangs, and the next two are made ready."""
    async with bench(directory, delivery_message_count=2, retry_first_s=0.01, retry_longest_s=0.02) as at:
        at.open.clear()
        for number in range(6):
            await at.commit(str(number), (*channels, IF_031)[0])
        await at.use(*channels)
        await at.arrived.wait()
        (worker,) = at.dispatcher._workers.values()
        await until(lambda: worker._ahead._held is not None and worker._ahead._held[1].done())
        at.arrived.clear()
        assert at.calls == [FIRST]
        yield at


@pytest.mark.requirement("FS-31")
async def test_what_was_made_ready_follows_in_order_and_once(tmp_path: Path) -> None:
    async with under_way(tmp_path, IF_031) as at:
        at.open.set()
        await until(lambda: len(at.references) == 6)
        assert at.calls == [FIRST, THEN, ["4", "5"]]


@pytest.mark.requirement("FS-31")
async def test_a_call_that_fails_is_made_again_before_what_was_made_ready(tmp_path: Path) -> None:
    async with under_way(tmp_path, IF_031) as at:
        at.statuses = [503]
        at.open.set()
        await until(lambda: len(at.references) == 8)
        assert at.calls == [FIRST, FIRST, THEN, ["4", "5"]]


@pytest.mark.requirement("FS-31")
async def test_what_was_made_ready_goes_to_the_new_address_when_the_webhook_moves(tmp_path: Path) -> None:
    async with under_way(tmp_path, IF_031) as at:
        moved = at.url.replace("127.0.0.1", "localhost")
        await at.dispatcher.set_webhook(Webhook(ANNA, IF_031, moved))
        at.open.set()
        await until(lambda: len(at.references) == 6)
        assert at.references == ["0", "1", "2", "3", "4", "5"]
        assert at.urls == [at.url, moved, moved]


@pytest.mark.requirement("FS-31")
async def test_another_lane_that_leaves_does_not_lose_what_was_made_ready(tmp_path: Path) -> None:
    async with under_way(tmp_path, IF_031, IF_032) as at:
        await at.dispatcher.remove_webhook(ANNA, IF_032)
        at.open.set()
        await until(lambda: len(at.references) == 6)
        assert at.references == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.requirement("FS-15")
async def test_a_pause_by_hand_holds_what_was_made_ready_too(tmp_path: Path) -> None:
    async with under_way(tmp_path, IF_031) as at:
        setting = EndpointSetting(ANNA, at.url, for_status=False)
        await at.dispatcher.change(msgspec.structs.replace(setting, held=True))
        at.open.set()
        (worker,) = at.dispatcher._workers.values()
        await worker.time_moved()
        assert at.calls == [FIRST]
        assert worker._ahead._held is None
        await at.dispatcher.change(setting)
        await until(lambda: len(at.references) == 6)
        assert at.calls == [FIRST, THEN, ["4", "5"]]


async def test_maintenance_of_the_channel_holds_what_was_made_ready_too(tmp_path: Path) -> None:
    async with under_way(tmp_path, IF_031) as at:
        at.held.add(IF_031)
        at.open.set()
        (worker,) = at.dispatcher._workers.values()
        await worker.time_moved()
        assert at.calls == [FIRST]
        at.held.clear()
        at.dispatcher.resume(IF_031)
        await until(lambda: len(at.references) == 6)
        assert at.calls == [FIRST, THEN, ["4", "5"]]


async def test_what_was_made_ready_waits_for_the_next_start_when_the_server_stops(tmp_path: Path) -> None:
    async with under_way(tmp_path, IF_031) as at:
        at.open.set()
        closing = asyncio.create_task(at.dispatcher.close(5))
        await closing
        assert at.references == ["0", "1", "2", "3", "4", "5"][: len(at.references)]
        lane = at.store.messages.lane_of(ANNA, IF_031)
        assert lane is not None
        left = [one.reference for one in at.store.messages.waiting({lane.id: 0}, 10)]
        assert [*at.references, *left] == ["0", "1", "2", "3", "4", "5"]
