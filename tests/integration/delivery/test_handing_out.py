"""What may happen between the reading of a lane and the answer to a pull, and when leases can't end (FS-12, FS-59)."""

import asyncio
import io
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dip.delivery.fetching import Fetching
from dip.delivery.handing_out import Ask, Batch
from dip.ground.clock import microseconds
from dip.ground.log import make_log
from dip.messages.headers import CONTENT_HASH
from dip.security.signing import content_hash
from dip.store.records import DeliveryState, Settled, Settlement, Stage, Status
from tests.contract.store.records import ANNA, exchange
from tests.integration.delivery.bench import IF_031, Bench, bench
from tests.support.waiting import until

ASK = Ask(ANNA, IF_031, "https://dip.example/pull", 100)


class Held(ThreadPoolExecutor):
    """An executor that lets a test act before it goes to work."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked = asyncio.Event()
        self.go = threading.Event()

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Work as soon as the test says so."""

        def waiting() -> Any:
            self.go.wait(5)
            return work(*given, **named)

        self.asked.set()
        return super().submit(waiting)


async def pulled(fetching: Fetching, wait_s: float = 0) -> Batch | None:
    async with fetching.pulls.pulled(ASK, wait_s, is_wanted=lambda: True) as found:
        return found


def references(batch: Batch | None) -> list[str]:
    if batch is None:
        return []
    elements: list[dict[str, Any]] = msgspec.json.decode(batch.outgoing.body)
    assert batch.outgoing.headers[CONTENT_HASH] == content_hash(batch.outgoing.body)
    return [element["payload"]["CommonBlock"]["reference"] for element in elements]


async def step(at: Bench, number: int, status: Status, until_us: int | None = None) -> None:
    """Settle the delivery with this number."""
    settled = [Settled(number, number, status, until_us)]
    stage = Stage.OUTBOUND
    await at.store.messages.settle(
        Settlement(exchange=exchange("own", ANNA), recipient=ANNA, stage=stage, settled=settled)
    )


@pytest.mark.requirement("FS-12")
@pytest.mark.parametrize("all_of_them", [False, True])
async def test_what_is_settled_while_the_answer_is_made_is_left_out(tmp_path: Path, all_of_them: bool) -> None:
    async with bench(tmp_path) as at:
        executor = Held()
        async with at.fetching(executor=executor) as fetching:
            for reference in ("first", "second", "third"):
                await at.commit(reference)
            call = asyncio.create_task(pulled(fetching))
            await executor.asked.wait()
            for number in (1, 2, 3) if all_of_them else (2,):
                await step(at, number, Status.WITHDRAWN)
            executor.go.set()
            found = await call
            assert references(found) == ([] if all_of_them else ["first", "third"])
            if found is not None:
                leased = at.store.messages.leased(1, 10)
                assert {one.exchange for one in leased} == {found.lease}
                hashes = await at.store.writer.ask(
                    lambda connection: connection.execute("SELECT content_hash FROM exchange ORDER BY id").fetchall()
                )
                assert hashes[-1] == (found.outgoing.headers[CONTENT_HASH],)
        executor.shutdown()


@pytest.mark.requirement("FS-12")
async def test_an_event_that_is_settled_while_it_is_signed_is_left_out(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        executor = Held()
        async with at.fetching(executor=executor) as fetching:
            for reference in ("first", "second"):
                await at.commit(reference)
            with fetching.streams.opened(ASK, None, lambda: True) as pieces:
                async with aclosing(pieces):
                    assert (await anext(pieces)).startswith(b": ")
                    event = asyncio.ensure_future(anext(pieces))
                    await executor.asked.wait()
                    await step(at, 1, Status.WITHDRAWN)
                    executor.go.set()
                    assert (await event).startswith(b"id: 2\n")
        executor.shutdown()


@pytest.mark.requirement("FS-12", "FS-31")
async def test_what_was_set_aside_and_is_due_keeps_its_place(tmp_path: Path) -> None:
    async with bench(tmp_path) as at, at.fetching() as fetching:
        for reference in ("first", "second", "third"):
            await at.commit(reference)
        now = microseconds(at.postman.clock.now())
        await step(at, 1, Status.RETRYING, now + 3_600_000_000)
        await step(at, 2, Status.RETRYING, now)
        assert references(await pulled(fetching)) == ["second", "third"]
        waiting = asyncio.create_task(pulled(fetching, 20))
        await until(lambda: fetching.arrivals.waiting == 1)
        at.postman.clock.advance(timedelta(hours=1))
        assert references(await waiting) == ["first"]


@pytest.mark.requirement("FS-12", "FS-29")
async def test_a_message_that_can_not_be_opened_is_dead_and_the_others_are_handed_out(tmp_path: Path) -> None:
    def forget(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM archive WHERE message = 2")

    async with bench(tmp_path) as at, at.fetching() as fetching:
        for reference in ("first", "second", "third"):
            await at.commit(reference)
        await at.store.writer.ask(forget)
        assert references(await pulled(fetching)) == ["first", "third"]
        found = await at.store.pages.message("T-IF-031-2300000001-second")
        assert found is not None
        assert [one.state for one in found.deliveries if one.recipient == ANNA] == [DeliveryState.DEAD]


@pytest.mark.requirement("FS-12", "FS-59")
async def test_while_the_disk_is_full_nothing_is_handed_out_and_leases_end_afterwards(tmp_path: Path) -> None:
    def limit(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    def lift(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count=1000000")

    log = io.StringIO()
    async with bench(tmp_path, log=make_log(log), lease_s=0.3) as at, at.fetching() as fetching:
        for number in range(300):
            await at.commit(f"message {number}")
        first = await pulled(fetching)
        assert len(references(first)) == 100
        await at.store.writer.ask(limit)
        await until(lambda: "store_write_failed" in log.getvalue())
        await at.store.writer.ask(lift)
        assert references(await pulled(fetching, 5))
        await until(lambda: "leases_ended" in log.getvalue())
        await until(lambda: _all_waiting(at))


@pytest.mark.requirement("FS-12", "FS-34")
async def test_more_than_may_be_handed_out_at_once_is_taken_back_after_a_restart(tmp_path: Path) -> None:
    async with bench(tmp_path, lease_s=60) as at, at.fetching() as fetching:
        for number in range(7):
            await at.commit(f"message {number}")
        assert len(references(await pulled(fetching))) == 7
    async with bench(tmp_path, lease_s=0.1, most_leased=3) as at, at.fetching():
        await until(lambda: _all_waiting(at))
        assert [one.reference for one in at.store.messages.waiting({1: 0}, 10)] == [f"message {n}" for n in range(7)]


def _all_waiting(at: Bench) -> bool:
    return not at.store.messages.lanes_leased()
