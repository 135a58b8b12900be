"""What happened to some messages, in order of time: who sent what to whom, and how it ended (5.11.3).

Plain data made of rows of the store; drawing it, or playing it, is for others.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from dip.messages.identifiers import DIP, CorrelationId, DipId, EventCode, InterfaceId, RoleCode, TransactionId
from dip.store.page_records import MessageRow, Sent
from dip.store.records import DeliveryState


class Act(StrEnum):
    """What is done."""

    SENT = "sent"
    """A participant sends a message to the DIP."""
    HANDED_ON = "handed on"
    """The DIP sends it on to a recipient, or will."""
    REPORTED = "reported"
    """A recipient says in a status message what is wrong with it (5.5.9)."""
    RETURNED = "returned"
    """The DIP sends a status message on, or will."""


class Outcome(StrEnum):
    """How it ended, in the words of a page."""

    ACCEPTED = "accepted"
    NOBODY = "for nobody"
    """Accepted, but there is no recipient."""
    DELIVERED = "delivered"
    WAITING = "waiting"
    HANDED_OUT = "handed out"
    REJECTED = "rejected"
    DEAD = "dead letter"
    WITHDRAWN = "withdrawn"

    @property
    def failed(self) -> bool:
        """Whether it will not arrive as things are."""
        return self in _FAILED

    @property
    def under_way(self) -> bool:
        """Whether it may still arrive."""
        return self in _UNDER_WAY


_FAILED: Final = frozenset({Outcome.NOBODY, Outcome.REJECTED, Outcome.DEAD, Outcome.WITHDRAWN})
_UNDER_WAY: Final = frozenset({Outcome.WAITING, Outcome.HANDED_OUT})
_OUTCOMES: Final = {
    DeliveryState.WAITING: Outcome.WAITING,
    DeliveryState.LEASED: Outcome.HANDED_OUT,
    DeliveryState.DELIVERED: Outcome.DELIVERED,
    DeliveryState.REJECTED: Outcome.REJECTED,
    DeliveryState.DEAD: Outcome.DEAD,
    DeliveryState.WITHDRAWN: Outcome.WITHDRAWN,
}
_ORDER: Final = {Act.SENT: 0, Act.HANDED_ON: 1, Act.REPORTED: 2, Act.RETURNED: 3}


class Party(msgspec.Struct, frozen=True):
    """Somebody who took part, and in which roles as far as that is known. The DIP has none."""

    dip_id: DipId
    roles: tuple[RoleCode, ...] = ()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, or that is still to come: then `at` is since when it waits.

    number: of its message among those shown, from 1. after: how long after the one before; None for the first.
    attempts: calls made for it. again: a replay asked for it. code: of a status message. answers: the number of the
    message to which this one is the reply, where it is one. status_code: what the recipient answered the last call
    with, where that was no success.
    """

    at: datetime
    after: timedelta | None = None
    sender: DipId
    recipient: DipId
    act: Act
    outcome: Outcome
    number: int
    transaction_id: TransactionId
    interface: InterfaceId
    event: EventCode
    attempts: int = 0
    again: bool = False
    code: str | None = None
    answers: int | None = None
    status_code: int | None = None


class MessageSequence(msgspec.Struct, frozen=True):
    """What happened, in order of time, and who took part, from left to right."""

    parties: tuple[Party, ...]
    events: tuple[Event, ...]
    messages: int


def message_sequence(messages: Iterable[MessageRow], sent: Iterable[Sent]) -> MessageSequence:
    """What happened to these messages; sent: what was sent on of them, as far as whoever asks may know.

    Whoever sends first stands left of the DIP, who first gets something right of it.
    """
    rows = sorted(messages, key=lambda row: (row.received_at, row.id))
    by_message: defaultdict[int, list[Sent]] = defaultdict(list)
    for one in sent:
        by_message[one.message].append(one)
    answers = _replies(rows, by_message)
    events: list[Event] = []
    for number, row in enumerate(rows, 1):
        events += _events(number, row, by_message[row.id], answers.get(number))
    events.sort(key=lambda event: (event.at, event.number, _ORDER[event.act]))
    timed = [
        event if before is None else msgspec.structs.replace(event, after=event.at - before.at)
        for before, event in zip([None, *events], events, strict=False)
    ]
    return MessageSequence(_parties(rows, by_message, timed), tuple(timed), len(rows))


def _events(number: int, row: MessageRow, sent: Sequence[Sent], answers: int | None) -> list[Event]:
    def event(at: datetime, sender: DipId, recipient: DipId, act: Act, outcome: Outcome, one: Sent | None) -> Event:
        handed = one is not None and act is not Act.REPORTED
        return Event(
            at=at,
            sender=sender,
            recipient=recipient,
            act=act,
            outcome=outcome,
            number=number,
            transaction_id=row.transaction_id,
            interface=row.interface,
            event=row.event,
            attempts=one.attempts if one is not None and handed else 0,
            again=one is not None and handed and one.again,
            code=one.code if one is not None else None,
            answers=answers if act is Act.SENT else None,
            status_code=one.status_code if one is not None and handed and outcome is not Outcome.DELIVERED else None,
        )

    found = []
    if row.sender != DIP or not row.deliveries:
        outcome = Outcome.ACCEPTED if row.deliveries else Outcome.NOBODY
        found.append(event(row.received_at, row.sender, DIP, Act.SENT, outcome, None))
    reported = set()
    for one in sent:
        at = one.settled_at if one.settled_at is not None else one.queued_at
        act = Act.HANDED_ON if one.code is None else Act.RETURNED
        if one.code is not None and one.origin not in (None, DIP) and one.reported_at is not None:
            report = (one.origin, one.code, one.reported_at)
            if report not in reported:
                reported.add(report)
                found.append(event(one.reported_at, one.origin or DIP, DIP, Act.REPORTED, Outcome.ACCEPTED, one))
        found.append(event(at, DIP, one.recipient, act, _OUTCOMES[one.state], one))
    return found


def _replies(rows: Sequence[MessageRow], by_message: dict[int, list[Sent]]) -> dict[int, int]:
    """Which message answers which: the last one before it, of its correlation, that its sender got from another."""
    answers: dict[int, int] = {}
    got: dict[tuple[CorrelationId, DipId], int] = {}
    for number, row in enumerate(rows, 1):
        if row.correlation_id is None:
            continue
        if (asked := got.get((row.correlation_id, row.sender))) is not None:
            answers[number] = asked
        for one in by_message.get(row.id, ()):
            if one.code is None and one.recipient != row.sender:
                got[row.correlation_id, one.recipient] = number
    return answers


def _parties(
    rows: Sequence[MessageRow], by_message: dict[int, list[Sent]], events: Sequence[Event]
) -> tuple[Party, ...]:
    roles: defaultdict[DipId, dict[RoleCode, None]] = defaultdict(dict)
    for row in rows:
        roles[row.sender][row.sender_role] = None
        for one in by_message.get(row.id, ()):
            roles[one.recipient].update(dict.fromkeys(one.roles))
    left: dict[DipId, None] = {}
    right: dict[DipId, None] = {}
    for event in events:
        for dip_id, side, other in ((event.sender, left, right), (event.recipient, right, left)):
            if dip_id != DIP and dip_id not in other:
                side[dip_id] = None
    # Who came first among those who get something stands next to the DIP; so does the first sender.
    order = [*reversed(left), DIP, *right]
    return tuple(Party(dip_id, () if dip_id == DIP else tuple(roles[dip_id])) for dip_id in order)
