"""Look-ups by MPAN as the administration API shows them (5.5.14)."""

from collections.abc import Iterable, Mapping

import msgspec

from dip.appointments.history import OPEN, STANDS, Knowledge, Row
from dip.ground.clock import moment
from dip.messages.identifiers import DipId, EventCode, InterfaceId, Mpan, RoleCode, TransactionId
from dip.messages.timestamps import wire_time
from dip.routing.explanation import Explanation, NearMiss, Recipient, Rule, Thought

_SECOND = 1_000_000


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """What brought or replaced a row: the message, by its transaction id, or the import, by its name."""

    message: TransactionId | None = None
    run: str | None = None


class Origins(msgspec.Struct, frozen=True):
    """The names of messages and imports by their numbers; a number that is missing may not be known to the visitor."""

    messages: Mapping[int, TransactionId]
    runs: Mapping[int, str]

    def of(self, one: Knowledge) -> Origin | None:
        """Where something that the DIP knows came from; None where nobody can say any more."""
        message = self.messages.get(one.message) if one.message is not None else None
        run = self.runs.get(one.run) if one.run is not None else None
        return Origin(message, run) if message is not None or run is not None else None


class RowView(msgspec.Struct, frozen=True, rename="camel"):
    """An appointment. Times have 25 characters; effective_to is exclusive, None: open. replaced_at: None: it stands."""

    role: RoleCode
    dip_id: DipId
    effective_from: str
    effective_to: str | None
    known_since: str
    replaced_at: str | None
    origin: Origin | None
    replaced_by: Origin | None


class RecipientView(msgspec.Struct, frozen=True, rename="camel"):
    """A recipient with its class, a reason in words, the rule of the channel and the row used."""

    dip_id: DipId
    role: RoleCode
    class_: str = msgspec.field(name="class")
    reason: str
    rule: Rule | None
    row: RowView | None


class NearMissView(msgspec.Struct, frozen=True, rename="camel"):
    """Who might have been expected, and why not. dip_id: None where nobody has the role."""

    dip_id: DipId | None
    role: RoleCode
    why: str
    row: RowView | None


class LookUpView(msgspec.Struct, frozen=True, rename="camel"):
    """Who gets a message about an MPAN at a moment, and why.

    known_at: the appointments are those that were thought to hold then. replaced: those that were thought earlier.
    """

    mpan: Mpan
    at: str
    known_at: str
    channel: InterfaceId | None
    event: EventCode | None
    recipients: list[RecipientView]
    near_misses: list[NearMissView]
    appointments: list[RowView]
    replaced: list[RowView]


class Views:
    """Makes views of one MPAN's rows. is_whole: what was thought before may be shown, too."""

    def __init__(self, thought: Thought, origins: Origins, *, is_whole: bool) -> None:
        self._thought = thought
        self._origins = origins
        self._is_whole = is_whole

    def look_up(self, found: Explanation) -> LookUpView:
        """A look-up."""
        thought = self._thought
        return LookUpView(
            mpan=thought.mpan,
            at=wire_time(moment(found.spans[0].first)),
            known_at=moment(thought.known_at).isoformat(timespec="microseconds"),
            channel=found.channel,
            event=found.event,
            recipients=[self.recipient(one) for one in found.recipients],
            near_misses=self.near_misses(found),
            appointments=self.rows(thought.rows),
            replaced=self.rows(thought.replaced) if self._is_whole else [],
        )

    def recipient(self, one: Recipient) -> RecipientView:
        """A recipient."""
        party = one.party
        row = None if one.row is None else self.row(one.row)
        return RecipientView(party.dip_id, party.role, party.found_as.value, party.reason, one.rule, row)

    def near_misses(self, found: Explanation) -> list[NearMissView]:
        """The near misses; of rows that do not stand only where all may be shown."""
        stands = set(map(id, self._thought.rows))
        return [
            self._missed(one) for one in found.near_misses if self._is_whole or one.row is None or id(one.row) in stands
        ]

    def rows(self, rows: Iterable[Row]) -> list[RowView]:
        """Rows in order."""
        return [self.row(row) for row in rows]

    def row(self, row: Row) -> RowView:
        """A row with where it came from."""
        knowledge = self._thought.history.knowledge
        known = knowledge[row.known]
        replaced = None if row.replaced == STANDS or not self._is_whole else knowledge[row.replaced]
        return RowView(
            role=row.role,
            dip_id=row.dip_id,
            effective_from=wire_time(moment(row.starts * _SECOND)),
            effective_to=None if row.ends >= OPEN else wire_time(moment(row.ends * _SECOND)),
            known_since=wire_time(moment(known.at)),
            replaced_at=None if replaced is None else wire_time(moment(replaced.at)),
            origin=self._origins.of(known),
            replaced_by=None if replaced is None else self._origins.of(replaced),
        )

    def _missed(self, one: NearMiss) -> NearMissView:
        return NearMissView(one.dip_id, one.role, one.why, None if one.row is None else self.row(one.row))
