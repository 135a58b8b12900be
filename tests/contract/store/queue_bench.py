"""A store and its model side by side: what the state machine of the queue does to both, and how it compares them."""

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from hypothesis.stateful import RuleBasedStateMachine

from dip.ground.errors import StoreUnavailable
from dip.messages.identifiers import DipId
from dip.store.protocol import MessageStore
from dip.store.records import (
    STEPS,
    Arrival,
    DeliveryState,
    Done,
    Known,
    NewStatus,
    Settled,
    Settlement,
    Stage,
    Status,
    Waiting,
)
from tests.contract.store.disk import EARLIER, Disk
from tests.contract.store.opened import STORES, Opened
from tests.contract.store.queue_model import Model, Modelled
from tests.contract.store.records import ANNA, INTERFACE, SENDER, arrival, exchange, lane_of, message

EVERYTHING = 10_000
LINGER_S = 0.001
"""Long enough that outcomes of one moment meet."""
TELLS = (Status.REJECTED_BY_RECIPIENT, Status.RETRIES_EXHAUSTED, Status.DELIVERY_FAILURE)
"""Of what the sender hears."""
Batch = list[tuple[str, str, tuple[DipId, ...]]]
"""Reference, content and recipients of each message."""
Pairs = Sequence[tuple[Waiting, Modelled]]


class QueueBench(RuleBasedStateMachine):
    """A state machine without rules: a store in a directory of its own, and its model."""

    store_name: str
    gathered: Path
    """A store whose keys are about to move on."""

    def start(self, *, gathered: bool) -> None:
        """Open a store, empty or with keys that are about to move on."""
        self.model = Model()
        self.earlier = EARLIER if gathered else 0
        self.requeues = 0
        self.transactions = 0
        self.held: set[DipId] = set()
        self.disk = Disk()
        self.runner = asyncio.Runner()
        self.places = tempfile.TemporaryDirectory()
        self.directory = Path(self.places.name) / "0"
        if gathered:
            shutil.copytree(self.gathered, self.directory)
        else:
            self.directory.mkdir()
        self.open()

    def open(self) -> None:
        """Open the store over the directory, whatever is there."""
        factory = STORES[self.store_name]
        self.context: AbstractAsyncContextManager[Opened] = factory(self.directory, self.disk, linger_s=LINGER_S)
        self.opened: Opened = self.runner.run(self.context.__aenter__())
        self.store: MessageStore = self.opened.messages

    def close(self) -> None:
        """Close it in good order."""
        self.runner.run(self.context.__aexit__(None, None, None))

    def teardown(self) -> None:
        """Leave nothing."""
        if hasattr(self, "runner"):
            self.close()
            self.runner.close()
            self.places.cleanup()

    def lane(self, recipient: DipId) -> int | None:
        """The number of a recipient's lane; None while nothing was ever queued in it."""
        found = self.store.lane_of(recipient, INTERFACE)
        return None if found is None else found.id

    def asked(self, batch: Batch, *, all_or_nothing: bool = False) -> Arrival:
        """A request with these messages, received now."""
        made = []
        for reference, content, recipients in batch:
            self.transactions += 1
            new = message(reference, *recipients, content=content, transaction=f"T-{self.transactions}")
            new.received_at = self.model.now
            made.append(new)
        return arrival(*made, all_or_nothing=all_or_nothing)

    def next_directory(self) -> Path:
        """Where the store lives after the next crash."""
        return self.directory.with_name(str(int(self.directory.name) + 1))

    def go_on_with_what_was_left(self) -> None:
        """Open the store over what a process left when it was killed."""
        self.close()
        place = self.next_directory()
        shutil.rmtree(self.directory)
        self.directory = place
        self.open()

    def heads(self, recipient: DipId, count: int) -> tuple[Sequence[Waiting], Sequence[Modelled]]:
        """The head of a queue, by the store and by the model; nothing of a paused one."""
        lane = self.lane(recipient)
        if lane is None or recipient in self.held:
            return [], []
        found, expected = self.store.waiting({lane: 0}, count), self.model.waiting(recipient)[:count]
        assert [ends(one) for one in found] == [ends(one) for one in expected]
        return found, expected

    def pairs(self, recipient: DipId, count: int) -> list[tuple[Waiting, Modelled]]:
        """The head of a queue, each delivery of the store with that of the model."""
        return list(zip(*self.heads(recipient, count), strict=True))

    def leases(self, recipient: DipId) -> list[tuple[Known, Modelled]]:
        """What is handed out to a recipient."""
        lane = self.lane(recipient)
        if lane is None:
            return []
        return list(zip(self.store.leased(lane, EVERYTHING), self.model.leased(recipient), strict=True))

    def overdue(self, lane: int, recipient: DipId, before: int, limit: int) -> list[tuple[Waiting, Modelled]]:
        """What waits longest since before a moment, by the store and by the model; of equals, what came in first."""
        found, expected = self.store.overdue(lane, before, limit), self.model.overdue(recipient, before)[:limit]
        assert [(one.queued_at, *ends(one)) for one in found] == [(one.queued_at, *ends(one)) for one in expected]
        return list(zip(found, expected, strict=True))

    def known(self, modelled: Modelled) -> tuple[Known, Modelled]:
        """The store's delivery for one of the model's."""
        copies = self.store.of_transactions(lane_of(self.store, modelled.recipient), [modelled.transaction])
        (found,) = (one for one in copies if one.sequence == modelled.sequence)
        return found, modelled

    def settle(
        self,
        pairs: Pairs,
        status: Status,
        aside: int | None = None,
        *,
        delivered: Pairs = (),
        own: bool = False,
        fails: bool = False,
        patient: bool = False,
    ) -> None:
        """Settle in the store and in the model; what may not take the step is left out by both."""
        if not (pairs or delivered):
            return
        settlement = self.settlement(pairs, status, aside, delivered=delivered, own=own)
        if fails:
            self.disk.failures = 1
            with pytest.raises(StoreUnavailable):
                self.runner.run(self.store.settle(settlement, patient=patient))
            return
        done = self.runner.run(self.store.settle(settlement, patient=patient))
        self.was_settled(pairs, status, aside, delivered=delivered, done=done)

    def settlement(
        self, pairs: Pairs, status: Status, aside: int | None, *, delivered: Pairs = (), own: bool = False
    ) -> Settlement:
        """A call, or a step of the DIP itself, that makes the same of each of these deliveries."""
        call = exchange("own" if own else "out", ANNA)
        call.at = self.model.now
        returned = NewStatus(SENDER, "MSG1000", b"entry") if status in TELLS else None
        until = self.until(status, aside)
        return Settlement(
            exchange=call,
            recipient=ANNA,
            stage=Stage.OUTBOUND,
            settled=[Settled(found.id, found.message, status, until, returned=returned) for found, _ in pairs],
            delivered=[found.id for found, _ in delivered],
        )

    def was_settled(
        self, pairs: Pairs, status: Status, aside: int | None, *, delivered: Pairs = (), done: Done
    ) -> None:
        """Settle in the model what the store says is settled."""
        taken = self.model.settle(
            [modelled for _, modelled in pairs],
            status,
            self.until(status, aside),
            tells=status in TELLS,
            delivered=[modelled for _, modelled in delivered],
        )
        assert done.taken == {found.id for found, modelled in pairs if modelled in taken}

    def until(self, status: Status, aside: int | None) -> int | None:
        """When a delivery set aside for so long is due; None where the status sets nothing aside."""
        again = STEPS[status].state is DeliveryState.WAITING and status is not Status.REQUEUED
        return self.model.now + aside if again and aside is not None else None


def ends(one: Waiting | Modelled) -> tuple[str, int, int]:
    """By what two deliveries are compared."""
    return one.reference, one.sequence, one.attempts
