"""The history of an MPAN against plain arrays, whatever is said of it and in whatever order (5.5.14).

`MODEL_EXAMPLES=20000 pytest -n0 tests/unit/appointments` looks longer than a change is made to wait.
"""

import os
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import NOTHING, OPEN, History, Knowledge, Row
from dip.appointments.packing import pack, pack_first, unpack, unpack_standing
from dip.messages.identifiers import DipId, RoleCode
from tests.unit.appointments.model import MOMENTS, Model, Said
from tests.unit.appointments.numbers import Numbers

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "400"))
SUPPLIER = (RoleCode("SUP"),)
SERVICE = (RoleCode("SDS"), RoleCode("ADS"))
ROLES = (*SUPPLIER, *SERVICE)
PARTIES = {
    RoleCode("SUP"): (DipId("2300000001"), DipId("2300000002"), DipId("2300000003")),
    RoleCode("SDS"): (DipId("1400000001"), DipId("1400000002")),
    RoleCode("ADS"): (DipId("1500000001"), DipId("1400000002")),
}
"""One holds both roles of the group."""
MOMENT = st.integers(0, MOMENTS - 1)
HOLDER = st.sampled_from([(role, party) for role, parties in PARTIES.items() for party in parties])
ROW = st.tuples(HOLDER, MOMENT, st.none() | st.integers(1, MOMENTS)).filter(
    lambda row: row[2] is None or row[1] < row[2]
)


class Step(NamedTuple):
    """Something that becomes known. rows: of an import; else the change of a message. later: since the one before."""

    later: int
    rows: tuple[Change, ...] = ()
    change: Change | None = None


def group(role: RoleCode) -> tuple[RoleCode, ...]:
    return SUPPLIER if role in SUPPLIER else SERVICE


def row(of: tuple[tuple[RoleCode, DipId], int, int | None]) -> Change:
    (role, party), starts, ends = of
    return Change(Kind.APPOINT, starts, (role,), role, party, OPEN if ends is None else ends)


def said(kind: Kind, holder: tuple[RoleCode, DipId], at: int, *, anybody: bool) -> Change:
    role, party = holder
    if kind in (Kind.END_ALL, Kind.RESUME):
        return Change(kind, at)
    if kind is Kind.END:
        return Change(kind, at, group(role), None if anybody else role, None if anybody else party)
    return Change(kind, at, group(role), role, party)


MESSAGES = st.builds(said, st.sampled_from(Kind), HOLDER, MOMENT, anybody=st.booleans())
LATER = st.integers(0, 2)
STEPS = st.lists(
    st.builds(Step, LATER, st.lists(st.builds(row, ROW), min_size=1, max_size=4).map(tuple), st.none())
    | st.builds(Step, LATER, st.just(()), MESSAGES),
    max_size=14,
)


def told(model: Model, change: Change, message: int | None) -> bool:
    """Tell the model of a change; whether it could be applied."""
    ends = None if change.ends == OPEN else change.ends
    match change:
        case Change(kind=Kind.APPOINT, role=str(role), party=str(party), ends=None) if model.begins(
            role, party, change.at
        ):
            pass
        case Change(kind=Kind.APPOINT, role=str(role), party=str(party)):
            model.appoint(change.among, role, party, change.at, ends)
        case Change(kind=Kind.MOVE, role=str(role), party=str(party)):
            model.move(change.among, role, party, change.at)
        case Change(kind=Kind.END):
            return model.end(change.among, change.party, change.at, message)
        case Change(kind=Kind.END_ALL):
            return model.end_all(change.at)
        case Change(kind=Kind.RESUME):
            return model.resume(change.at)
    return True


def are_apart(changes: Sequence[Change]) -> bool:
    """Whether no end of a row of an import is behind the start of a later one of its role."""
    return all(
        one.ends == OPEN == other.ends or (one.ends or OPEN) <= other.at or (other.ends or OPEN) <= one.at
        for one, other in combinations(changes, 2)
        if one.role == other.role
    )


def rows_of(rows: Sequence[Row]) -> frozenset[Said]:
    return frozenset((one.role, one.dip_id, one.starts, one.ends) for one in rows)


class Both:
    """Does the same to a history and to the model."""

    def __init__(self) -> None:
        self.history: History = NOTHING
        self.model = Model({role: [None] * (MOMENTS + 1) for role in ROLES})
        self.now = 1_000
        self.messages = 0

    def take(self, step: Step) -> None:
        self.now += step.later
        before = self.model.rows()
        message = None
        if step.change is not None:
            self.messages += 1
            message = self.messages
        knowledge = Knowledge(self.now, message, run=7 if message is None else None)
        changes = step.rows or ((step.change,) if step.change else ())
        fits = [told(self.model, change, message) for change in changes]
        made = amend(self.history, changes, knowledge)
        assert len(made.faults) == fits.count(False)
        assert rows_of(made.history.rows) == self.model.rows(), changes
        assert made.is_new == (self.model.rows() != before)
        if made.is_new:
            self.model.known(self.now, message, before)
        else:
            assert made.history is self.history
        self.history = made.history
        again = amend(self.history, changes, Knowledge(self.now + 1, message, knowledge.run))
        if are_apart(changes):
            assert not again.is_new
            assert again.history is self.history

    def check(self) -> None:
        """What was thought at each moment is still known, and so after packing."""
        self.in_order(self.history)
        numbers = Numbers()
        packed = pack(self.history, numbers)
        unpacked = unpack(packed, numbers)
        assert list(unpacked.knowledge) == list(self.history.knowledge)
        assert list(unpacked.rows) == list(self.history.rows)
        assert list(unpacked.past) == list(self.history.past)
        assert [(role, party, starts, ends) for (role, party), starts, ends in unpack_standing(packed, numbers)] == [
            (one.role, one.dip_id, one.starts, one.ends) for one in self.history.rows
        ]
        for history in (self.history, unpacked):
            for number, (at, _, _) in enumerate(self.model.snapshots):
                later = [one for one in self.model.snapshots[number:] if one[0] > at]
                expected = later[0][2] if later else self.model.rows()
                assert rows_of(list(history.as_known(at))) == expected
            assert rows_of(list(history.as_known(self.now + 99))) == self.model.rows()
            assert rows_of(list(history.as_known(0))) == frozenset()
        self.messages_saw_what_stood_before()

    def messages_saw_what_stood_before(self) -> None:
        for number, (at, message, before) in enumerate(self.model.snapshots):
            behind = [one for one in self.model.snapshots[number:] if one[0] == at]
            if message is not None and all(one[1] is not None for one in behind):
                assert rows_of(list(self.history.as_known(at, message))) == before

    @staticmethod
    def in_order(history: History) -> None:
        """Rows of one role do not overlap, none is empty, and they stand by start."""
        assert list(history.rows) == sorted(history.rows, key=lambda one: (one.starts, one.role, one.dip_id))
        for role in ROLES:
            mine = [one for one in history.rows if one.role == role]
            assert all(one.starts < one.ends for one in mine)
            assert all(one.ends <= other.starts for one, other in pairwise(mine))


@pytest.mark.requirement("FS-35")
@settings(max_examples=EXAMPLES)
@given(steps=STEPS)
def test_a_history_knows_what_holds_and_what_was_thought(steps: list[Step]) -> None:
    both = Both()
    for step in steps:
        both.take(step)
    both.check()


@pytest.mark.requirement("FS-48")
@settings(max_examples=EXAMPLES // 4)
@given(
    rows=st.lists(st.tuples(HOLDER, MOMENT), unique_by=lambda one: (one[0][0], one[1]), max_size=6),
    run=st.integers(1, 2**32),
)
def test_what_is_packed_at_once_is_what_is_packed_of_a_history(
    rows: list[tuple[tuple[RoleCode, DipId], int]], run: int
) -> None:
    numbers = Numbers()
    changes = [row((holder, starts, None)) for holder, starts in rows]
    knowledge = Knowledge(12, run=run)
    history = amend(NOTHING, changes, knowledge).history
    first = [(numbers.number(one.role, one.dip_id), one.starts, one.ends) for one in history.rows]
    if rows:
        assert pack_first(first, knowledge) == pack(history, numbers)


@pytest.mark.parametrize("count", [253, 254, 255, 256, 300])
def test_many_pieces_of_knowledge_take_the_wide_layout(count: int) -> None:
    numbers = Numbers()
    history = NOTHING
    supplier = PARTIES[SUPPLIER[0]]
    for number in range(1, count + 1):
        change = Change(Kind.APPOINT, number % 7, SUPPLIER, SUPPLIER[0], supplier[number % 3])
        history = amend(history, [change], Knowledge(number * 1000, 2**46 - number)).history
    assert len(history.knowledge) == count
    packed = pack(history, numbers)
    assert unpack(packed, numbers) == history
    standing = [(*holder, starts, ends) for holder, starts, ends in unpack_standing(packed, numbers)]
    assert frozenset(standing) == rows_of(history.rows)
    assert packed[0] == (1 if count < 255 else 2)
