"""A message channel and its events, as routing, intake and delivery see them (5.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from dip.channels.formats import MessageFormat
from dip.channels.paths import ItemPath
from dip.channels.payloads import PayloadRetention
from dip.channels.service import Service
from dip.messages.identifiers import EventCode, InterfaceId, RoleCode
from dip.messages.timestamps import end_of_day

Coverage: TypeAlias = Literal["instant", "day", "boundary"]

EVERY_ROLE = RoleCode("*")
"""Stands in `always` for each role that subscribes."""
PUBLICATIONS = "B"
"""The pattern whose messages announce large payloads (5.6)."""


class Correlation(StrEnum):
    """What becomes of the workflow correlation id (5.5.5)."""

    CREATE = "create"
    COPY = "copy"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Routing:
    """The roles that a message goes to: named by the sender, found by MPAN, or every time (5.5.3)."""

    primary: tuple[RoleCode, ...] = ()
    secondary: tuple[RoleCode, ...] = ()
    always: tuple[RoleCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """An item with a certain value."""

    path: ItemPath
    value: str

    def holds(self, common: Any, custom: Any) -> bool:
        """Whether the item stands in these typed blocks with that value."""
        return self.value in self.path.values(common, custom)


@dataclass(frozen=True, slots=True)
class AddressingDate:
    """Where a date for the look-up stands, and how much time it stands for.

    covers: an instant, a whole UTC day, or the two sides of a boundary (a reading at a change of supplier
    goes to both). until: the item with the last date, where every day between counts too.
    """

    path: ItemPath
    covers: Coverage = "instant"
    until: ItemPath | None = None


@dataclass(frozen=True, slots=True)
class FormerHolder:
    """Also addressed: whoever held the role before the date at that path."""

    role: RoleCode
    before: ItemPath


class Verb(StrEnum):
    """What a message says about an appointment."""

    APPOINT = "appoint"
    MOVE = "move"
    """A change of hands that was to be at another time is now then."""
    END = "end"
    RESUME = "resume"
    """What ended altogether goes on."""


@dataclass(frozen=True, slots=True)
class AppointmentRule:
    """What messages of an event say about who is appointed for their MPAN (5.5.14).

    roles: one of them at a time; EVERY_ROLE alone where all are meant. at: from when, or for an end until when,
    exclusive. party: who; None: whoever holds it. only_new: for an MPAN without any appointment alone.
    last_day: of an end, the local day of `at` is the last that still counts (DI-121, DI-500).
    """

    verb: Verb
    roles: tuple[RoleCode, ...]
    at: ItemPath
    party: ItemPath | None = None
    only_new: bool = False
    when: Condition | None = None
    last_day: bool = False

    def takes_effect(self, stated: datetime) -> datetime:
        """When it takes effect, for the time that stands at `at`."""
        return end_of_day(stated) if self.last_day else stated

    def __str__(self) -> str:
        until = "on to the end of the day of" if self.last_day else "until"
        words = [f"{self.verb} {' '.join(self.roles)}"]
        words += [f"({self.party or 'whoever holds it'})"] if self.verb is not Verb.RESUME else []
        words.append(f"{until if self.verb is Verb.END else 'from'} {self.at}")
        words += ["for a new MPAN"] if self.only_new else []
        words += [f"when {self.when.path} is {self.when.value}"] if self.when else []
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of message on a channel."""

    code: EventCode
    meaning: str
    senders: frozenset[RoleCode]
    format: MessageFormat
    """Of the current edition."""
    editions: Mapping[str, MessageFormat]
    """By S0.schemaVersion: every edition that is accepted."""
    usual_routing: Routing
    usual_correlation: Correlation
    routing_by_sender: Mapping[RoleCode, Routing]
    correlation_by_sender: Mapping[RoleCode, Correlation]
    wider_when: Condition | None
    """Secondary and always recipients get the message only where this holds; None: every time."""
    addressing_dates: tuple[AddressingDate, ...]
    routing_mpans: tuple[ItemPath, ...]
    also: tuple[FormerHolder, ...]
    appointments: tuple[AppointmentRule, ...] = ()

    def format_of(self, version: object) -> MessageFormat:
        """The format of the edition that a message says it has; the current one where there is no such edition."""
        return self.editions.get(version, self.format) if isinstance(version, str) else self.format

    def routing(self, sender: RoleCode) -> Routing:
        """The routing of a message from a sender in that role."""
        return self.routing_by_sender.get(sender, self.usual_routing)

    def correlation(self, sender: RoleCode) -> Correlation:
        """What happens to the correlation id of a message from a sender in that role."""
        return self.correlation_by_sender.get(sender, self.usual_correlation)

    def recipients(self) -> frozenset[RoleCode]:
        """Every role that can get this event."""
        routings = (self.usual_routing, *self.routing_by_sender.values())
        roles = {role for one in routings for role in (*one.primary, *one.secondary, *one.always)}
        return frozenset(roles | {holder.role for holder in self.also})


@dataclass(frozen=True, slots=True)
class Channel:
    """A message channel. Durations are business time."""

    id: InterfaceId
    name: str
    publication: str
    pattern: str
    """A (messages), B (publications) or C (request and reply)."""
    category: int
    signed: bool
    encrypted: bool
    senders: frozenset[RoleCode]
    recipients: frozenset[RoleCode]
    optional_roles: frozenset[RoleCode]
    """Recipients that sign up for the channel themselves (5.7.1)."""
    events: Mapping[EventCode, Event]
    """By code in square brackets, as in a message."""
    archive_for: timedelta
    dead_letter_after: timedelta
    hidden: Mapping[RoleCode, tuple[str, ...]]
    """Paths of the items that a role does not get (5.5.6)."""
    purpose: str = ""
    exchange: str = ""
    note: str = ""
    processes: tuple[str, ...] = ()
    reply_within: timedelta | None = None
    """A synchronous channel: how long the sender's call waits for the correlated reply (5.4)."""
    service: Service | None = None
    """What the DIP itself does with messages that are addressed to it."""
    payloads: PayloadRetention | None = None
    """Of pattern B: how long what is published stays. Such a message's own content goes when everybody has it."""
