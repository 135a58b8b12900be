"""The queue: order, settling, setting aside, status messages (5.5.9, 5.5.10)."""

from pathlib import Path

import pytest

from dip.messages.identifiers import InterfaceId
from dip.store.protocol import MessageStore
from dip.store.records import STATUS_CHANNEL, DeliveryState, NewStatus, Stage
from tests.contract.store.opened import StoreFactory
from tests.contract.store.records import (
    ANNA,
    BERT,
    SENDER,
    arrival,
    lane_of,
    message,
    queue,
    queued,
    settlement,
)
from tests.support.queues import lanes_waiting

OTHER = InterfaceId("IF-032")


async def filled(store: MessageStore, count: int = 5) -> None:
    for number in range(count):
        await store.take_in(arrival(message(f"a{number}", ANNA)))


@pytest.mark.requirement("FS-31")
async def test_several_lanes_are_read_together_in_order_of_receipt(store: MessageStore) -> None:
    for number in range(4):
        await store.take_in(
            arrival(message(f"a{number}", ANNA, interface=OTHER if number % 2 else InterfaceId("IF-031")))
        )
    lanes = {lane_of(store, ANNA): 0, lane_of(store, ANNA, OTHER): 0}
    assert [one.reference for one in store.waiting(lanes, 10)] == ["a0", "a1", "a2", "a3"]
    assert [one.reference for one in store.waiting(lanes, 3)] == ["a0", "a1", "a2"]
    second = store.waiting(lanes, 10)[1]
    assert second.lane == lane_of(store, ANNA, OTHER)
    assert [one.reference for one in store.waiting(lanes | {second.lane: second.id}, 10)] == ["a0", "a2", "a3"]


async def test_reading_on_behind_what_was_read_gives_the_rest(store: MessageStore) -> None:
    await filled(store)
    lane = lane_of(store, ANNA)
    head = store.waiting({lane: 0}, 2)
    assert [one.reference for one in store.waiting({lane: head[-1].id}, 10)] == ["a2", "a3", "a4"]


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.REJECTED, DeliveryState.DEAD])
async def test_what_is_settled_for_good_leaves_the_queue_once_and_for_all(
    store: MessageStore, state: DeliveryState
) -> None:
    await filled(store)
    first, second, *_ = queue(store)
    await store.settle(settlement(first, second, state=state))
    assert queued(store) == ["a2", "a3", "a4"]
    await store.settle(settlement(first, state=DeliveryState.WAITING))
    assert queued(store) == ["a2", "a3", "a4"]


async def test_what_is_to_be_sent_again_keeps_its_place_and_counts_the_attempt(store: MessageStore) -> None:
    await filled(store, 3)
    for attempt in range(1, 4):
        await store.settle(settlement(*queue(store)[:2], state=DeliveryState.WAITING))
        assert [one.attempts for one in queue(store)] == [attempt, attempt, 0]
    assert queued(store) == ["a0", "a1", "a2"]


async def test_what_is_set_aside_is_overtaken_until_it_is_due(store: MessageStore) -> None:
    await filled(store, 3)
    lane = lane_of(store, ANNA)
    first, second, _ = queue(store)
    await store.settle(settlement(first, state=DeliveryState.WAITING, until=900))
    await store.settle(settlement(second, state=DeliveryState.WAITING, until=700))
    assert queued(store) == ["a2"]
    assert store.next_set_aside(lane) == 700
    assert store.set_aside(lane, 699, 10) == []
    assert [one.reference for one in store.set_aside(lane, 899, 10)] == ["a1"]
    assert [one.reference for one in store.set_aside(lane, 900, 10)] == ["a1", "a0"]
    assert [one.reference for one in store.set_aside(lane, 900, 1)] == ["a1"]
    await store.settle(settlement(*store.set_aside(lane, 900, 10)))
    assert store.next_set_aside(lane) is None
    assert queued(store) == ["a2"]


async def test_lanes_in_which_something_waits_are_known(store: MessageStore) -> None:
    assert lanes_waiting(store) == frozenset()
    await store.take_in(arrival(message("a", ANNA, BERT)))
    anna, bert = lane_of(store, ANNA), lane_of(store, BERT)
    await store.settle(settlement(*queue(store, ANNA)))
    assert lanes_waiting(store) == {bert}
    await store.settle(settlement(*queue(store, BERT), state=DeliveryState.WAITING, until=99))
    assert lanes_waiting(store) == {bert}
    assert store.lane(anna).recipient == ANNA


@pytest.mark.requirement("FS-29")
async def test_a_settlement_queues_the_status_message_for_the_sender(store: MessageStore) -> None:
    await filled(store, 2)
    first = queue(store)[0]
    returned = NewStatus(SENDER, "RCP1061", b"sealed entry")
    done = await store.settle(settlement(first, state=DeliveryState.REJECTED, returned=returned))
    assert done.lanes == {lane_of(store, SENDER, STATUS_CHANNEL)}
    (status,) = queue(store, SENDER, STATUS_CHANNEL)
    assert (status.message, status.transaction_id, status.sequence) == (first.message, first.transaction_id, 1)
    assert status.status_message is not None
    assert store.status_contents([status.status_message, 99]) == {status.status_message: b"sealed entry"}
    assert not (await store.settle(settlement(status, stage=Stage.STATUS_MESSAGE))).lanes
    assert queued(store, SENDER, STATUS_CHANNEL) == []
    assert queued(store) == ["a1"]


@pytest.mark.requirement("FS-29")
async def test_a_message_may_come_with_a_status_message_about_itself(store: MessageStore) -> None:
    status = NewStatus(SENDER, "MSG1038", b"nobody appointed")
    taken = await store.take_in(arrival(message("a", statuses=[status])))
    assert taken.lanes == {lane_of(store, SENDER, STATUS_CHANNEL)}
    (waiting,) = queue(store, SENDER, STATUS_CHANNEL)
    assert store.status_contents([waiting.status_message or 0]) == {waiting.status_message: b"nobody appointed"}


@pytest.mark.requirement("FS-01")
async def test_the_queue_is_the_same_after_a_restart(factory: StoreFactory, tmp_path: Path) -> None:
    async with factory(tmp_path) as opened:
        store = opened.messages
        await filled(store, 4)
        first, second, third, _ = queue(store)
        await store.settle(settlement(first))
        await store.settle(settlement(second, state=DeliveryState.WAITING, until=500))
        await store.settle(settlement(third, state=DeliveryState.WAITING))
    async with factory(tmp_path) as opened:
        store = opened.messages
        assert [(one.reference, one.attempts) for one in queue(store)] == [("a2", 1), ("a3", 0)]
        assert store.next_set_aside(lane_of(store, ANNA)) == 500
