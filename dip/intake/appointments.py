"""Messages that change appointments: each is routed on the table as it stood before its own change (5.5.14)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from dip.appointments.pending import Pending
from dip.ground.clock import microseconds
from dip.intake.check import Checked
from dip.messages.identifiers import DipId, InterfaceId, Mpan
from dip.registration.reading import RolesOf, changes_of
from dip.registration.updates import Updates
from dip.routing.router import Enquiry
from dip.store.appointments import AppointmentUpdate
from dip.store.protocol import MessageStore
from dip.store.records import NewMessage, NewUpdate, Outcome, Verdict

_NOT_NUMBERED_YET: Final = 1 << 62
"""Stands for the number of a message that is still to be committed: behind all that are."""


class Announcements:
    """What the messages of one request say about appointments, from their routing until they are committed.

    A message that comes later in the request sees what was said before it. Messages of other requests about the same
    MPANs wait for the commit, some milliseconds: only then it is known whether anything was said at all.
    """

    def __init__(
        self,
        updates: Updates,
        store: MessageStore,
        *,
        received_at: datetime,
        roles_of: RolesOf,
        forget: Callable[[Iterable[Mpan]], None],
    ) -> None:
        self._updates = updates
        self._store = store
        self._received_at = received_at
        self._roles_of = roles_of
        self._forget = forget
        self._said: dict[int, NewUpdate] = {}
        self._earlier: dict[Mpan, list[Checked]] = {}
        self._references: set[tuple[DipId, InterfaceId, str]] = set()
        self._shown: list[tuple[Mpan, int]] = []
        self._finish: Callable[[], None] = lambda: None

    async def prepare(self, enquiries: Sequence[tuple[Checked, Enquiry]]) -> None:
        """Read what the messages say, and wait until nobody else is changing one of their MPANs."""
        mpans: set[int] = set()
        for checked, enquiry in enquiries:
            mine = tuple(int(mpan) for mpan in enquiry.mpans)
            mpans.update(mine)
            if mine and checked.event.appointments:
                changes = changes_of(
                    checked.event,
                    checked.common,
                    checked.custom,
                    received_at=self._received_at,
                    roles_of=self._roles_of,
                )
                if changes:
                    self._said[checked.index] = NewUpdate(mine, changes)
        pending = self._updates.pending
        await self._updates.room()
        await pending.settled(mpans)
        changed = {mpan for update in self._said.values() for mpan in update.mpans}
        under_way = pending.begin(changed)
        self._finish = lambda: pending.end(changed, under_way)

    def before(self, enquiry: Enquiry) -> None:
        """The next message is to be routed: the look-up counts what earlier ones of the request say about its MPANs."""
        for mpan in enquiry.mpans if self._earlier else ():
            for earlier in self._earlier.pop(mpan, ()):
                # A repeat was counted when it came first; other messages may have come since.
                if self._store.reference_known(earlier.sender, earlier.channel.id, earlier.reference):
                    continue
                number = _NOT_NUMBERED_YET + earlier.index
                at = microseconds(self._received_at)
                self._updates.pending.add(int(mpan), Pending(number, at, self._said[earlier.index].changes))
                self._shown.append((mpan, number))
                self._forget([mpan])

    def after(self, checked: Checked, enquiry: Enquiry, message: NewMessage) -> None:
        """The message was routed; what it says goes with it, and counts for those behind it."""
        message.update = self._said.get(checked.index)
        reference = (checked.sender, checked.channel.id, checked.reference)
        # Of a reference that comes twice in a request the first alone counts.
        if message.update is not None and reference not in self._references:
            self._references.add(reference)
            for mpan in enquiry.mpans:
                self._earlier.setdefault(mpan, []).append(checked)

    def conclude(self, committed: Iterable[tuple[NewMessage, Outcome]]) -> None:
        """The commit is over: what was new waits for the table; where it failed, nothing was said."""
        for mpan, number in self._shown:
            self._updates.pending.remove(int(mpan), number)
        self._forget([mpan for mpan, _ in self._shown])
        self._updates.committed(
            AppointmentUpdate(outcome.message, message.update.mpans, message.update.changes, message.received_at)
            for message, outcome in committed
            if message.update is not None and outcome.verdict is Verdict.NEW and outcome.message is not None
        )
        self._finish()
