"""What a look-up says of itself: the rule, the row used, the near misses (5.5.14)."""

from collections.abc import Sequence
from functools import cached_property

import msgspec

from dip.appointments.history import History, Knowledge, Row
from dip.messages.identifiers import DipId, EventCode, InterfaceId, Mpan, RoleCode
from dip.routing.dates import Span
from dip.routing.route import Party, RecipientClass

_PARTS = {
    RecipientClass.PRIMARY: "named by the sender",
    RecipientClass.SECONDARY: "looked up by MPAN",
    RecipientClass.ALWAYS: "always",
}


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """The part of a channel's routing that brings a role into play.

    group: the roles of which one is held at a time, this one included. events: those that have the rule. or_named: a
    recipient that the sender names takes the place of the one looked up. optional: only who signed up for the channel.
    also: whoever held the role before the change that the message is about. only_when: what the message has to say.
    """

    part: RecipientClass
    role: RoleCode
    group: tuple[RoleCode, ...]
    events: tuple[EventCode, ...]
    or_named: bool = False
    optional: bool = False
    also: bool = False
    only_when: str | None = None

    @property
    def words(self) -> str:
        """The rule in one line."""
        said = [f"{_PARTS[self.part]}: {' or '.join(self.group)}"]
        said += ["whoever held it before the change"] if self.also else []
        said += ["unless the sender names one"] if self.or_named else []
        said += ["of those who signed up for the channel"] if self.optional else []
        said += [f"only when {self.only_when}"] if self.only_when else []
        return ", ".join(said)


class Recipient(msgspec.Struct, frozen=True):
    """Who gets it. rule, row: None where the question names no channel, or the role needs no row."""

    party: Party
    rule: Rule | None = None
    row: Row | None = None


class NearMiss(msgspec.Struct, frozen=True):
    """Who might have been expected and does not get it, and why. dip_id: None where a role has nobody."""

    role: RoleCode
    why: str
    dip_id: DipId | None = None
    row: Row | None = None


class Thought(msgspec.Struct, frozen=True, dict=True):
    """An MPAN's appointments as they were thought to be at a microsecond.

    message: as the routing of that message knew them, by its number in the store.
    """

    mpan: Mpan
    history: History
    known_at: int
    message: int | None = None

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The rows that were thought to hold, past and future ones, by role and start."""
        return sorted(self.history.as_known(self.known_at, self.message), key=_place)

    @cached_property
    def others(self) -> Sequence[Row]:
        """Every other row: replaced by then, or not yet known."""
        thought = set(map(id, self.rows))
        return sorted((row for row in (*self.history.rows, *self.history.past) if id(row) not in thought), key=_place)

    @cached_property
    def replaced(self) -> Sequence[Row]:
        """The rows that had been replaced by then."""
        return [row for row in self.others if self.is_known(self.history.knowledge[row.known])]

    def is_known(self, one: Knowledge) -> bool:
        """Whether something was known then."""
        return one.at <= self.known_at if self.message is None else self._before_message(one, self.message)

    def _before_message(self, one: Knowledge, message: int) -> bool:
        return one.message < message if one.at == self.known_at and one.message is not None else one.at <= self.known_at


class Explanation(msgspec.Struct, frozen=True):
    """A look-up: who gets it and why, and who does not. channel: None where every role was asked for."""

    thought: Thought
    spans: Sequence[Span]
    recipients: Sequence[Recipient]
    near_misses: Sequence[NearMiss]
    channel: InterfaceId | None = None
    event: EventCode | None = None


def _place(row: Row) -> tuple[str, int, int]:
    return row.role, row.starts, row.known
