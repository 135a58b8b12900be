"""What changes an MPAN's appointments: an appointment, its move or end, the end of all, its taking back (5.5.14)."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from dip.appointments.history import OPEN, History, Knowledge, Row
from dip.messages.identifiers import DipId, RoleCode

MOST_KNOWLEDGE: Final = 60_000
"""Changes of one MPAN; more than its form on disk can number would be refused."""


class Kind(StrEnum):
    """What becomes of an appointment."""

    APPOINT = "appoint"
    MOVE = "move"
    END = "end"
    END_ALL = "end_all"
    RESUME = "resume"


class Change(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, array_like=True):
    """One change. Moments are seconds since 1970 UTC.

    among: the roles of which one is held at a time; empty: all. role: which of them; None where nobody could say.
    party: who is meant; None: whoever holds it. at: from when, or, of an end, until when (exclusive).
    ends: of an appointment that is known to end; OPEN: it holds until the next one begins.
    """

    kind: Kind
    at: int
    among: tuple[RoleCode, ...] = ()
    role: RoleCode | None = None
    party: DipId | None = None
    ends: int = OPEN
    only_new: bool = False


class Amended(msgspec.Struct, frozen=True):
    """A history after changes; `is_new` where anything is other than before. faults: of what could not be applied."""

    history: History
    is_new: bool
    faults: Sequence[str]


def amend(history: History, changes: Iterable[Change], knowledge: Knowledge) -> Amended:
    """The history with these changes, which became known together; what was thought before stays in it.

    Knowledge is kept in order: what is said to be known earlier than the last is known at the same time.
    """
    work = _Amendment(history)
    faults = [fault for change in changes if (fault := work.apply(change)) is not None]
    if not work.is_new:
        return Amended(history, is_new=False, faults=faults)
    if len(history.knowledge) >= MOST_KNOWLEDGE:
        return Amended(history, is_new=False, faults=[*faults, "the MPAN has more changes than can be kept"])
    if history.knowledge and knowledge.at < history.knowledge[-1].at:
        knowledge = msgspec.structs.replace(knowledge, at=history.knowledge[-1].at)
    if work.ends_all:
        knowledge = msgspec.structs.replace(knowledge, ends_all=True)
    rows = sorted(work.rows, key=lambda row: (row.starts, row.role, row.dip_id))
    return Amended(History([*history.knowledge, knowledge], rows, work.past), is_new=True, faults=faults)


class _Amendment:
    """One history while changes are applied to it."""

    def __init__(self, history: History) -> None:
        self._before = history
        self._number = len(history.knowledge)
        self.rows = list(history.rows)
        self.past = list(history.past)
        self.is_new = False
        self.ends_all = False

    def apply(self, change: Change) -> str | None:
        """Apply one change; what is wrong with it, in words, or None."""
        if change.only_new and self._before.rows:
            return None
        match change.kind:
            case Kind.APPOINT | Kind.MOVE:
                if change.role is None or change.party is None:
                    return _nobody(change)
                if change.kind is Kind.MOVE:
                    return self._move(change, change.role, change.party)
                among = frozenset(change.among) or frozenset((change.role,))
                self._appoint(Row(change.role, change.party, change.at, change.ends, self._number), among)
                return None
            case Kind.END if change.party is not None:
                return self._end_of(change.party, change)
            case Kind.END:
                self._cut(self._held_at(change.among, change.at), change.at)
                return None
            case Kind.END_ALL:
                return self._end_all(change.at)
            case Kind.RESUME:
                return self._resume(change.at)

    def _appoint(self, new: Row, among: Collection[RoleCode]) -> None:
        """Put the row in; those of the same roles make room. Without an end it holds until the next one begins."""
        others = [row for row in self.rows if row.role in among and row.starts != new.starts]
        same = [row for row in self.rows if row.role in among and row.starts == new.starts]
        ends = new.ends
        if ends == OPEN:
            ends = min((row.starts for row in others if row.starts > new.starts), default=OPEN)
        if ends != new.ends:
            new = msgspec.structs.replace(new, ends=ends)
        if len(same) == 1 and _alike(same[0], new):
            return
        for row in same:
            self._replace(row)
            if row.ends > new.ends and new.ends != OPEN and row.dip_id != new.dip_id:
                self._add(row, max(row.starts, new.ends), row.ends)
        for row in others:
            if row.starts < new.ends and row.ends > new.starts:
                self._replace(row)
                if row.starts < new.starts:
                    self._add(row, row.starts, new.starts)
                if row.ends > new.ends:
                    self._add(row, new.ends, row.ends)
        self._put(new)

    def _move(self, change: Change, role: RoleCode, party: DipId) -> str | None:
        among = frozenset(change.among)
        held = [row for row in self.rows if row.role in among and row.dip_id == party]
        if any(row.starts == change.at for row in held):
            return None
        ends = OPEN
        if held:
            moved = max(held, key=lambda row: row.starts)
            self._replace(moved)
            if moved.ends > change.at:
                ends = moved.ends
            for before in [row for row in self.rows if row.role in among and row.ends == moved.starts]:
                if change.at > moved.starts:
                    self._replace(before)
                    self._add(before, before.starts, change.at)
        self._appoint(Row(role, party, change.at, ends, self._number), among)
        return None

    def _end_of(self, party: DipId, change: Change) -> str | None:
        held = [row for row in self.rows if row.dip_id == party and row.role in change.among]
        if not held:
            return f"{party} is not appointed as {_or(change.among)}, so nothing ends"
        at = change.at
        now = [row for row in held if row.starts < at < row.ends]
        if now:
            self._cut(now, at)
        elif all(row.starts >= at for row in held):
            self._replace(min(held, key=lambda row: row.starts))
        return None

    def _end_all(self, at: int) -> str | None:
        if not self.rows:
            return "the MPAN has no appointment, so nothing ends"
        for row in [row for row in self.rows if row.starts >= at]:
            self._replace(row)
            self.ends_all = True
        for row in [row for row in self.rows if row.ends > at]:
            self._cut([row], at)
            self.ends_all = True
        return None

    def _resume(self, at: int) -> str | None:
        ends = [number for number, one in enumerate(self._before.knowledge) if one.ends_all]
        if not ends:
            return "the MPAN's appointments were not ended together, so nothing goes on"
        for was in [row for row in self.past if row.replaced == ends[-1]]:
            if was.ends <= at:
                continue
            taken = [row for row in self.rows if row.role == was.role]
            cut = next((row for row in taken if row.known == ends[-1] and row.starts == was.starts), None)
            starts = max(was.starts, at)
            if any(row.starts < was.ends and row.ends > starts and row is not cut for row in taken):
                continue
            if cut is not None and cut.ends >= at:
                self._replace(cut)
                starts = was.starts
            self._add(was, starts, was.ends)
        return None

    def _held_at(self, among: Collection[RoleCode], at: int) -> Sequence[Row]:
        return [row for row in self.rows if row.role in among and row.starts < at < row.ends]

    def _cut(self, rows: Iterable[Row], at: int) -> None:
        for row in rows:
            self._replace(row)
            self._add(row, row.starts, at)

    def _replace(self, row: Row) -> None:
        self.rows.remove(row)
        if row.known != self._number:
            self.past.append(msgspec.structs.replace(row, replaced=self._number))
        self.is_new = True

    def _add(self, like: Row, starts: int, ends: int) -> None:
        self._put(Row(like.role, like.dip_id, starts, ends, self._number))

    def _put(self, row: Row) -> None:
        self.rows.append(row)
        self.is_new = True


def _alike(one: Row, other: Row) -> bool:
    return (one.role, one.dip_id, one.starts, one.ends) == (other.role, other.dip_id, other.starts, other.ends)


def _nobody(change: Change) -> str:
    if change.party is None:
        return f"nobody is named for {_or(change.among)}"
    return f"{change.party} is no participant in role {_or(change.among)}"


def _or(roles: Iterable[RoleCode]) -> str:
    return " or ".join(roles)
