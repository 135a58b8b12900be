"""The queue against a plain list: whatever happens to it, restarts and failed commits included (5.4)."""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
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

from dip.ground.errors import Conflict
from dip.messages.identifiers import DipId
from dip.store.protocol import MessageStore
from dip.store.records import DeliveryState, Outcome, Verdict, Waiting
from tests.contract.store.opened import STORES, Opened
from tests.contract.store.records import ANNA, BERT, arrival, message, settlement

RECIPIENTS = (ANNA, BERT)
REFERENCES = st.sampled_from([f"m{number}" for number in range(40)])
BATCHES = st.lists(
    st.tuples(REFERENCES, st.sampled_from(["x", "y"]), st.sampled_from([(ANNA,), (BERT,), (ANNA, BERT)])),
    min_size=1,
    max_size=4,
)
FATES = st.sampled_from([DeliveryState.DELIVERED, DeliveryState.REJECTED, DeliveryState.DEAD, DeliveryState.WAITING])


@dataclass
class Modelled:
    """One delivery as the model has it."""

    reference: str
    recipient: DipId
    sequence: int
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0
    until: int | None = None


@dataclass
class Model:
    """A store that is lists and nothing else."""

    contents: dict[str, str] = field(default_factory=dict)
    deliveries: list[Modelled] = field(default_factory=list)

    def waiting(self, recipient: DipId, *, aside: bool = False) -> list[Modelled]:
        return [
            one
            for one in self.deliveries
            if one.recipient == recipient and one.state is DeliveryState.WAITING and (one.until is not None) == aside
        ]

    def take_in(self, batch: Sequence[tuple[str, str, Sequence[DipId]]], *, all_or_nothing: bool) -> list[Verdict]:
        known = dict(self.contents)
        verdicts = []
        for reference, content, _ in batch:
            if reference in known:
                verdicts.append(Verdict.SAME if known[reference] == content else Verdict.DIFFERENT)
            else:
                known[reference] = content
                verdicts.append(Verdict.NEW)
        if all_or_nothing and set(verdicts) != {Verdict.NEW}:
            return [Verdict.LEFT if verdict is Verdict.NEW else verdict for verdict in verdicts]
        self.contents = known
        for (reference, _, recipients), verdict in zip(batch, verdicts, strict=True):
            if verdict is Verdict.NEW:
                for recipient in recipients:
                    earlier = [one for one in self.deliveries if one.recipient == recipient]
                    self.deliveries.append(Modelled(reference, recipient, len(earlier) + 1))
        return verdicts


class QueueMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model."""

    store_name: str

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.transactions = 0
        self.runner = asyncio.Runner()
        self.directory = tempfile.TemporaryDirectory()
        self.open()

    def open(self) -> None:
        self.context: AbstractAsyncContextManager[Opened] = STORES[self.store_name](Path(self.directory.name))
        self.store: MessageStore = self.runner.run(self.context.__aenter__()).messages

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.context.__aexit__(None, None, None))
            self.runner.close()
            self.directory.cleanup()

    def lane(self, recipient: DipId) -> int | None:
        return next((lane.id for lane in self.store.lanes().values() if lane.recipient == recipient), None)

    @rule(batch=BATCHES, all_or_nothing=st.booleans())
    def take_in(self, batch: list[tuple[str, str, tuple[DipId, ...]]], all_or_nothing: bool) -> None:
        asked = []
        for reference, content, recipients in batch:
            self.transactions += 1
            asked.append(message(reference, *recipients, content=content, transaction=f"T-{self.transactions}"))
        taken = self.runner.run(self.store.take_in(arrival(*asked, all_or_nothing=all_or_nothing)))
        expected = self.model.take_in(batch, all_or_nothing=all_or_nothing)
        assert [outcome.verdict for outcome in taken.outcomes] == expected

    @rule(batch=BATCHES)
    def fail_to_commit(self, batch: list[tuple[str, str, tuple[DipId, ...]]]) -> None:
        def fail(outcomes: Sequence[Outcome]) -> tuple[int, bytes]:
            raise Conflict

        asked = arrival(*(message(reference, *recipients, content=content) for reference, content, recipients in batch))
        asked.conclude = fail
        with pytest.raises(Conflict):
            self.runner.run(self.store.take_in(asked))

    @rule(
        recipient=st.sampled_from(RECIPIENTS),
        count=st.integers(1, 5),
        fate=FATES,
        until=st.none() | st.integers(1, 50),
    )
    def settle_the_head(self, recipient: DipId, count: int, fate: DeliveryState, until: int | None) -> None:
        lane = self.lane(recipient)
        if lane is not None:
            found = self.store.waiting({lane: 0}, count)
            self.settle(found, self.model.waiting(recipient)[:count], fate, until)

    @rule(
        recipient=st.sampled_from(RECIPIENTS), now=st.integers(1, 50), fate=FATES, later=st.none() | st.integers(51, 90)
    )
    def settle_what_was_set_aside(self, recipient: DipId, now: int, fate: DeliveryState, later: int | None) -> None:
        lane = self.lane(recipient)
        if lane is not None:
            due = [one for one in self.model.waiting(recipient, aside=True) if (one.until or 0) <= now]
            due.sort(key=lambda one: one.until or 0)
            self.settle(self.store.set_aside(lane, now, 2), due[:2], fate, later)

    def settle(
        self, found: Sequence[Waiting], modelled: Sequence[Modelled], fate: DeliveryState, until: int | None
    ) -> None:
        assert [one.reference for one in found] == [one.reference for one in modelled]
        if not found:
            return
        until = until if fate is DeliveryState.WAITING else None
        self.runner.run(self.store.settle(settlement(*found, state=fate, until=until)))
        for one in modelled:
            one.state, one.until = fate, until
            one.attempts += 1

    @precondition(lambda self: self.model.deliveries)
    @rule()
    def restart(self) -> None:
        self.runner.run(self.context.__aexit__(None, None, None))
        self.open()

    @invariant()
    def the_queues_are_the_models(self) -> None:
        for recipient in RECIPIENTS:
            lane = self.lane(recipient)
            if lane is None:
                assert not [one for one in self.model.deliveries if one.recipient == recipient]
                continue
            queue = [(one.reference, one.sequence, one.attempts) for one in self.store.waiting({lane: 0}, 1000)]
            assert queue == [(one.reference, one.sequence, one.attempts) for one in self.model.waiting(recipient)]
            aside = {(one.reference, one.attempts) for one in self.store.set_aside(lane, 1000, 1000)}
            modelled = self.model.waiting(recipient, aside=True)
            assert aside == {(one.reference, one.attempts) for one in modelled}
            assert self.store.next_set_aside(lane) == min((one.until or 0 for one in modelled), default=None)


@pytest.mark.requirement("FS-01", "FS-14", "FS-31")
@pytest.mark.parametrize("name", sorted(STORES))
def test_whatever_happens_the_queue_is_what_a_list_would_be(name: str) -> None:
    machine = type("Machine", (QueueMachine,), {"store_name": name})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
