"""What was sent is found again by time, number and mark, and requeued in steps that may be made twice (5.5.11)."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dip.messages.identifiers import DipId, EventCode, TransactionId
from dip.store.records import DeliveryState, NewMessage
from dip.store.replay import Selection, Sent, Span
from dip.store.requeue import NewRequeue, Requeue, RequeueRunning, RequeueState, RequeueStep
from tests.contract.store.opened import Opened
from tests.contract.store.records import (
    ANNA,
    BERT,
    INTERFACE,
    arrival,
    exchange,
    lane_of,
    message,
    queue,
    queued,
    settlement,
)

SECOND = 1_000_000
START = 1_000_000 * SECOND


def at(moment: int, number: int, *recipients: DipId) -> NewMessage:
    """A message that was received at a moment."""
    return msgspec.structs.replace(message(f"{number:05}", *(recipients or (ANNA,))), received_at=moment)


def found(opened: Opened, selection: Selection, limit: int = 100) -> list[Sent]:
    """All that is selected in a lane, stretch by stretch."""
    lane = lane_of(opened.messages, ANNA)
    span, gathered = opened.replay.span(lane, selection), list[Sent]()
    while True:
        stretch = opened.replay.stretch(lane, selection, span, limit)
        gathered += stretch.found
        assert stretch.read <= limit
        if stretch.done:
            return gathered
        assert stretch.position > span.after
        span = Span(stretch.position, span.upto)


def numbers(sent: Sequence[Sent]) -> list[int]:
    return [int(one.reference) for one in sent]


async def requeued(opened: Opened, sent: Sequence[Sent], name: str = "again", *, last: bool = True) -> Requeue:
    """Begin a requeue and make its first step."""
    upto = sent[-1].sequence
    await opened.requeues.begin(_new(name, upto), exchange())
    (run,) = opened.requeues.of(ANNA, INTERFACE, name, 1)
    await opened.requeues.step(_step(run, sent, last=last))
    return run


def _new(name: str, upto: int) -> NewRequeue:
    return NewRequeue(name=name, recipient=ANNA, channel=INTERFACE, at=START * 2, request=b"", after=0, upto=upto)


def _step(run: Requeue, sent: Sequence[Sent], *, last: bool = True) -> RequeueStep:
    return RequeueStep(
        run=run,
        deliveries=[one.delivery for one in sent],
        after=run.position,
        position=sent[-1].sequence,
        processed=len(sent),
        at=START * 2,
        last=last,
    )


async def settle(opened: Opened, state: DeliveryState, count: int = 1000) -> None:
    """Settle what waits."""
    await opened.messages.settle(settlement(*queue(opened.messages, limit=count), state=state))


@pytest.mark.requirement("FS-32")
async def test_a_moment_is_found_by_a_few_looks_whatever_is_stored(opened: Opened) -> None:
    await opened.messages.take_in(arrival(*(at(START + number * SECOND, number) for number in range(8000))))
    await settle(opened, DeliveryState.DELIVERED, 8000)
    early = found(opened, Selection(until=START + 2500 * SECOND))
    assert numbers(early) == list(range(2500))
    await requeued(opened, early)
    later = range(8000, 12000)
    await opened.messages.take_in(arrival(*(at(START * 2 + number * SECOND, number) for number in later)))
    lane = lane_of(opened.messages, ANNA)
    for since, until in ((6000, 6010), (7990, 8000), (0, 1), (3000, 3001)):
        selection = Selection(since=START + since * SECOND, until=START + until * SECOND)
        span = opened.replay.span(lane, selection)
        assert span.upto - span.after < 2400, "little more than what is asked for is looked at"
        assert numbers(found(opened, selection)) == list(range(since, until))
    last = Selection(since=START * 2 + 11_990 * SECOND)
    assert opened.replay.span(lane, last).after > 12_000
    assert numbers(found(opened, last)) == list(range(11_990, 12_000))


@pytest.mark.requirement("FS-32")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bounds=st.fixed_dictionaries(
        {}, optional={name: st.integers(0, 13) for name in ("since", "until", "first", "last")}
    ),
    limit=st.integers(1, 20),
    event=st.sampled_from([None, "[DSApp]", "[Other]"]),
    digest=st.sampled_from([None, b"digest", b"other"]),
)
async def test_a_selection_means_what_its_words_say(
    opened: Opened, bounds: dict[str, int], limit: int, event: str | None, digest: bytes | None
) -> None:
    if not opened.messages.lanes():
        times = [1, 2, 2, 5, 4, 6, 7, 7, 9, 10]
        await opened.messages.take_in(
            arrival(*(at(START + when * SECOND, number, ANNA, BERT) for number, when in enumerate(times)))
        )
        await settle(opened, DeliveryState.DELIVERED, 4)
        await requeued(opened, found(opened, Selection(last=6)))
    since, until = (START + bounds[name] * SECOND if name in bounds else None for name in ("since", "until"))
    chosen = Selection(
        since=since,
        until=until,
        first=bounds.get("first"),
        last=bounds.get("last"),
        event=None if event is None else EventCode(event),
        mpan_digest=digest,
    )
    everything = found(opened, Selection())
    assert [one.sequence for one in everything] == list(range(1, 11))

    def fits(one: Sent) -> bool:
        starts = [one.at >= since] if since is not None else []
        starts += [one.sequence >= bounds["first"]] if "first" in bounds else []
        ends = [one.at < until] if until is not None else []
        ends += [one.sequence <= bounds["last"]] if "last" in bounds else []
        marks = event in (None, one.event) and digest in (None, one.mpan_digest)
        return marks and (any(starts) or not starts) and (any(ends) or not ends)

    assert [one.sequence for one in found(opened, chosen, limit)] == [one.sequence for one in everything if fits(one)]


async def test_what_comes_in_later_is_no_part_of_a_span(opened: Opened) -> None:
    await opened.messages.take_in(arrival(at(START, 1)))
    lane = lane_of(opened.messages, ANNA)
    span = opened.replay.span(lane, Selection())
    await opened.messages.take_in(arrival(at(START, 2)))
    assert numbers(opened.replay.stretch(lane, Selection(), span, 10).found) == [1]


@pytest.mark.requirement("FS-32", "FS-49")
async def test_transactions_are_found_in_their_recipients_lane_alone(opened: Opened) -> None:
    mine, theirs = at(START, 1, ANNA), at(START, 2, BERT)
    await opened.messages.take_in(arrival(mine, theirs))
    lane = lane_of(opened.messages, ANNA)
    named = (mine.transaction_id, theirs.transaction_id, TransactionId("T-none"))
    assert opened.replay.sequences(lane, named) == {mine.transaction_id: 1}
    assert numbers(found(opened, Selection(transactions=named))) == [1]


@pytest.mark.requirement("FS-32", "FS-14")
async def test_a_step_brings_back_what_is_needed_and_nothing_twice(opened: Opened) -> None:
    await opened.messages.take_in(arrival(*(at(START, number) for number in range(4))))
    states = (DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.REJECTED)
    for state in states:
        await settle(opened, state, 1)
    sent = found(opened, Selection())
    assert [one.state for one in sent] == [*states, DeliveryState.WAITING]
    run = await requeued(opened, sent)
    assert queued(opened.messages) == ["00001", "00003", "00000", "00002"], "the dead one keeps its place"
    again = queue(opened.messages)
    assert [(one.replay, one.sequence) for one in again] == [(1, 2), (0, 4), (1, 5), (1, 6)]
    await opened.requeues.step(_step(run, sent))
    await requeued(opened, sent, "once more")
    assert [one.id for one in queue(opened.messages)] == [one.id for one in again]
    await settle(opened, DeliveryState.DEAD)
    await requeued(opened, sent, "and again")
    assert [one.id for one in queue(opened.messages)] == [one.id for one in again], "what died is revived, not copied"
    assert [one.state for one in found(opened, Selection())] == [
        *(DeliveryState.DELIVERED, DeliveryState.WAITING, DeliveryState.REJECTED, DeliveryState.WAITING)
    ]


@pytest.mark.requirement("FS-32")
async def test_one_requeue_at_a_time_and_its_progress(opened: Opened) -> None:
    await opened.messages.take_in(arrival(*(at(START, number) for number in range(3))))
    await settle(opened, DeliveryState.DELIVERED)
    sent = found(opened, Selection())
    run = await requeued(opened, sent[:1], last=False)
    await opened.requeues.count(run, 3)
    with pytest.raises(RequeueRunning):
        await opened.requeues.begin(_new("second", 3), exchange())
    (stands,) = opened.requeues.running()
    assert (stands.position, stands.processed, stands.total, stands.status) == (1, 1, 3, RequeueState.PROCESSING)
    await opened.requeues.step(_step(stands, sent[1:]))
    (ended,) = opened.requeues.of(ANNA, INTERFACE, None, 10)
    assert (ended.processed, ended.status, ended.ended_at) == (3, RequeueState.COMPLETED, START * 2)
    assert opened.requeues.running() == []
    await opened.requeues.begin(_new("second", 3), exchange())
    assert [one.name for one in opened.requeues.newest(None, 10)] == ["second", "again"]
    second, first = opened.requeues.newest(None, 10)
    assert opened.requeues.newest(second.id, 10) == [first]
    await opened.requeues.end(second, RequeueState.FAILED, START)
    assert opened.requeues.running() == []
