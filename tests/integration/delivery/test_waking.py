"""Nothing stays behind and nothing is sent twice, however late the news of it comes (5.5.10)."""

import asyncio
import io
import os
import sqlite3
import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dip.ground.log import make_log
from dip.messages.identifiers import InterfaceId
from dip.store.records import DeliveryState
from tests.contract.store.records import ANNA, queued
from tests.integration.delivery.bench import IF_031, IF_032, Bench, bench
from tests.support.waiting import until


@pytest.mark.requirement("FS-31")
async def test_a_channel_that_is_woken_late_is_served_in_order_of_receipt_all_the_same(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        await at.commit("first", IF_031)
        await at.commit("second", IF_032)
        await at.use(IF_031, IF_032)
        await until(lambda: at.references == ["first", "second"])
        earlier = await at.commit("third", IF_031)
        later = await at.commit("fourth", IF_032)
        at.dispatcher.wake(later.lanes)
        await until(lambda: len(at.references) == 4)
        at.dispatcher.wake(earlier.lanes)
        last = await at.commit("fifth", IF_031)
        at.dispatcher.wake(last.lanes)
        await until(lambda: at.references == ["first", "second", "third", "fourth", "fifth"])


NEWS = st.lists(
    st.tuples(st.sampled_from([IF_031, IF_032]), st.sampled_from(["at once", "by name alone", "later", "let pass"])),
    min_size=1,
    max_size=25,
)


@pytest.mark.requirement("FS-14", "FS-31")
@given(news=NEWS, count=st.integers(1, 4))
@settings(max_examples=15, deadline=None)
def test_whoever_hears_of_it_and_how_each_message_is_sent_once_and_in_the_order_of_its_lane(
    news: list[tuple[InterfaceId, str]], count: int
) -> None:
    asyncio.run(_deliver(news, count))


async def _deliver(news: list[tuple[InterfaceId, str]], count: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with bench(Path(directory), delivery_message_count=count) as at:
            await at.use(IF_031, IF_032)
            sent: dict[InterfaceId, list[str]] = {IF_031: [], IF_032: []}
            late = []
            for number, (channel, how) in enumerate(news):
                taken = await at.commit(f"{channel} {number}", channel)
                sent[channel].append(f"{channel} {number}")
                if how == "at once":
                    at.dispatcher.wake(taken.lanes, taken.fresh)
                elif how == "by name alone":
                    at.dispatcher.wake(taken.lanes)
                elif how == "later":
                    late.append(taken)
            for taken in late:
                at.dispatcher.wake(taken.lanes, taken.fresh)
            at.dispatcher.wake(at.store.messages.lanes())
            await until(lambda: len(at.references) >= len(news))
            for channel, references in sent.items():
                assert [one for one in at.references if one.startswith(channel)] == references


def _has(at: Bench, count: int) -> bool:
    return len(at.references) == count


@pytest.mark.requirement("FS-31")
async def test_what_comes_while_the_queue_has_caught_up_is_not_read_again(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        await at.use(IF_031)
        for number in range(3):
            taken = await at.commit(f"{number}")
            at.dispatcher.wake(taken.lanes)
            await until(partial(_has, at, number + 1))
        asked: list[str] = []
        at.store.messages._reading.set_trace_callback(asked.append)
        taken = await at.commit("last")
        at.dispatcher.wake(taken.lanes, taken.fresh)
        await until(lambda: at.references[-1] == "last")
        assert not [one for one in asked if "delivery_waiting" in one or "FROM delivery" in one]


@pytest.mark.requirement("FS-31")
async def test_a_new_channel_whose_first_message_is_announced_late_is_served(tmp_path: Path) -> None:
    async with bench(tmp_path) as at:
        await at.use(IF_031, IF_032)
        opening = await at.commit("first", IF_031)
        at.dispatcher.wake(opening.lanes)
        await until(lambda: at.references == ["first"])
        earlier = await at.commit("second", IF_032)
        later = await at.commit("third", IF_031)
        at.dispatcher.wake(later.lanes)
        await until(lambda: "third" in at.references)
        at.dispatcher.wake(earlier.lanes)
        await until(lambda: sorted(at.references) == ["first", "second", "third"])


@pytest.mark.requirement("FS-14", "FS-59")
async def test_while_the_disk_is_full_a_delivered_message_is_not_sent_again(tmp_path: Path) -> None:
    def limit(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    def lift(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA max_page_count=1000000")

    log = io.StringIO()
    async with bench(tmp_path, log=make_log(log)) as at:
        at.answer = os.urandom(500_000)
        await at.use(IF_031)
        taken = await at.commit("first")
        await at.store.writer.ask(limit)
        at.dispatcher.wake(taken.lanes)
        await until(lambda: at.references == ["first"])
        await until(lambda: log.getvalue().count("store_write_failed") >= 2)
        await at.store.writer.ask(lift)
        await until(lambda: queued(at.store.messages, ANNA) == [])
        assert at.references == ["first"]
        found = await at.store.pages.message("T-IF-031-2300000001-first")
        assert found is not None
        assert [one.state for one in found.deliveries] == [DeliveryState.DELIVERED]


@pytest.mark.requirement("FS-27")
async def test_a_message_whose_content_is_gone_holds_nobody_up(tmp_path: Path) -> None:
    def forget(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM archive WHERE message = 2")

    async with bench(tmp_path, delivery_message_count=1) as at:
        for reference in ("first", "second", "third"):
            await at.commit(reference)
        await at.store.writer.ask(forget)
        await at.use(IF_031)
        await until(lambda: at.references == ["first", "third"])
