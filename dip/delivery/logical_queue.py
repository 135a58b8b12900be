"""The logical queue of one endpoint: its lanes in order of receipt, and how far each was read (5.5.10)."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from dip.delivery.contents import Contents
from dip.delivery.endpoint import Endpoint
from dip.delivery.fresh import Fresh
from dip.delivery.outgoing import Item, fit
from dip.store.protocol import MessageStore
from dip.store.records import Lane, Waiting


class Turn(msgspec.Struct, frozen=True):
    """What goes out next. alone: one message that was set aside; unreadable: what can't be opened any more."""

    items: Sequence[Item] = ()
    alone: bool = False
    unreadable: Sequence[Waiting] = ()


class LogicalQueue:
    """Reads what waits for one endpoint.

    Reading runs ahead of settling: `_after` says how far each lane was read, so that the next call may go out
    while the last one's outcome is being committed. What was set aside goes alone once it is due, in turns with
    the queue, so that neither waits for the other. Once the store has nothing more, what is committed comes out of
    memory, as long as it follows without a gap.
    """

    def __init__(
        self,
        *,
        store: MessageStore,
        contents: Contents,
        holds: Callable[[str], bool],
        lanes: Iterable[Lane],
    ) -> None:
        self._store = store
        self._contents = contents
        self._holds = holds
        self.lanes = {lane.id: lane for lane in lanes}
        self._after = dict.fromkeys(self.lanes, 0)
        self._more = True
        self._due: int | None = 0
        self._was_alone = False
        self._fresh = Fresh()

    @property
    def next_due(self) -> int | None:
        """When something that was set aside is due; None for nothing, business time."""
        return self._due

    @property
    def more(self) -> bool:
        """Whether there may be something unread."""
        return self._more or bool(self._fresh)

    def add(self, lane: Lane, fresh: Sequence[Waiting] = ()) -> None:
        """Something new waits in a lane. fresh: what it is, in order, where that is known."""
        self.lanes[lane.id] = lane
        self._after.setdefault(lane.id, 0)
        if self._more or not fresh or not self._fresh.take_in(fresh):
            self._read_on()

    def remove(self, lanes: Iterable[int]) -> None:
        """These lanes are read by another endpoint from now on."""
        for number in lanes:
            self.lanes.pop(number, None)
            self._after.pop(number, None)
        self._read_on()

    def rewind(self) -> None:
        """Nothing is under way: whatever waits anew in front of what was read is found when somebody wakes."""
        self._after = dict.fromkeys(self.lanes, 0)

    def start_over(self) -> None:
        """Read every lane from its head again, and what was set aside; nothing may be under way."""
        self.rewind()
        self._read_on()
        self._due = 0

    def set_aside(self, until: int) -> None:
        """Something was set aside until then."""
        self._due = until if self._due is None else min(self._due, until)

    def next(self, endpoint: Endpoint, size: int, now: int) -> Turn:
        """What goes out next, at most `size` messages. now: business time."""
        if self._was_alone or not (due := self._due_now(now)).items:
            self._was_alone = False
            turn = self._queued(endpoint, size)
            if turn.items or turn.unreadable:
                return turn
            due = self._due_now(now)
        self._was_alone = bool(due.items)
        return due

    def full(self, endpoint: Endpoint, size: int, now: int) -> Turn:
        """A full call in order of receipt; nothing where there is less, or something that was set aside is due."""
        if self._was_alone or (self._due is not None and self._due <= now):
            return Turn()
        return self._queued(endpoint, size, least=min(size, endpoint.max_count))

    def holds(self, turn: Turn) -> bool:
        """Whether anything in it is of a channel that is held now."""
        return any(self._holds(self.lanes[lane].channel) for lane in {item.waiting.lane for item in turn.items})

    def _read_on(self) -> None:
        """Go on by reading the store."""
        self._fresh.clear()
        self._more = True

    def _queued(self, endpoint: Endpoint, size: int, *, least: int = 1) -> Turn:
        if self._fresh and any(self._holds(self.lanes[lane].channel) for lane in self._fresh.lanes()):
            self._read_on()
        if not self._more:
            return self._out_of_memory(endpoint, size) if len(self._fresh) >= least else Turn()
        batch = self._store.waiting(self._open(), min(size, endpoint.max_count))
        if not batch:
            self._more = False
        if len(batch) < least:
            return Turn()
        self._fresh.read(batch)
        items, unreadable = self._contents.of(batch)
        fitting = fit(items, endpoint.max_bytes)
        read = {item.waiting.id for item in fitting} | {waiting.id for waiting in unreadable}
        for waiting in batch:
            if waiting.id in read:
                self._after[waiting.lane] = waiting.id
            else:
                break
        return Turn(fitting, unreadable=unreadable)

    def _out_of_memory(self, endpoint: Endpoint, size: int) -> Turn:
        batch = self._fresh.take_out(min(size, endpoint.max_count))
        if not batch:
            return Turn()
        items, unreadable = self._contents.of(batch)
        fitting = fit(items, endpoint.max_bytes)
        if unreadable or not fitting:
            self._read_on()
            return Turn(unreadable=unreadable)
        self._fresh.put_back(batch[len(fitting) :])
        for item in fitting:
            self._after[item.waiting.lane] = item.waiting.id
        return Turn(fitting)

    def _open(self) -> Mapping[int, int]:
        """How far each lane was read, without the lanes that are held."""
        return {lane: after for lane, after in self._after.items() if not self._holds(self.lanes[lane].channel)}

    def _due_now(self, now: int) -> Turn:
        """One message that was set aside and is due; none costs a comparison only."""
        if self._due is None or now < self._due:
            return Turn()
        open_lanes = self._open()
        for lane in open_lanes:
            if due := self._store.set_aside(lane, now, 1):
                items, unreadable = self._contents.of(due)
                return Turn(items, alone=True, unreadable=unreadable)
        times = (self._store.next_set_aside(lane) for lane in open_lanes)
        self._due = min((at for at in times if at is not None and at > now), default=None)
        return Turn()
