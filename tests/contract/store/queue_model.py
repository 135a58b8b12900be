"""A store of messages that is lists and nothing else: what the real one is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dip.messages.identifiers import DipId
from dip.store.records import GIVEN_UP, OPEN, STEPS, DeliveryState, Status, Verdict

COUNTED = frozenset(
    {
        Status.DELIVERED,
        Status.REJECTED_BY_RECIPIENT,
        Status.RETRYING,
        Status.PAUSED,
        Status.UNKNOWN_DELIVERY_STATUS,
        Status.DELIVERY_FAILURE,
    }
)
"""What somebody answered, or failed to answer, is an attempt."""


@dataclass
class Modelled:
    """One delivery. number: its place in the order of receipt."""

    number: int
    reference: str
    transaction: str
    recipient: DipId
    sequence: int
    queued_at: int
    state: DeliveryState = DeliveryState.WAITING
    attempts: int = 0
    until: int | None = None
    replay: int = 0
    requeued: bool = False
    """Made by a requeue: the same message once more, under a number of its own."""

    def may(self, status: Status) -> bool:
        """Whether the step can be taken now."""
        return self.state in STEPS[status].from_states

    def step(self, status: Status, at: int, until: int | None = None) -> None:
        """Take it."""
        self.state = STEPS[status].state
        self.until = until if self.state is DeliveryState.WAITING and status is not Status.REQUEUED else None
        self.attempts += status in COUNTED
        if status is Status.REQUEUED:
            self.replay, self.queued_at = 1, at


@dataclass
class Model:
    """Everything that was ever taken in."""

    now: int = 1_000_000
    contents: dict[str, str] = field(default_factory=dict)
    deliveries: list[Modelled] = field(default_factory=list)
    returned: list[tuple[str, int]] = field(default_factory=list)
    """Status messages queued for the sender, in order: about which reference, and when."""
    exhausted: list[tuple[DipId, int]] = field(default_factory=list)
    """What waited too long, in the order in which it was given up: whose it was, and its sequence number."""

    def of(self, recipient: DipId) -> list[Modelled]:
        """What a recipient was ever sent, in order of receipt."""
        return [one for one in self.deliveries if one.recipient == recipient]

    def waiting(self, recipient: DipId, *, aside: bool = False) -> list[Modelled]:
        """What waits for a recipient in order of receipt; or what of it was set aside."""
        waiting = (one for one in self.of(recipient) if one.state is DeliveryState.WAITING)
        return [one for one in waiting if (one.until is not None) == aside]

    def leased(self, recipient: DipId) -> list[Modelled]:
        """What is handed out."""
        return [one for one in self.of(recipient) if one.state is DeliveryState.LEASED]

    def given_up(self) -> list[Modelled]:
        """What is dead or withdrawn."""
        return [one for one in self.deliveries if one.state in GIVEN_UP]

    def any_in(self, *states: DeliveryState) -> bool:
        """Whether any delivery is in one of these states."""
        return any(one.state in states for one in self.deliveries)

    def overdue(self, recipient: DipId, before: int) -> list[Modelled]:
        """What waits since before a moment, oldest first, what was set aside included."""
        waiting = (one for one in self.of(recipient) if one.state is DeliveryState.WAITING)
        return sorted((one for one in waiting if one.queued_at <= before), key=lambda one: (one.queued_at, one.number))

    def moments(self, recipient: DipId) -> list[int]:
        """Since when anything waits for a recipient, and the moment before."""
        moments = sorted({one.queued_at for one in self.overdue(recipient, self.now)})
        return [moments[0] - 1, *moments] if moments else []

    def settle(
        self,
        chosen: Sequence[Modelled],
        status: Status,
        until: int | None = None,
        *,
        tells: bool = False,
        delivered: Sequence[Modelled] = (),
    ) -> list[Modelled]:
        """Take a step with each that may take it; returns those. tells: the sender hears of it."""
        taken = [one for one in chosen if one.may(status)]
        for one in taken:
            one.step(status, self.now, until)
            if tells:
                self.returned.append((one.reference, self.now))
            if status is Status.RETRIES_EXHAUSTED:
                self.exhausted.append((one.recipient, one.sequence))
        for one in delivered:
            one.step(Status.DELIVERED, self.now)
        return taken

    def requeue(self, addressed: Sequence[Modelled]) -> tuple[int, int]:
        """Put what was sent into the queue again; returns how many were revived, and how many were added."""
        revived = added = 0
        for original in addressed:
            copies = [one for one in self.of(original.recipient) if one.transaction == original.transaction]
            given_up = [one for one in copies if one.state in GIVEN_UP]
            if any(one.state in OPEN for one in copies):
                continue
            if given_up:
                given_up[-1].step(Status.REQUEUED, self.now)
                revived += 1
            else:
                again = self._add(original.reference, original.transaction, original.recipient)
                again.replay, again.requeued = 1, True
                added += 1
        return revived, added

    def _add(self, reference: str, transaction: str, recipient: DipId) -> Modelled:
        place, sequence = len(self.deliveries), len(self.of(recipient)) + 1
        self.deliveries.append(Modelled(place, reference, transaction, recipient, sequence, self.now))
        return self.deliveries[-1]

    def take_in(
        self, batch: Sequence[tuple[str, str, Sequence[DipId]]], transactions: Sequence[str], *, all_or_nothing: bool
    ) -> list[Verdict]:
        """Take in what is new of a request."""
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
        for (reference, _, recipients), transaction, verdict in zip(batch, transactions, verdicts, strict=True):
            if verdict is Verdict.NEW:
                for recipient in recipients:
                    self._add(reference, transaction, recipient)
        return verdicts
