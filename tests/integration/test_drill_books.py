"""The books of the crash drill find what is lost: in the store, on the way, or under another id (FS-59)."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dip.benchmark.drill.books import Books, Expected, close_books
from dip.benchmark.drill.market import APPOINTMENT, Market
from dip.benchmark.drill.run import Row, lost
from dip.benchmark.filling import filling
from dip.benchmark.receiver import REJECTED, Arrival
from dip.cli.drill import markdown
from dip.store.records import DeliveryState

(RECIPIENT,) = APPOINTMENT.recipients


@pytest.fixture
async def market(laid_out: Path, tmp_path: Path) -> AsyncIterator[Market]:
    """Three messages that were acknowledged, arrived, and stand in the store as delivered."""
    directory = tmp_path / "state"
    shutil.copytree(laid_out, directory, ignore=shutil.ignore_patterns("lock", "server.json"))
    async with filling(directory) as filler:
        transactions = await filler.fill(3, delivered=True, made=lambda count: None)
    async with Market(directory, APPOINTMENT, {}) as made:
        made.acknowledged = {f"m{number}": transaction for number, transaction in enumerate(transactions)}
        made.acknowledged_before = 2
        made.receivers[RECIPIENT].arrivals.append(arrived(made, "m0", "m1", "m2"))
        yield made


def arrived(market: Market, *references: str) -> Arrival:
    return Arrival(RECIPIENT, 1.0, list(references), [market.acknowledged[one] for one in references])


async def test_where_all_is_as_it_should_be_nothing_is_lost(market: Market) -> None:
    assert await close_books(market, Expected()) == Books(2, 0, 0, [])


async def test_what_came_twice_is_doubled_not_lost(market: Market) -> None:
    market.receivers[RECIPIENT].arrivals.append(arrived(market, "m1"))
    assert await close_books(market, Expected()) == Books(2, 0, 1, [])


async def test_what_never_arrived_is_lost(market: Market) -> None:
    market.receivers[RECIPIENT].arrivals[:] = [arrived(market, "m0", "m2")]
    books = await close_books(market, Expected())
    assert (books.lost, books.reasons) == (1, [f"1 never arrived at {RECIPIENT}"])


async def test_what_a_recipient_refused_has_not_arrived(market: Market) -> None:
    market.receivers[RECIPIENT].arrivals[0].taken = False
    assert (await close_books(market, Expected())).lost == 3


async def test_a_message_that_arrives_under_another_id_is_lost(market: Market) -> None:
    market.receivers[RECIPIENT].arrivals.append(Arrival(RECIPIENT, 2.0, ["m1"], ["T-other"]))
    assert (await close_books(market, Expected())).lost == 1


async def test_a_message_that_was_answered_with_two_ids_is_lost(market: Market) -> None:
    market.contradicted.add("m2")
    assert (await close_books(market, Expected())).lost == 1


async def test_a_message_that_the_store_does_not_have_is_lost(market: Market) -> None:
    market.acknowledged["m3"] = "T-IF-031-never-stored"
    market.receivers[RECIPIENT].arrivals.append(arrived(market, "m3"))
    books = await close_books(market, Expected())
    assert (books.lost, books.reasons) == (1, ["1 not in the store as they should be: 1 absent"])


async def test_a_message_in_another_state_than_it_should_be_is_lost(market: Market) -> None:
    assert (await close_books(market, Expected(DeliveryState.REJECTED))).lost == 3


async def test_a_sender_that_was_not_told_has_lost_its_message(market: Market) -> None:
    books = await close_books(market, Expected(returned=True))
    assert books.lost == 3
    assert "3 of whose fate the sender was not told" in books.reasons


async def test_a_message_that_did_not_come_again_as_asked_is_lost(market: Market) -> None:
    assert (await close_books(market, Expected(times=2))).lost == 3


async def test_an_imported_mpan_that_the_table_does_not_have_is_lost(market: Market) -> None:
    market.imported = [1_098_000_000_000, 1_098_000_000_001]
    books = await close_books(market, Expected())
    assert (books.lost, books.reasons) == (2, ["2 not in the MPAN table"])


def test_the_table_says_what_was_not_run_and_why() -> None:
    rows = [
        Row("checked", "webhooks", 1.0, Books(10, 0, 5, [])),
        Row("the clock", "webhooks", 1.0, not_run="no such path"),
    ]
    table = markdown(rows)
    assert "| checked | webhooks | 10 | 0 | 5 |" in table
    assert "| the clock | webhooks | not run: no such path | | |" in table
    assert "1 of 2 steps run" in table
    assert lost(rows) == 0
    assert lost([*rows, Row("x", "y", 1.0, Books(3, 2, 0, [REJECTED]))]) == 2
