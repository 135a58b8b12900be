"""The queue against plain lists: whatever happens to it, crashes, restarts and failed commits included (5.4).

`MODEL_EXAMPLES=3000 pytest -n0 tests/contract/store/test_queue_model.py` looks longer than a change is made to wait.
"""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dip.ground.errors import Conflict, StoreUnavailable
from dip.ground.steps import Milestone
from dip.messages.identifiers import DipId
from dip.store.protocol import MessageStore
from dip.store.records import (
    GIVEN_UP,
    STATUS_CHANNEL,
    STEPS,
    Arrival,
    DeliveryState,
    Known,
    NewStatus,
    Outcome,
    Settled,
    Settlement,
    Stage,
    Status,
    Waiting,
)
from tests.contract.store.opened import STORES, Opened, journal_of
from tests.contract.store.queue_model import Model, Modelled
from tests.contract.store.records import ANNA, BERT, INTERFACE, SENDER, arrival, exchange, lane_of, message
from tests.support.queues import lanes_waiting

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "150"))
STEPS_OF_AN_EXAMPLE = 40
EVERYTHING = 10_000
RECIPIENTS = (ANNA, BERT)
REFERENCES = st.sampled_from([f"m{number}" for number in range(40)])
RECIPIENT = st.sampled_from(RECIPIENTS)
COUNT = st.integers(1, 5)
BATCHES = st.lists(
    st.tuples(REFERENCES, st.sampled_from(["x", "y"]), st.sampled_from([(ANNA,), (BERT,), (ANNA, BERT)])),
    min_size=1,
    max_size=4,
)
ANSWERS = st.sampled_from([Status.DELIVERED, Status.REJECTED_BY_RECIPIENT, Status.DELIVERY_FAILURE])
AGAIN = st.sampled_from([Status.RETRYING, Status.PAUSED, Status.UNKNOWN_DELIVERY_STATUS])


class Disk:
    """Steps of a store whose disk fails at the next commits, as often as it is told."""

    def __init__(self) -> None:
        self.failures = 0

    def reached(self, milestone: Milestone, of: str = "") -> None:
        if milestone is Milestone.BEFORE_COMMIT and self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("disk I/O error")


class QueueMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model."""

    store_name: str

    @initialize(batches=st.lists(BATCHES, min_size=1, max_size=4))
    def begin(self, batches: list[list[tuple[str, str, tuple[DipId, ...]]]]) -> None:
        self.model = Model()
        self.transactions = 0
        self.held: set[DipId] = set()
        self.disk = Disk()
        self.runner = asyncio.Runner()
        self.places = tempfile.TemporaryDirectory()
        self.directory = Path(self.places.name) / "0"
        self.directory.mkdir()
        self.open()
        for batch in batches:
            self.take_in(batch, all_or_nothing=False)

    def open(self) -> None:
        self.context: AbstractAsyncContextManager[Opened] = STORES[self.store_name](self.directory, self.disk)
        self.store: MessageStore = self.runner.run(self.context.__aenter__()).messages

    def close(self) -> None:
        self.runner.run(self.context.__aexit__(None, None, None))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.close()
            self.runner.close()
            self.places.cleanup()

    def lane(self, recipient: DipId) -> int | None:
        found = self.store.lane_of(recipient, INTERFACE)
        return None if found is None else found.id

    def asked(self, batch: Sequence[tuple[str, str, Sequence[DipId]]], *, all_or_nothing: bool = False) -> Arrival:
        made = []
        for reference, content, recipients in batch:
            self.transactions += 1
            new = message(reference, *recipients, content=content, transaction=f"T-{self.transactions}")
            new.received_at = self.model.now
            made.append(new)
        return arrival(*made, all_or_nothing=all_or_nothing)

    # A message comes in.

    @rule(batch=BATCHES, all_or_nothing=st.booleans())
    def take_in(self, batch: list[tuple[str, str, tuple[DipId, ...]]], all_or_nothing: bool) -> None:
        asked = self.asked(batch, all_or_nothing=all_or_nothing)
        taken = self.runner.run(self.store.take_in(asked))
        transactions = [new.transaction_id for new in asked.messages]
        expected = self.model.take_in(batch, transactions, all_or_nothing=all_or_nothing)
        assert [outcome.verdict for outcome in taken.outcomes] == expected

    @rule(batch=BATCHES)
    def a_job_fails(self, batch: list[tuple[str, str, tuple[DipId, ...]]]) -> None:
        def fail(outcomes: Sequence[Outcome]) -> tuple[int, bytes]:
            raise Conflict

        asked = self.asked(batch)
        asked.conclude = fail
        with pytest.raises(Conflict):
            self.runner.run(self.store.take_in(asked))

    @rule(batch=BATCHES)
    def the_disk_fails_when_messages_come(self, batch: list[tuple[str, str, tuple[DipId, ...]]]) -> None:
        self.disk.failures = 1
        with pytest.raises(StoreUnavailable):
            self.runner.run(self.store.take_in(self.asked(batch)))

    # It goes out by webhook.

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, count=COUNT, rejected=st.sets(st.integers(0, 4)))
    def a_call_is_answered(self, recipient: DipId, count: int, rejected: set[int]) -> None:
        heads, modelled = self.heads(recipient, count)
        reject = [place for place in range(len(heads)) if place in rejected]
        arrived = [place for place in range(len(heads)) if place not in rejected]
        self.settle(
            [(heads[place], modelled[place]) for place in reject],
            Status.REJECTED_BY_RECIPIENT,
            delivered=[(heads[place], modelled[place]) for place in arrived],
        )

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, count=COUNT, status=ANSWERS | AGAIN, aside=st.none() | st.integers(1, 50))
    def a_call_ends_otherwise(self, recipient: DipId, count: int, status: Status, aside: int | None) -> None:
        pairs = list(zip(*self.heads(recipient, count), strict=True))
        self.settle(pairs, status, aside)

    @precondition(lambda self: any(self.model.waiting(one, aside=True) for one in RECIPIENTS))
    @rule(recipient=RECIPIENT, later=st.integers(1, 50), status=ANSWERS | AGAIN, aside=st.none() | st.integers(51, 90))
    def what_was_set_aside_is_tried(self, recipient: DipId, later: int, status: Status, aside: int | None) -> None:
        lane = self.lane(recipient)
        if lane is None:
            return
        moment = self.model.now + later
        due = [one for one in self.model.waiting(recipient, aside=True) if (one.until or 0) <= moment]
        due.sort(key=lambda one: (one.until or 0, one.number))
        found = self.store.set_aside(lane, moment, EVERYTHING)
        assert {one.reference for one in found} == {one.reference for one in due}
        by_sequence = {one.sequence: one for one in due}
        self.settle([(one, by_sequence[one.sequence]) for one in found[:2]], status, aside)

    # It goes out by pull.

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, count=COUNT)
    def a_batch_is_leased(self, recipient: DipId, count: int) -> None:
        self.settle(list(zip(*self.heads(recipient, count), strict=True)), Status.LEASED)

    @precondition(lambda self: self.model.any_in(DeliveryState.LEASED))
    @rule(recipient=RECIPIENT, count=COUNT, status=ANSWERS)
    def a_lease_is_acknowledged(self, recipient: DipId, count: int, status: Status) -> None:
        self.settle(self.leases(recipient)[:count], status)

    @precondition(lambda self: self.model.any_in(DeliveryState.LEASED))
    @rule(recipient=RECIPIENT, count=COUNT)
    def a_lease_ends(self, recipient: DipId, count: int) -> None:
        self.settle(self.leases(recipient)[:count], Status.UNKNOWN_DELIVERY_STATUS)

    @rule(recipient=RECIPIENT, place=st.integers(0, 200), status=ANSWERS)
    def an_acknowledgement_is_late(self, recipient: DipId, place: int, status: Status) -> None:
        tried = [one for one in self.model.of(recipient) if one.attempts]
        if tried:
            self.settle([self.known(tried[place % len(tried)])], status)

    # Time passes, and people change their minds.

    @rule(passed=st.integers(1, 100))
    def time_passes(self, passed: int) -> None:
        self.model.now += passed

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, age=st.integers(0, 150))
    def the_dead_letter_time_comes(self, recipient: DipId, age: int) -> None:
        lane = self.lane(recipient)
        if lane is None:
            return
        before = self.model.now - age
        found, expected = self.store.overdue(lane, before, EVERYTHING), self.model.overdue(recipient, before)
        assert [one.reference for one in found] == [one.reference for one in expected]
        self.settle(list(zip(found, expected, strict=True)), Status.RETRIES_EXHAUSTED, own=True)

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, count=COUNT)
    def what_waits_is_withdrawn(self, recipient: DipId, count: int) -> None:
        self.settle([self.known(one) for one in self.model.waiting(recipient)[-count:]], Status.WITHDRAWN, own=True)

    @precondition(lambda self: self.model.any_in(*GIVEN_UP))
    @rule(count=COUNT)
    def what_was_given_up_is_requeued(self, count: int) -> None:
        self.settle([self.known(one) for one in self.model.given_up()[-count:]], Status.REQUEUED, own=True)

    @precondition(lambda self: self.model.deliveries)
    @rule(place=st.integers(0, 200), status=st.sampled_from(list(STEPS)), fails=st.booleans())
    def any_step_is_tried_on_any_delivery(self, place: int, status: Status, fails: bool) -> None:
        chosen = self.model.deliveries[place % len(self.model.deliveries)]
        self.settle([self.known(chosen)], status, own=True, fails=fails)

    @rule(recipient=RECIPIENT)
    def a_queue_is_paused_or_resumed(self, recipient: DipId) -> None:
        self.held ^= {recipient}

    # The process ends.

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()

    @rule()
    def crash(self) -> None:
        """What a killed process leaves: the files as they are, taken while the store still stands open."""
        place = self.directory.with_name(str(int(self.directory.name) + 1))
        shutil.copytree(self.directory, place, ignore=shutil.ignore_patterns("*-shm", "lock"))
        self.close()
        shutil.rmtree(self.directory)
        self.directory = place
        self.open()

    def heads(self, recipient: DipId, count: int) -> tuple[Sequence[Waiting], Sequence[Modelled]]:
        """The head of a queue, by the store and by the model; nothing of a paused one."""
        lane = self.lane(recipient)
        if lane is None or recipient in self.held:
            return [], []
        found, expected = self.store.waiting({lane: 0}, count), self.model.waiting(recipient)[:count]
        assert [one.reference for one in found] == [one.reference for one in expected]
        return found, expected

    def leases(self, recipient: DipId) -> list[tuple[Known, Modelled]]:
        lane = self.lane(recipient)
        if lane is None:
            return []
        return list(zip(self.store.leased(lane, EVERYTHING), self.model.leased(recipient), strict=True))

    def known(self, modelled: Modelled) -> tuple[Known, Modelled]:
        (found,) = self.store.of_transactions(lane_of(self.store, modelled.recipient), [modelled.transaction])
        return found, modelled

    def settle(
        self,
        pairs: Sequence[tuple[Waiting, Modelled]],
        status: Status,
        aside: int | None = None,
        *,
        delivered: Sequence[tuple[Waiting, Modelled]] = (),
        own: bool = False,
        fails: bool = False,
    ) -> None:
        """Settle in the store and in the model; what may not take the step is left out by both."""
        if not (pairs or delivered):
            return
        until = None if aside is None else self.model.now + aside
        again = STEPS[status].state is DeliveryState.WAITING and status is not Status.REQUEUED
        tells = status in (Status.REJECTED_BY_RECIPIENT, Status.RETRIES_EXHAUSTED, Status.DELIVERY_FAILURE)
        call = exchange("own" if own else "out", ANNA)
        call.at = self.model.now
        settlement = Settlement(
            exchange=call,
            recipient=ANNA,
            stage=Stage.OUTBOUND,
            settled=[
                Settled(
                    found.id,
                    found.message,
                    status,
                    until if again else None,
                    returned=NewStatus(SENDER, "MSG1000", b"entry") if tells else None,
                )
                for found, _ in pairs
            ],
            delivered=[found.id for found, _ in delivered],
        )
        if fails:
            self.disk.failures = 1
            with pytest.raises(StoreUnavailable):
                self.runner.run(self.store.settle(settlement))
            return
        done = self.runner.run(self.store.settle(settlement))
        expected = set()
        for found, modelled in pairs:
            if modelled.may(status):
                expected.add(found.id)
                modelled.step(status, self.model.now, until if again else None)
                self.model.returned += tells
        for _, modelled in delivered:
            modelled.step(Status.DELIVERED, self.model.now)
        assert done.taken == expected

    @invariant()
    def the_queues_are_the_models(self) -> None:
        for recipient in RECIPIENTS:
            lane = self.lane(recipient)
            if lane is None:
                assert not self.model.of(recipient)
                continue
            queue = [(*ends(one), one.replay) for one in self.store.waiting({lane: 0}, EVERYTHING)]
            assert queue == [(*ends(one), one.replay) for one in self.model.waiting(recipient)]
            aside = {ends(one) for one in self.store.set_aside(lane, self.model.now + EVERYTHING, EVERYTHING)}
            modelled = self.model.waiting(recipient, aside=True)
            assert aside == {ends(one) for one in modelled}
            assert self.store.next_set_aside(lane) == min((one.until or 0 for one in modelled), default=None)
            leased = [ends(one) for one in self.store.leased(lane, EVERYTHING)]
            assert leased == [ends(one) for one in self.model.leased(recipient)]

    @invariant()
    def the_lanes_are_the_models(self) -> None:
        waiting = {recipient for recipient in RECIPIENTS if self.model.overdue(recipient, self.model.now)}
        leased = {recipient for recipient in RECIPIENTS if self.model.leased(recipient)}
        assert self.recipients(lanes_waiting(self.store)) == waiting
        assert self.recipients(self.store.lanes_leased()) == leased

    def recipients(self, lanes: frozenset[int]) -> set[DipId]:
        named = (self.store.lane(number) for number in lanes)
        return {lane.recipient for lane in named if lane.channel != STATUS_CHANNEL}

    @invariant()
    def every_delivery_stands_where_the_model_has_it_and_the_journal_says_so(self) -> None:
        told: dict[int, DeliveryState] = {
            delivery: STEPS[Status(status)].state for delivery, status in journal_of(self.directory)
        }
        for recipient in RECIPIENTS:
            modelled = self.model.of(recipient)
            if not modelled:
                continue
            known = self.store.of_transactions(lane_of(self.store, recipient), [one.transaction for one in modelled])
            assert [(*ends(one), one.state) for one in known] == [(*ends(one), one.state) for one in modelled]
            for one in known:
                assert told.get(one.id, DeliveryState.WAITING) is one.state

    @invariant()
    def the_sender_is_told_once_for_each_return(self) -> None:
        lane = self.store.lane_of(SENDER, STATUS_CHANNEL)
        told = [] if lane is None else [one.sequence for one in self.store.waiting({lane.id: 0}, EVERYTHING)]
        assert told == list(range(1, self.model.returned + 1))


def ends(one: Waiting | Modelled) -> tuple[str, int, int]:
    """By what two deliveries are compared."""
    return one.reference, one.sequence, one.attempts


@pytest.mark.requirement("FS-01", "FS-14", "FS-31")
@pytest.mark.parametrize("name", sorted(STORES))
def test_whatever_happens_the_queue_is_what_a_list_would_be(name: str) -> None:
    machine: type[RuleBasedStateMachine] = type("Machine", (QueueMachine,), {"store_name": name})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS_OF_AN_EXAMPLE,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
