"""The queue against plain lists: whatever happens to it, crashes, restarts and failed commits included (5.4).

`MODEL_EXAMPLES=3000 pytest -n0 tests/contract/store/test_queue_model.py` looks longer than a change is made to wait.
"""

import asyncio
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dip.ground.errors import Conflict, StoreUnavailable
from dip.messages.identifiers import DipId
from dip.store.keys import GATHERED
from dip.store.records import (
    GIVEN_UP,
    STATUS_CHANNEL,
    STEPS,
    Arrival,
    DeliveryState,
    Done,
    Outcome,
    Settlement,
    Status,
    Taken,
    Verdict,
)
from dip.store.requeue import NewRequeue, RequeueStep
from tests.contract.store.disk import ALWAYS, EARLIER, earlier, gather_keys, leave
from tests.contract.store.opened import STORES, journal_of
from tests.contract.store.queue_bench import EVERYTHING, Batch, QueueBench, ends
from tests.contract.store.records import ANNA, BERT, INTERFACE, SENDER, exchange, lane_of
from tests.support.queues import lanes_waiting

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "150"))
STEPS_OF_AN_EXAMPLE = 40
RECIPIENTS = (ANNA, BERT)
REFERENCES = st.sampled_from([f"m{number}" for number in range(40)])
RECIPIENT = st.sampled_from(RECIPIENTS)
COUNT = st.integers(1, 5)
LATER = st.integers(0, 3)
ASIDE = st.none() | st.integers(1, 50)
BATCH = st.lists(
    st.tuples(REFERENCES, st.sampled_from(["x", "y"]), st.sampled_from([(ANNA,), (BERT,), (ANNA, BERT)])),
    min_size=1,
    max_size=4,
)
ANSWERS = st.sampled_from([Status.DELIVERED, Status.REJECTED_BY_RECIPIENT, Status.DELIVERY_FAILURE])
AGAIN = st.sampled_from([Status.RETRYING, Status.PAUSED, Status.UNKNOWN_DELIVERY_STATUS])
OUTCOMES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 3), ANSWERS | AGAIN | st.just(Status.WITHDRAWN), ASIDE),
    min_size=2,
    max_size=4,
)
"""Of deliveries at the heads: the first, how many, what became of them, and how long they are set aside."""


class CommitEnds(StrEnum):
    """What becomes of outcomes that share a commit."""

    WELL = "well"
    DISK_FAILS = "the disk fails"
    CRASH = "the process ends before the commit"


class QueueMachine(QueueBench):
    """Does the same to a store and to the model."""

    shared: int
    """How often outcomes shared a commit."""
    moved_on: int
    """How often a repeat was looked for after the keys had moved on."""

    @initialize(batches=st.lists(st.tuples(BATCH, LATER), min_size=1, max_size=4), gathered=st.booleans())
    def begin(self, batches: list[tuple[Batch, int]], gathered: bool) -> None:
        self.start(gathered=gathered)
        for batch, later in batches:
            self.take_in(batch, all_or_nothing=False, later=later)

    # A message comes in.

    @rule(batch=BATCH, all_or_nothing=st.booleans(), later=LATER)
    def take_in(self, batch: Batch, all_or_nothing: bool, later: int) -> None:
        self.model.now += later
        asked = self.asked(batch, all_or_nothing=all_or_nothing)
        self.came_in(batch, asked, self.runner.run(self.store.take_in(asked)))

    def came_in(self, batch: Batch, asked: Arrival, taken: Taken) -> None:
        transactions = [new.transaction_id for new in asked.messages]
        expected = self.model.take_in(batch, transactions, all_or_nothing=asked.all_or_nothing)
        assert [outcome.verdict for outcome in taken.outcomes] == expected

    @precondition(lambda self: self.model.contents)
    @rule(changed=st.booleans())
    def everything_comes_once_more(self, changed: bool) -> None:
        known: Batch = [
            (reference, content + "z" * changed, (ANNA,)) for reference, content in self.model.contents.items()
        ]
        known += [(earlier(number), "z" * changed, (ANNA,)) for number in range(0, self.earlier, EARLIER - 1)]
        taken = self.runner.run(self.store.take_in(self.asked(known)))
        verdict = Verdict.DIFFERENT if changed else Verdict.SAME
        assert {outcome.verdict for outcome in taken.outcomes} == {verdict}
        type(self).moved_on += self.earlier + len(self.model.contents) >= GATHERED

    @rule(batch=BATCH)
    def a_job_fails(self, batch: Batch) -> None:
        def fail(outcomes: Sequence[Outcome]) -> tuple[int, bytes]:
            raise Conflict

        asked = self.asked(batch)
        asked.conclude = fail
        with pytest.raises(Conflict):
            self.runner.run(self.store.take_in(asked))

    @rule(batch=BATCH)
    def the_disk_fails_when_messages_come(self, batch: Batch) -> None:
        self.disk.failures = 1
        with pytest.raises(StoreUnavailable):
            self.runner.run(self.store.take_in(self.asked(batch)))

    # It goes out by webhook.

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, count=COUNT, rejected=st.sets(st.integers(0, 4)), patient=st.booleans())
    def a_call_is_answered(self, recipient: DipId, count: int, rejected: set[int], patient: bool) -> None:
        heads, modelled = self.heads(recipient, count)
        reject = [place for place in range(len(heads)) if place in rejected]
        arrived = [place for place in range(len(heads)) if place not in rejected]
        self.settle(
            [(heads[place], modelled[place]) for place in reject],
            Status.REJECTED_BY_RECIPIENT,
            delivered=[(heads[place], modelled[place]) for place in arrived],
            patient=patient,
        )

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, count=COUNT, status=ANSWERS | AGAIN, aside=ASIDE)
    def a_call_ends_otherwise(self, recipient: DipId, count: int, status: Status, aside: int | None) -> None:
        self.settle(self.pairs(recipient, count), status, aside, patient=True)

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, untils=st.lists(ASIDE, min_size=2, max_size=5))
    def the_head_is_set_aside_one_by_one(self, recipient: DipId, untils: list[int | None]) -> None:
        """Each for a time of its own: which of them is due first says nothing about which is the oldest."""
        for pair, aside in zip(self.pairs(recipient, len(untils)), untils, strict=False):
            if aside is not None:
                self.settle([pair], Status.RETRYING, aside)

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(outcomes=OUTCOMES, batch=st.none() | BATCH, ends=st.sampled_from(CommitEnds))
    def outcomes_linger_for_each_other(
        self, outcomes: list[tuple[int, int, Status, int | None]], batch: Batch | None, ends: CommitEnds
    ) -> None:
        """Several calls end at once, some about the same delivery, and perhaps a message comes in meanwhile."""
        pairs = [pair for recipient in RECIPIENTS for pair in self.pairs(recipient, 4)]
        lingering = [(pairs[start : start + count], status, aside) for start, count, status, aside in outcomes]
        lingering = [one for one in lingering if one[0]]
        if not lingering and batch is None:
            return
        asked = None if batch is None else self.asked(batch)
        if ends is CommitEnds.DISK_FAILS:
            self.disk.failures = ALWAYS
        elif ends is CommitEnds.CRASH:
            self.disk.die(self.directory, self.next_directory())
        commits = self.disk.commits
        *settled, taken = self.runner.run(self.all_at_once([self.settlement(*one) for one in lingering], asked))
        if ends is CommitEnds.WELL:
            for one, done in zip(lingering, settled, strict=True):
                assert isinstance(done, Done)
                self.was_settled(*one, done=done)
            if batch is not None and asked is not None:
                assert isinstance(taken, Taken)
                self.came_in(batch, asked, taken)
            type(self).shared += self.disk.commits - commits < len(lingering)
            return
        assert all(isinstance(answer, StoreUnavailable) for answer in settled)
        assert asked is None or isinstance(taken, StoreUnavailable)
        self.disk.failures = 0
        if ends is CommitEnds.CRASH:
            self.go_on_with_what_was_left()

    async def all_at_once(
        self, settlements: Sequence[Settlement], asked: Arrival | None
    ) -> Sequence[Done | Taken | BaseException | None]:
        """What becomes of each, and at last of the arrival."""
        lingering = [self.store.settle(one, patient=True) for one in settlements]
        if asked is None:
            return [*await asyncio.gather(*lingering, return_exceptions=True), None]
        return await asyncio.gather(*lingering, self.store.take_in(asked), return_exceptions=True)

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
        assert [ends(one) for one in found] == [ends(one) for one in due]
        self.settle(list(zip(found, due, strict=True))[:2], status, aside)

    # It goes out by pull.

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, count=COUNT)
    def a_batch_is_leased(self, recipient: DipId, count: int) -> None:
        self.settle(self.pairs(recipient, count), Status.LEASED)

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
    @rule(recipient=RECIPIENT, age=st.integers(0, 150), limit=st.integers(1, 4), most=st.integers(1, 5))
    def the_dead_letter_time_comes(self, recipient: DipId, age: int, limit: int, most: int) -> None:
        """What is overdue is given up in steps, each read when the one before is committed; or only some of it is."""
        lane = self.lane(recipient)
        if lane is None:
            return
        before = self.model.now - age
        for _ in range(most):
            self.settle(self.overdue(lane, recipient, before, limit), Status.RETRIES_EXHAUSTED, own=True)

    @precondition(lambda self: self.model.any_in(DeliveryState.WAITING))
    @rule(recipient=RECIPIENT, count=COUNT)
    def what_waits_is_withdrawn(self, recipient: DipId, count: int) -> None:
        self.settle([self.known(one) for one in self.model.waiting(recipient)[-count:]], Status.WITHDRAWN, own=True)

    @precondition(lambda self: self.model.any_in(*GIVEN_UP))
    @rule(chosen=st.lists(st.tuples(st.integers(0, 200), LATER), min_size=1, max_size=5))
    def what_was_given_up_is_requeued(self, chosen: list[tuple[int, int]]) -> None:
        """In whatever order, at one time or one after the other."""
        for place, later in chosen:
            if given_up := self.model.given_up():
                self.settle([self.known(given_up[place % len(given_up)])], Status.REQUEUED, own=True)
                self.model.now += later

    @rule(recipient=RECIPIENT, first=st.integers(0, 20), count=COUNT)
    def what_was_sent_is_requeued(self, recipient: DipId, first: int, count: int) -> None:
        """Whatever became of it: what was given up waits again, what arrived or was refused gets a delivery more."""
        addressed = [one for one in self.model.of(recipient) if not one.requeued]
        if not addressed:
            return
        first %= len(addressed)
        addressed = addressed[first : first + count]
        self.requeues += 1
        name, at, upto = f"requeue {self.requeues}", self.model.now, addressed[-1].sequence
        new = NewRequeue(name=name, recipient=recipient, channel=INTERFACE, at=at, request=b"", after=first, upto=upto)
        self.runner.run(self.opened.requeues.begin(new, exchange()))
        (run,) = self.opened.requeues.of(recipient, INTERFACE, name, 1)
        step = RequeueStep(
            run=run,
            deliveries=[self.known(one)[0].id for one in addressed],
            after=first,
            position=upto,
            processed=len(addressed),
            at=at,
            last=True,
        )
        done = self.runner.run(self.opened.requeues.step(step))
        assert (done.revived, done.added) == self.model.requeue(addressed)

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
        leave(self.directory, self.next_directory())
        self.go_on_with_what_was_left()

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
    def the_overdue_are_the_models_the_oldest_first(self) -> None:
        """Since whatever moment, and whether there is more of it than is asked for or not."""
        for recipient in RECIPIENTS:
            lane = self.lane(recipient)
            if lane is None:
                continue
            for before in self.model.moments(recipient):
                length = len(self.model.overdue(recipient, before))
                for limit in {1, 2, length - 1, EVERYTHING} - {-1, 0}:
                    self.overdue(lane, recipient, before, limit)

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
        journal = [(delivery, Status(status)) for delivery, status in journal_of(self.directory)]
        told = {delivery: STEPS[status].state for delivery, status in journal if status is not Status.QUEUED_AGAIN}
        places: dict[int, tuple[DipId, int]] = {}
        for recipient in RECIPIENTS:
            modelled = self.model.of(recipient)
            if not modelled:
                continue
            known = self.store.of_transactions(lane_of(self.store, recipient), [one.transaction for one in modelled])
            assert [(*ends(one), one.state) for one in known] == [(*ends(one), one.state) for one in modelled]
            for one in known:
                assert told.get(one.id, DeliveryState.WAITING) is one.state
                places[one.id] = recipient, one.sequence
        exhausted = [places[delivery] for delivery, status in journal if status is Status.RETRIES_EXHAUSTED]
        assert exhausted == self.model.exhausted

    @invariant()
    def the_sender_is_told_once_for_each_return_in_their_order(self) -> None:
        lane = self.store.lane_of(SENDER, STATUS_CHANNEL)
        told = [] if lane is None else self.store.waiting({lane.id: 0}, EVERYTHING)
        assert [one.sequence for one in told] == list(range(1, len(self.model.returned) + 1))
        assert [one.reference for one in told] == [reference for reference, _ in self.model.returned]
        overdue = [] if lane is None else self.store.overdue(lane.id, self.model.now, EVERYTHING)
        assert [(one.reference, one.queued_at) for one in overdue] == self.model.returned


@pytest.mark.requirement("FS-01", "FS-14", "FS-31")
@pytest.mark.parametrize("name", sorted(STORES))
def test_whatever_happens_the_queue_is_what_a_list_would_be(name: str, tmp_path: Path) -> None:
    asyncio.run(gather_keys(STORES[name], tmp_path))
    told = {"store_name": name, "gathered": tmp_path, "shared": 0, "moved_on": 0}
    machine: type[QueueMachine] = type("Machine", (QueueMachine,), told)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS_OF_AN_EXAMPLE,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.shared, "outcomes shared a commit"
    assert machine.moved_on, "keys moved on"
