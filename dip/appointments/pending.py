"""Changes that are committed but not yet in the table, and those that are just being committed (5.5.14)."""

import asyncio
from collections.abc import Collection, Iterable, Sequence

import msgspec

from dip.appointments.changes import Change, amend
from dip.appointments.history import History, Knowledge


class Pending(msgspec.Struct, frozen=True, gc=False):
    """What a message says about an MPAN. message: its number in the store."""

    message: int
    known_at: int
    changes: Sequence[Change]

    @property
    def knowledge(self) -> Knowledge:
        """What the DIP came to know by the message."""
        return Knowledge(self.known_at, self.message)


class PendingChanges:
    """By MPAN, in order of receipt: a look-up adds them to what the table has, so nobody waits for the disk.

    An MPAN is unsettled while a message that changes it is being committed: whether it counts is not known yet.
    """

    def __init__(self) -> None:
        self._pending: dict[int, list[Pending]] = {}
        self._unsettled: dict[int, asyncio.Future[None]] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, mpan: int, change: Pending) -> None:
        """A change was committed to the queue."""
        self._pending.setdefault(mpan, []).append(change)

    def remove(self, mpan: int, message: int) -> None:
        """A message's change is in the table, or could not be applied."""
        left = [one for one in self._pending.get(mpan, ()) if one.message != message]
        if left:
            self._pending[mpan] = left
        else:
            self._pending.pop(mpan, None)

    def of(self, mpan: int) -> Sequence[Pending]:
        """What waits for an MPAN, in order of receipt."""
        return self._pending.get(mpan, ())

    def onto(self, mpan: int, history: History) -> History:
        """The history as it will be when all that waits for the MPAN is applied.

        Between the commit of what was applied and its removal from here the history has it already.
        """
        pending = self._pending.get(mpan, ())
        known = {one.message: one.at for one in history.knowledge if one.message is not None}
        there = (number for number, one in enumerate(pending, 1) if known.get(one.message, -1) >= one.known_at)
        for one in pending[max(there, default=0) :]:
            history = amend(history, one.changes, one.knowledge).history
        return history

    def is_unsettled(self, mpans: Iterable[int]) -> bool:
        """Whether a change of one of these MPANs is being committed."""
        return bool(self._unsettled) and any(mpan in self._unsettled for mpan in mpans)

    async def settled(self, mpans: Collection[int]) -> None:
        """Return when no change of these MPANs is being committed."""
        while self._unsettled:
            under_way = {id(found): found for mpan in mpans if (found := self._unsettled.get(mpan)) is not None}
            if not under_way:
                return
            await asyncio.wait(under_way.values())

    def begin(self, mpans: Iterable[int]) -> "asyncio.Future[None]":
        """These MPANs are unsettled until the future is resolved by `end`. None of them may be unsettled already."""
        future = asyncio.get_running_loop().create_future()
        for mpan in mpans:
            self._unsettled[mpan] = future
        return future

    def end(self, mpans: Iterable[int], future: "asyncio.Future[None]") -> None:
        """The commit is over, whatever came of it."""
        for mpan in mpans:
            self._unsettled.pop(mpan, None)
        if not future.done():
            future.set_result(None)
