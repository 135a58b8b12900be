"""What has waited too long: found by since when it waits, whatever its place in the order of receipt."""

from dip.store.protocol import MessageStore
from dip.store.records import DeliveryState, NewMessage, Settled, Settlement, Stage, Status
from tests.contract.store.records import ANNA, arrival, exchange, lane_of, message, queue, settlement

DAY = 86_400_000_000


async def test_the_oldest_come_first_and_none_that_is_younger(store: MessageStore) -> None:
    await store.take_in(arrival(*(received(f"S{day}", day) for day in range(6))))
    lane = lane_of(store, ANNA)
    assert [one.reference for one in store.overdue(lane, 3 * DAY, 10)] == ["S0", "S1", "S2", "S3"]
    assert [one.queued_at for one in store.overdue(lane, 3 * DAY, 2)] == [0, DAY]
    assert list(store.overdue(lane, -1, 10)) == []


async def test_what_was_requeued_waits_since_then(store: MessageStore) -> None:
    await store.take_in(arrival(*(received(f"S{day}", day) for day in range(4))))
    lane = lane_of(store, ANNA)
    first, second, *_ = queue(store)
    for waiting in (first, second):
        await store.settle(settlement(waiting, state=DeliveryState.DEAD))
    own = exchange("own", ANNA)
    own.at = 10 * DAY
    settled = [Settled(one.id, one.message, Status.REQUEUED, lane=lane) for one in (first, second)]
    await store.settle(Settlement(exchange=own, recipient=ANNA, stage=Stage.OUTBOUND, settled=settled))
    assert [one.reference for one in store.overdue(lane, 9 * DAY, 10)] == ["S2", "S3"]
    assert [one.reference for one in store.overdue(lane, 9 * DAY, 1)] == ["S2"]
    assert [one.reference for one in store.overdue(lane, 10 * DAY, 10)] == ["S2", "S3", "S0", "S1"]


async def test_what_was_set_aside_is_overdue_as_well(store: MessageStore) -> None:
    await store.take_in(arrival(*(received(f"S{day}", day) for day in range(3))))
    lane = lane_of(store, ANNA)
    await store.settle(settlement(queue(store)[0], state=DeliveryState.WAITING, until=100 * DAY))
    assert [one.reference for one in store.overdue(lane, DAY, 10)] == ["S0", "S1"]


async def test_what_is_handed_out_is_not_overdue(store: MessageStore) -> None:
    await store.take_in(arrival(received("S0", 0), received("S1", 1)))
    lane = lane_of(store, ANNA)
    first = queue(store)[0]
    settled = [Settled(first.id, first.message, Status.LEASED)]
    await store.settle(
        Settlement(exchange=exchange("out", ANNA), recipient=ANNA, stage=Stage.OUTBOUND, settled=settled)
    )
    assert [one.reference for one in store.overdue(lane, DAY, 10)] == ["S1"]


async def test_one_step_may_move_deliveries_of_several_recipients(store: MessageStore) -> None:
    await store.take_in(arrival(received("S0", 0)))
    (waiting,) = queue(store)
    settled = [
        Settled(waiting.id, waiting.message, Status.RETRIES_EXHAUSTED, recipient=ANNA, stage=Stage.STATUS_MESSAGE)
    ]
    other = Settlement(
        exchange=exchange("own", waiting.sender), recipient=waiting.sender, stage=Stage.OUTBOUND, settled=settled
    )
    done = await store.settle(other)
    assert done.taken == {waiting.id}


def received(reference: str, day: int) -> NewMessage:
    """A message to ANNA received on a day."""
    made = message(reference, ANNA)
    made.received_at = day * DAY
    return made
