"""The path of one message as a page draws it: stages, their times, and a branch for each recipient."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from dip.messages.identifiers import DipId
from dip.store.page_records import Delivery, JournalRow, MessageDetail
from dip.store.records import DeliveryState, Stage, Status

Tone: TypeAlias = Literal["good", "waiting", "bad"]

_GOOD: Final = frozenset({Status.GOOD_TO_GO, Status.OK, Status.SENT_TO_TOPIC, Status.DELIVERED})
_WAITING: Final = frozenset(
    {
        *(Status.RETRYING, Status.UNKNOWN_DELIVERY_STATUS, Status.PAUSED),
        *(Status.LEASED, Status.REQUEUED, Status.QUEUED_AGAIN),
    }
)
_WORDS: Final = {Status.LEASED: "Handed out", Status.QUEUED_AGAIN: "Queued again"}
_STATES: Final[dict[DeliveryState, Tone]] = {
    DeliveryState.WAITING: "waiting",
    DeliveryState.LEASED: "waiting",
    DeliveryState.DELIVERED: "good",
}


class Route(msgspec.Struct, frozen=True, rename="camel"):
    """Why a participant gets a message: primary, secondary or always, by which role, for what reason."""

    dip_id: DipId
    role: str = ""
    class_: str = msgspec.field(default="", name="class")
    reason: str = ""


class Addressing(msgspec.Struct, frozen=True):
    """What the journal says of the routing (5.5.3)."""

    recipients: tuple[Route, ...] = ()
    notes: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """A stage with its time, how long after the one before, and its journal rows."""

    title: str
    tone: Tone
    at: datetime | None
    after: timedelta | None
    rows: tuple[JournalRow, ...] = ()


class Branch(msgspec.Struct, frozen=True):
    """One recipient: why it is one, how its delivery stands, each attempt.

    earlier: its deliveries before the last one, where the message was requeued.
    """

    recipient: DipId
    tone: Tone
    routes: tuple[Route, ...]
    delivery: Delivery | None
    attempts: tuple[JournalRow, ...]
    earlier: tuple[Delivery, ...] = ()

    @property
    def dead_letter(self) -> bool:
        """Whether its delivery was given up and stands among the dead letters (5.5.8)."""
        return self.delivery is not None and self.delivery.state is DeliveryState.DEAD

    @property
    def took(self) -> timedelta | None:
        """From the queue to the end, where it has ended."""
        if self.delivery is None or self.delivery.settled_at is None:
            return None
        return self.delivery.settled_at - self.delivery.queued_at


class MessagePath(msgspec.Struct, frozen=True):
    """The way of one message: received, checked, wrapped, routed, committed, queued, sent."""

    received: Step
    checked: Step
    wrapped: Step
    routed: Step
    committed: Step
    queued: Step
    sent: Step
    addressing: Addressing
    branches: tuple[Branch, ...]
    returned: tuple[JournalRow, ...]
    """The steps of status messages about it."""
    updated: Step | None = None
    """What became in the MPAN table of what it says about appointments (stage MPANUpdateQueue)."""

    @property
    def returned_tone(self) -> Tone:
        """How the last of them stands."""
        return tone_of(self.returned[-1].status) if self.returned else "waiting"


def path_of(message: MessageDetail) -> MessagePath:
    """The path of a message, from its rows in the store.

    Wrapping and queueing have no time of their own: the one is part of the check, the other of the commit.
    """
    by_stage: defaultdict[Stage, list[JournalRow]] = defaultdict(list)
    for row in message.journal:
        by_stage[row.stage].append(row)
    inbound = tuple(by_stage[Stage.INBOUND])
    routing, updates = tuple(by_stage[Stage.ADDRESSING]), tuple(by_stage[Stage.MPAN_UPDATE_QUEUE])
    addressing = _addressing(routing)
    branches = _branches(message.deliveries, addressing, by_stage[Stage.OUTBOUND])
    answered_at = message.evidence.at + timedelta(microseconds=message.evidence.duration_us)
    times = _Times(message.received_at)
    return MessagePath(
        received=times.step("Received", message.received_at),
        checked=times.step("Checked", _last(inbound), inbound),
        wrapped=times.step("Wrapped", None),
        routed=times.step("Routed", _last(routing), routing),
        committed=times.step("Committed", answered_at),
        queued=times.step("Queued", None, tone=None if branches else "waiting"),
        sent=times.step("Sent", _first(by_stage[Stage.OUTBOUND]), tone=worst(b.tone for b in branches)),
        addressing=addressing,
        branches=branches,
        returned=tuple(by_stage[Stage.STATUS_MESSAGE]),
        updated=times.step("MPAN table", _last(updates), updates) if updates else None,
    )


def tone_of(status: Status) -> Tone:
    """How a journal status is coloured."""
    if status in _GOOD:
        return "good"
    return "waiting" if status in _WAITING else "bad"


def words_of(status: Status) -> str:
    """A journal status as a page writes it: the published ones as they are."""
    return _WORDS.get(status, status.value)


def tone_of_state(state: DeliveryState) -> Tone:
    """How a delivery's state is coloured."""
    return _STATES.get(state, "bad")


def worst(tones: Iterable[Tone]) -> Tone:
    """The worst of several; waiting where there is none."""
    found = set(tones)
    if "bad" in found:
        return "bad"
    return "good" if found == {"good"} else "waiting"


class _Times:
    """Hands out steps, each with the time since the last one whose time is known."""

    def __init__(self, start: datetime) -> None:
        self._last = start

    def step(
        self, title: str, at: datetime | None, rows: tuple[JournalRow, ...] = (), tone: Tone | None = None
    ) -> Step:
        after = at - self._last if at is not None and at > self._last else None
        if at is not None:
            self._last = max(at, self._last)
        if tone is None:
            tone = worst(tone_of(row.status) for row in rows) if rows else "good"
        return Step(title, tone, at, after, rows)


def _addressing(rows: Sequence[JournalRow]) -> Addressing:
    for row in reversed(rows):
        if row.detail:
            try:
                return msgspec.json.decode(row.detail, type=Addressing)
            except msgspec.DecodeError:
                return Addressing(notes=(row.detail,))
    return Addressing()


def _branches(
    deliveries: Iterable[Delivery], addressing: Addressing, outbound: Iterable[JournalRow]
) -> tuple[Branch, ...]:
    routes: defaultdict[DipId, list[Route]] = defaultdict(list)
    for route in addressing.recipients:
        routes[route.dip_id].append(route)
    attempts: defaultdict[DipId, list[JournalRow]] = defaultdict(list)
    for row in outbound:
        if row.recipient is not None:
            attempts[row.recipient].append(row)
    by_recipient: defaultdict[DipId, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_recipient[delivery.recipient].append(delivery)
    branches = []
    for recipient in dict.fromkeys((*routes, *by_recipient)):
        held = by_recipient[recipient]
        last = held[-1] if held else None
        tone = tone_of_state(last.state) if last is not None else "waiting"
        earlier = tuple(held[:-1])
        branches.append(Branch(recipient, tone, tuple(routes[recipient]), last, tuple(attempts[recipient]), earlier))
    return tuple(branches)


def _last(rows: Sequence[JournalRow]) -> datetime | None:
    return max((row.at for row in rows), default=None)


def _first(rows: Sequence[JournalRow]) -> datetime | None:
    return min((row.at for row in rows), default=None)
