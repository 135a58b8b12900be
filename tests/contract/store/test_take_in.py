"""Taking in: new, same, different, left; sequences; what a request brings is committed whole (5.4)."""

import asyncio
from pathlib import Path

import pytest

from dip.messages.identifiers import CorrelationId, DipId, InterfaceId
from dip.store.protocol import MessageStore
from dip.store.records import Outcome, Taken, Verdict
from tests.contract.store.opened import StoreFactory
from tests.contract.store.records import ANNA, BERT, SENDER, arrival, lane_of, message, queue, queued


def verdicts(taken: Taken) -> list[Verdict]:
    return [outcome.verdict for outcome in taken.outcomes]


@pytest.mark.requirement("FS-14", "FS-24")
async def test_what_is_new_gets_numbers_in_order_of_receipt_and_waits(store: MessageStore) -> None:
    taken = await store.take_in(arrival(message("a", ANNA), message("b", ANNA, BERT)))
    assert verdicts(taken) == [Verdict.NEW, Verdict.NEW]
    assert (taken.status, taken.answer) == (202, b"new,new")
    assert [outcome.message for outcome in taken.outcomes] == [1, 2]
    assert taken.lanes == {lane_of(store, ANNA), lane_of(store, BERT)}
    assert queued(store, ANNA) == ["a", "b"]
    assert queued(store, BERT) == ["b"]
    first = queue(store)[0]
    assert (first.transaction_id, first.correlation_id) == (f"T-IF-031-{SENDER}-a", "CI-a")
    assert (first.sender, first.attempts, first.received_at, first.hidden) == (SENDER, 0, 1_000_000, None)


@pytest.mark.requirement("FS-14")
async def test_the_same_reference_with_the_same_content_names_the_first_transaction(store: MessageStore) -> None:
    await store.take_in(arrival(message("a", ANNA, content="x")))
    taken = await store.take_in(arrival(message("a", ANNA, content="x", transaction="T-second")))
    assert taken.outcomes == [Outcome(Verdict.SAME, 1, message("a").transaction_id, message("a").correlation_id)]
    assert taken.lanes == frozenset()
    assert queued(store) == ["a"]


@pytest.mark.requirement("FS-14")
async def test_equal_content_in_other_bytes_is_the_same(store: MessageStore) -> None:
    await store.take_in(arrival(message("a", ANNA, content="Content")))
    taken = await store.take_in(arrival(message("a", ANNA, content="CONTENT", transaction="T-second")))
    assert verdicts(taken) == [Verdict.SAME]


async def test_the_same_reference_with_other_content_is_different_and_not_kept(store: MessageStore) -> None:
    await store.take_in(arrival(message("a", ANNA, content="x")))
    taken = await store.take_in(arrival(message("a", ANNA, content="y", transaction="T-second")))
    assert verdicts(taken) == [Verdict.DIFFERENT]
    assert taken.outcomes[0].transaction_id == message("a").transaction_id
    assert store.contents([1]) == {1: (message("a").transaction_id, b"x")}


async def test_a_reference_belongs_to_one_sender_and_one_channel(store: MessageStore) -> None:
    taken = await store.take_in(
        arrival(
            message("a", ANNA),
            message("a", ANNA, interface=InterfaceId("IF-032")),
            message("a", ANNA, sender=DipId("2300000002")),
        )
    )
    assert verdicts(taken) == [Verdict.NEW] * 3


async def test_a_reference_twice_in_one_request_is_judged_like_a_repeat(store: MessageStore) -> None:
    first = message("a", ANNA, content="x")
    taken = await store.take_in(
        arrival(
            first,
            message("a", ANNA, content="x", transaction="T-2"),
            message("a", ANNA, content="X", transaction="T-3"),
            message("a", ANNA, content="y", transaction="T-4"),
            message("b", ANNA),
        )
    )
    assert verdicts(taken) == [Verdict.NEW, Verdict.SAME, Verdict.SAME, Verdict.DIFFERENT, Verdict.NEW]
    assert {outcome.transaction_id for outcome in taken.outcomes[:4]} == {first.transaction_id}
    assert queued(store) == ["a", "b"]


async def test_with_all_or_nothing_a_repeat_leaves_the_whole_request(store: MessageStore) -> None:
    await store.take_in(arrival(message("a", ANNA)))
    taken = await store.take_in(
        arrival(message("b", ANNA), message("a", ANNA, transaction="T-2"), message("c", ANNA), all_or_nothing=True)
    )
    assert verdicts(taken) == [Verdict.LEFT, Verdict.SAME, Verdict.LEFT]
    assert [outcome.transaction_id for outcome in taken.outcomes] == [None, message("a").transaction_id, None]
    assert taken.lanes == frozenset()
    assert queued(store) == ["a"]
    again = await store.take_in(arrival(message("b", ANNA), message("c", ANNA), all_or_nothing=True))
    assert verdicts(again) == [Verdict.NEW, Verdict.NEW]


async def test_with_all_or_nothing_a_repeat_within_the_request_names_no_transaction(store: MessageStore) -> None:
    taken = await store.take_in(arrival(message("a", ANNA), message("a", ANNA, transaction="T-2"), all_or_nothing=True))
    assert verdicts(taken) == [Verdict.LEFT, Verdict.SAME]
    assert [outcome.transaction_id for outcome in taken.outcomes] == [None, None]
    assert [outcome.correlation_id for outcome in taken.outcomes] == [None, None]
    assert not store.lanes()


async def test_a_request_without_messages_is_recorded_and_answered(store: MessageStore) -> None:
    taken = await store.take_in(arrival())
    assert (taken.status, taken.answer, taken.outcomes, taken.lanes) == (200, b"", [], frozenset())


@pytest.mark.requirement("FS-14")
async def test_each_lane_counts_from_one_without_gaps(store: MessageStore) -> None:
    other = InterfaceId("IF-032")
    for number in range(5):
        await store.take_in(arrival(message(f"a{number}", ANNA, BERT), message(f"b{number}", ANNA, interface=other)))
        await store.take_in(arrival(message(f"a{number}", ANNA, transaction="T-again")))
    assert [one.sequence for one in queue(store, ANNA)] == [1, 2, 3, 4, 5]
    assert [one.sequence for one in queue(store, BERT)] == [1, 2, 3, 4, 5]
    assert [one.sequence for one in queue(store, ANNA, other)] == [1, 2, 3, 4, 5]


@pytest.mark.requirement("FS-01", "FS-14")
async def test_sequences_and_numbers_go_on_after_a_restart(factory: StoreFactory, tmp_path: Path) -> None:
    for number in range(3):
        async with factory(tmp_path) as opened:
            taken = await opened.messages.take_in(arrival(message(f"a{number}", ANNA)))
            assert taken.outcomes[0].message == number + 1
            assert [one.sequence for one in queue(opened.messages)] == list(range(1, number + 2))
            assert queued(opened.messages) == [f"a{one}" for one in range(number + 1)]


async def test_many_requests_at_once_keep_one_order_for_everybody(store: MessageStore) -> None:
    await asyncio.gather(*(store.take_in(arrival(message(f"a{number}", ANNA, BERT))) for number in range(50)))
    assert queued(store, ANNA) == queued(store, BERT) == [f"a{number}" for number in range(50)]


async def test_many_deliveries_in_one_request_all_arrive_in_the_store(store: MessageStore) -> None:
    await store.take_in(arrival(*(message(f"a{number}", ANNA, BERT) for number in range(300))))
    assert queued(store, BERT) == [f"a{number}" for number in range(300)]


async def test_hidden_items_stay_with_the_delivery(store: MessageStore) -> None:
    await store.take_in(arrival(message("a", ANNA, hidden=("CustomBlock.B909.x", "CustomBlock.B909.y"))))
    assert queue(store)[0].hidden == '["CustomBlock.B909.x","CustomBlock.B909.y"]'


@pytest.mark.requirement("FS-25")
async def test_the_store_knows_the_correlation_ids_that_were_issued(store: MessageStore) -> None:
    await store.take_in(arrival(message("a", ANNA)))
    assert store.correlation_known(CorrelationId("CI-a"))
    assert not store.correlation_known(CorrelationId("CI-b"))


@pytest.mark.requirement("FS-27")
async def test_contents_are_given_for_the_messages_that_exist(store: MessageStore) -> None:
    await store.take_in(arrival(message("a", ANNA, content="x"), message("b", ANNA, content="y")))
    assert store.contents([2, 99]) == {2: (message("b").transaction_id, b"y")}
    assert store.contents([]) == {}
