"""What changes an MPAN's appointments: an appointment, its move or end, the end of all, its taking back (5.5.14)."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from dip.appointments.history import OPEN, History, Knowledge, Row, order
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
    ends: of an appointment; OPEN: none is known, and it holds until the next one begins; None: of its end nothing is
    said, so one that is known already stays as it is, and another holds until the next one begins.
    """

    kind: Kind
    at: int
    among: tuple[RoleCode, ...] = ()
    role: RoleCode | None = None
    party: DipId | None = None
    ends: int | None = None
    only_new: bool = False


class Amended(msgspec.Struct, frozen=True):
    """A history after changes; `is_new` where anything is other than before. faults: of what could not be applied.

    idle: how many of the changes said what was so already.
    """

    history: History
    is_new: bool
    faults: Sequence[str]
    idle: int = 0


def amend(history: History, changes: Iterable[Change], knowledge: Knowledge) -> Amended:
    """The history with these changes, which became known together; what was thought before stays in it.

    Knowledge is kept in order: what is said to be known earlier than the last is known at the same time.
    """
    work = _Amendment(history, knowledge.message)
    faults: list[str] = []
    idle = 0
    for change in changes:
        steps = work.steps
        fault = work.apply(change)
        if fault is not None:
            faults.append(fault)
        elif work.steps == steps:
            idle += 1
    if not work.is_other:
        return Amended(history, is_new=False, faults=faults, idle=idle)
    if len(history.knowledge) >= MOST_KNOWLEDGE:
        return Amended(history, is_new=False, faults=[*faults, "the MPAN has more changes than can be kept"])
    if history.knowledge and knowledge.at < history.knowledge[-1].at:
        knowledge = msgspec.structs.replace(knowledge, at=history.knowledge[-1].at)
    if work.ends_all:
        knowledge = msgspec.structs.replace(knowledge, ends_all=True)
    rows = sorted(work.rows, key=order)
    return Amended(History([*history.knowledge, knowledge], rows, work.past), is_new=True, faults=faults, idle=idle)


class _Amendment:
    """One history while changes are applied to it."""

    def __init__(self, history: History, message: int | None) -> None:
        self._before = history
        self._message = message
        self._number = len(history.knowledge)
        self.rows = list(history.rows)
        self.past = list(history.past)
        self.steps = 0
        """How often a row came or went."""
        self.ends_all = False

    @property
    def is_other(self) -> bool:
        """Whether other rows stand than before; one may have gone and come again."""
        return self.steps > 0 and {_said(row) for row in self.rows} != {_said(row) for row in self._before.rows}

    def apply(self, change: Change) -> str | None:
        """Apply one change; what is wrong with it, in words, or None."""
        if change.only_new and self._was_known():
            return None
        match change.kind:
            case Kind.APPOINT | Kind.MOVE:
                if change.role is None or change.party is None:
                    return _nobody(change)
                if change.kind is Kind.MOVE:
                    return self._move(change, change.role, change.party)
                among = frozenset(change.among) or frozenset((change.role,))
                if change.ends is None and self._is_known(change.role, change.party, change.at):
                    return None
                ends = OPEN if change.ends is None else change.ends
                self._appoint(Row(change.role, change.party, change.at, ends, self._number), among)
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

    def _is_known(self, role: RoleCode, party: DipId, starts: int) -> bool:
        return any((row.role, row.dip_id, row.starts) == (role, party, starts) for row in self.rows)

    def _appoint(self, new: Row, among: Collection[RoleCode]) -> None:
        """Put the row in; those of the same roles make room. Without an end it holds until the next one begins."""
        others = [row for row in self.rows if row.role in among and row.starts != new.starts]
        same = [row for row in self.rows if row.role in among and row.starts == new.starts]
        takes_over = new.ends == OPEN
        if takes_over:
            ends = min((row.starts for row in others if row.starts > new.starts), default=OPEN)
            new = msgspec.structs.replace(new, ends=ends)
        met = [row for row in others if row.starts < new.ends and row.ends > new.starts]
        if not met and len(same) == 1 and _said(same[0]) == _said(new):
            return
        for row in same:
            self._replace(row)
            if row.ends > new.ends and not takes_over and row.dip_id != new.dip_id:
                self._add(row, new.ends, row.ends)
        for row in met:
            self._replace(row)
            if row.starts < new.starts:
                self._add(row, row.starts, new.starts)
            # Whoever held it until somebody took over does no more, also where imported rows met.
            if row.ends > new.ends and not takes_over:
                self._add(row, new.ends, row.ends)
        self._put(new)

    def _move(self, change: Change, role: RoleCode, party: DipId) -> str | None:
        among = frozenset(change.among)
        held = [row for row in self.rows if row.role in among and row.dip_id == party]
        if any(row.starts == change.at for row in held):
            return None
        ends = OPEN
        if held:
            moved = max(held, key=lambda row: (row.starts, row.role == role))
            role = moved.role
            self._replace(moved)
            if moved.ends > change.at:
                ends = moved.ends
            rest = [row for row in self.rows if row.role in among]
            until = min((row.starts for row in rest if moved.starts <= row.starts < change.at), default=change.at)
            for before in [row for row in rest if row.ends == moved.starts < until]:
                self._replace(before)
                self._add(before, before.starts, until)
        self._appoint(Row(role, party, change.at, ends, self._number), among)
        return None

    def _end_of(self, party: DipId, change: Change) -> str | None:
        held = [row for row in self.rows if row.dip_id == party and row.role in change.among]
        if not held:
            return f"{party} is not appointed as {_or(change.among)}, so nothing ends"
        at = change.at
        ended = any(row.ends == at for row in held)
        now = [row for row in held if row.starts < at < row.ends or (row.starts == at and not ended)]
        if now:
            self._cut(now, at)
        elif all(row.starts > at for row in held) and not self._took_back(party, change):
            first = min(row.starts for row in held)
            self._cut([row for row in held if row.starts == first], at)
        return None

    def _end_all(self, at: int) -> str | None:
        if not self.rows:
            return "the MPAN has no appointment, so nothing ends"
        cut = [row for row in self.rows if row.ends > at]
        self._cut(cut, at)
        self.ends_all = self.ends_all or bool(cut)
        return None

    def _resume(self, at: int) -> str | None:
        ends = [number for number, one in enumerate(self._before.knowledge) if one.ends_all]
        if not ends:
            return "the MPAN's appointments were not ended together, so nothing goes on"
        for row in sorted((row for row in self.past if row.replaced == ends[-1]), key=lambda row: row.starts):
            was = self._before_ends(row, ends)
            if was.ends <= at:
                continue
            cut = next((one for one in self.rows if one.known == ends[-1] and _is_part(one, was)), None)
            if cut is None and any(one.known == ends[-1] and _is_part(one, was) for one in self.past):
                # What the end left of it was changed since, perhaps by a resumption.
                continue
            others = [one for one in self.rows if one.role == was.role and one is not cut]
            starts = max(was.starts, at)
            if any(one.starts <= starts < one.ends for one in others):
                continue
            until = min((one.starts for one in others if starts < one.starts < was.ends), default=was.ends)
            if cut is not None and cut.ends >= at:
                if cut.ends == until:
                    continue
                self._replace(cut)
                starts = was.starts
            self._add(was, starts, until)
        return None

    def _before_ends(self, row: Row, ends: Collection[int]) -> Row:
        """The row as it was before it was cut by several ends of all, one after the other."""
        while row.known in ends:
            longer = (one for one in self.past if one.replaced == row.known and _is_part(row, one))
            found = next(longer, None)
            if found is None:
                break
            row = found
        return row

    def _took_back(self, party: DipId, change: Change) -> bool:
        """Whether this very message has taken back an appointment already: an update may come twice."""
        replaced = {row.replaced for row in self.past if row.dip_id == party and row.role in change.among}
        return self._message is not None and any(
            self._before.knowledge[number].message == self._message for number in replaced if number < self._number
        )

    def _was_known(self) -> bool:
        """Whether the MPAN had an appointment when the message came; what the message itself brought does not count."""
        brought = (self._before.knowledge[row.known].message for row in self._before.rows)
        return any(one is None or self._message is None or one < self._message for one in brought)

    def _held_at(self, among: Collection[RoleCode], at: int) -> Sequence[Row]:
        return [row for row in self.rows if row.role in among and row.starts <= at < row.ends]

    def _cut(self, rows: Iterable[Row], at: int) -> None:
        for row in rows:
            self._replace(row)
            if row.starts < at:
                self._add(row, row.starts, at)

    def _replace(self, row: Row) -> None:
        self.rows.remove(row)
        if row.known != self._number:
            self.past.append(msgspec.structs.replace(row, replaced=self._number))
        self.steps += 1

    def _add(self, like: Row, starts: int, ends: int) -> None:
        self._put(Row(like.role, like.dip_id, starts, ends, self._number))

    def _put(self, row: Row) -> None:
        self.rows.append(row)
        self.steps += 1


def _said(row: Row) -> tuple[RoleCode, DipId, int, int]:
    return row.role, row.dip_id, row.starts, row.ends


def _is_part(row: Row, whole: Row) -> bool:
    """Whether a row is what an end left of another."""
    return (row.role, row.dip_id, row.starts) == (whole.role, whole.dip_id, whole.starts) and row.ends < whole.ends


def _nobody(change: Change) -> str:
    if change.party is None:
        return f"nobody is named for {_or(change.among)}"
    return f"{change.party} is no participant in role {_or(change.among)}"


def _or(roles: Iterable[RoleCode]) -> str:
    return " or ".join(roles)
