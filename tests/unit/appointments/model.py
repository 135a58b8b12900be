"""One MPAN's appointments as arrays and nothing else: what the history is compared with.

For each role there is one cell for each moment of a small time, and a last one for ever after. A cell has the number of
the appointment that holds then. Two cells side by side with the same number are one row.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dip.appointments.history import OPEN
from dip.messages.identifiers import DipId, RoleCode

MOMENTS = 9
"""Moments 0 to 8; from 9 on nothing changes any more."""
Said = tuple[RoleCode, DipId, int, int]
"""Role, holder, start and end."""


class Run(NamedTuple):
    """One appointment as it lies in the cells. end: MOMENTS + 1 where it is open."""

    role: RoleCode
    number: int
    start: int
    end: int


class Cut(NamedTuple):
    """What an end of all left of an appointment (or nothing: end equals start), and when it would have ended."""

    left: Run
    would_end: int


@dataclass
class Model:
    """The cells, and what they were at each moment at which something became known."""

    cells: dict[RoleCode, list[int | None]] = field(default_factory=dict)
    holders: list[DipId] = field(default_factory=list)
    snapshots: list[tuple[int, int | None, frozenset[Said]]] = field(default_factory=list)
    """Known at, message, and what was thought before it."""
    ended: list[Cut] = field(default_factory=list)
    """By the last end of all."""
    was_ended: bool = False
    would_end: dict[Run, int] = field(default_factory=dict)
    """Until when each run that an end of all cut would have gone on."""
    taken_back: set[tuple[DipId, tuple[RoleCode, ...], int | None]] = field(default_factory=set)

    def runs(self, among: Collection[RoleCode] | None = None) -> Iterator[Run]:
        """Every appointment of these roles (or of all), by role and start."""
        for role, cells in self.cells.items():
            if among is not None and role not in among:
                continue
            start = 0
            for moment in range(1, MOMENTS + 2):
                if moment == MOMENTS + 1 or cells[moment] != cells[start]:
                    number = cells[start]
                    if number is not None:
                        yield Run(role, number, start, moment)
                    start = moment

    def rows(self) -> frozenset[Said]:
        """The appointments as rows."""
        return frozenset(
            (one.role, self.holders[one.number], one.start, OPEN if one.end > MOMENTS else one.end)
            for one in self.runs()
        )

    def known(self, at: int, message: int | None, before: frozenset[Said]) -> None:
        """Something became known; before: what was thought until then."""
        self.snapshots.append((at, message, before))
        there = set(self.runs())
        self.would_end = {run: end for run, end in self.would_end.items() if run in there}
        self.ended = [cut for cut in self.ended if cut.left.start == cut.left.end or cut.left in there]

    def begins(self, role: RoleCode, party: DipId, at: int) -> bool:
        """Whether an appointment of the party begins then."""
        return any(one.start == at and self.holders[one.number] == party for one in self.runs((role,)))

    # What changes.

    def appoint(
        self, among: Collection[RoleCode], role: RoleCode, party: DipId, at: int, ends: int | None = None
    ) -> None:
        """From `at`, to an end or until the next appointment begins."""
        there = list(self.runs(among))
        until = ends
        if until is None:
            until = min((one.start for one in there if one.start > at), default=MOMENTS + 1)
        met = [one for one in there if one.start < until and one.end > at]
        if [(one.role, self.holders[one.number], one.start, one.end) for one in met] == [(role, party, at, until)]:
            return
        for one in met:
            same_party = self.holders[one.number] == party
            does_no_more = ends is None or (one.start == at and same_party)
            self._clear(one, at, one.end)
            if one.end > until and not does_no_more:
                self._again(one, until, one.end)
        self.holders.append(party)
        self._fill(role, len(self.holders) - 1, at, until)

    def move(self, among: Collection[RoleCode], role: RoleCode, party: DipId, at: int) -> None:
        """The party's latest appointment begins at another time."""
        mine = [one for one in self.runs(among) if self.holders[one.number] == party]
        if any(one.start == at for one in mine):
            return
        ends = None
        if mine:
            moved = max(mine, key=lambda one: (one.start, one.role == role))
            role = moved.role
            self._clear(moved, moved.start, moved.end)
            if moved.end > at and moved.end <= MOMENTS:
                ends = moved.end
            others = list(self.runs(among))
            for before in [one for one in others if one.end == moved.start]:
                moment = moved.start
                while moment < at and all(one.start != moment for one in others):
                    self.cells[before.role][moment] = before.number
                    moment += 1
        self.appoint(among, role, party, at, ends)

    def end(self, among: tuple[RoleCode, ...], party: DipId | None, at: int, message: int | None = None) -> bool:
        """A party's appointment ends, or whoever's it is; whether there was anything that could end."""
        mine = [one for one in self.runs(among) if party is None or self.holders[one.number] == party]
        if party is not None and not mine:
            return False
        is_said_already = party is not None and any(one.end == at for one in mine)
        now = [one for one in mine if one.start < at < one.end or (one.start == at and not is_said_already)]
        for one in now:
            self._clear(one, at, one.end)
        if party is not None and not now and min(one.start for one in mine) > at:
            this = (party, among, message)
            if message is None or this not in self.taken_back:
                self.taken_back.add(this)
                first = min(one.start for one in mine)
                for one in mine:
                    if one.start == first:
                        self._clear(one, one.start, one.end)
        elif party is not None and any(one.start == at for one in now):
            self.taken_back.add((party, among, message))
        return True

    def end_all(self, at: int) -> bool:
        """Everything ends; whether there was anything."""
        there = list(self.runs())
        over = [one for one in there if one.end > at]
        if over:
            earlier = self.would_end
            self.ended = [Cut(one._replace(end=max(at, one.start)), earlier.get(one, one.end)) for one in over]
            self.was_ended = True
            self.would_end = {**earlier, **{cut.left: cut.would_end for cut in self.ended}}
        for one in over:
            self._clear(one, at, one.end)
        return bool(there)

    def resume(self, at: int) -> bool:
        """What the last end of all cut goes on; whether there was such an end."""
        for left, would_end in sorted(self.ended, key=lambda cut: cut.left.start):
            if would_end <= at or (left.start < left.end and left not in self.runs()):
                continue
            others = [one for one in self.runs((left.role,)) if one != left]
            starts = max(left.start, at)
            if any(one.start <= starts < one.end for one in others):
                continue
            until = min((one.start for one in others if starts < one.start < would_end), default=would_end)
            if left in self.runs() and left.end >= at:
                self._fill(left.role, left.number, left.start, until)
                self.ended = [cut for cut in self.ended if cut.left != left]
            else:
                self._again(left, starts, until)
        return self.was_ended

    def _again(self, run: Run, start: int, end: int) -> None:
        """The same party in the same role, as an appointment of its own."""
        self.holders.append(self.holders[run.number])
        self._fill(run.role, len(self.holders) - 1, start, end)

    def _clear(self, run: Run, start: int, end: int) -> None:
        for moment in range(max(run.start, start), min(run.end, end)):
            self.cells[run.role][moment] = None

    def _fill(self, role: RoleCode, number: int, start: int, end: int) -> None:
        for moment in range(start, end):
            self.cells[role][moment] = number
