"""What is committed and not yet in the table counts once, before and after it is written (5.5.14)."""

import asyncio

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import NOTHING, History
from dip.appointments.pending import Pending, PendingChanges
from dip.messages.identifiers import DipId, RoleCode

SUP = RoleCode("SUP")
ANNA, BERT = DipId("2300000001"), DipId("2300000002")
MPAN = 1055855690701


def appoint(party: DipId, at: int) -> Change:
    return Change(Kind.APPOINT, at, (SUP,), SUP, party)


def ends(party: DipId, at: int) -> Change:
    return Change(Kind.END, at, (SUP,), SUP, party)


def waiting(*changes: Change) -> tuple[PendingChanges, list[Pending]]:
    """A message for each change, all waiting."""
    pending = PendingChanges()
    made = [Pending(number, 1000 + number, [change]) for number, change in enumerate(changes, 1)]
    for one in made:
        pending.add(MPAN, one)
    return pending, made


def written(history: History, updates: list[Pending]) -> History:
    for one in updates:
        history = amend(history, one.changes, one.knowledge).history
    return history


def test_what_was_written_already_is_not_counted_again() -> None:
    # Taken back, appointed again: said over it once more, the first would take the new appointment back.
    pending, made = waiting(appoint(ANNA, 20), appoint(BERT, 10), ends(ANNA, 5), appoint(ANNA, 30), appoint(BERT, 5))
    for count in range(len(made) + 1):
        assert pending.onto(MPAN, written(NOTHING, made[:count])).rows == written(NOTHING, made).rows


def test_what_said_nothing_new_in_its_turn_does_not_say_it_over_what_came_later() -> None:
    before = amend(NOTHING, [appoint(ANNA, 5)], Pending(0, 1, []).knowledge).history
    pending, made = waiting(appoint(ANNA, 5), appoint(BERT, 5))
    assert [row.dip_id for row in pending.onto(MPAN, written(before, made)).rows] == [BERT]


def test_an_update_that_is_applied_once_more_counts_although_half_of_it_is_there() -> None:
    half = amend(NOTHING, [appoint(ANNA, 5)], Pending(1, 1001, []).knowledge).history
    pending = PendingChanges()
    pending.add(MPAN, Pending(2, 1500, [ends(ANNA, 9)]))
    pending.add(MPAN, Pending(1, 2000, [appoint(ANNA, 5), appoint(BERT, 12)]))
    found = pending.onto(MPAN, half)
    assert [(row.dip_id, row.starts) for row in found.rows][-1] == (BERT, 12)


async def test_who_changes_the_same_mpans_waits_for_all_of_them() -> None:
    pending = PendingChanges()
    first = pending.begin([1, 2])
    second = pending.begin([3])
    waiter = asyncio.create_task(pending.settled([2, 3]))
    await asyncio.wait([waiter], timeout=0)
    pending.end([1, 2], first)
    done, _ = await asyncio.wait([waiter], timeout=0)
    assert not done
    assert not pending.is_unsettled([1, 2])
    pending.end([3], second)
    await waiter
    assert not pending.is_unsettled([1, 2, 3])
