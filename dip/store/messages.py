"""Messages, their queues and their journal, in SQLite."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from dip.messages.identifiers import CorrelationId, DipId
from dip.store.counters import Counters, read_lanes
from dip.store.keys import reference_key
from dip.store.queries import queries
from dip.store.records import (
    Arrival,
    DeliveryState,
    Done,
    Known,
    Lane,
    Overdue,
    Settlement,
    Status,
    Taken,
    Waiting,
)
from dip.store.settle import settle
from dip.store.take_in import take_in
from dip.store.writer import Writer

SET_ASIDE = "set aside"
"""What a settlement writes whose first delivery gives way to those behind it."""
_order_of_receipt = attrgetter("id")


class SqliteMessages:
    """MessageStore over SQLite. Point reads run on the event loop: microseconds, where a thread would cost more."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection, counters: Counters) -> None:
        self._writer = writer
        self._reading = reading
        self._counters = counters
        self._lanes: dict[int, Lane] = {}
        self._by_name: dict[tuple[str, str], int] = {}
        self.lanes()

    async def take_in(self, arrival: Arrival) -> Taken:
        """Commit what is new of a request. Raises StoreUnavailable; then nothing of it is kept."""
        return await self._writer.ask(
            lambda connection: take_in(connection, self._counters, arrival),
            weight=len(arrival.messages) or 1,
            what="take in",
        )

    async def settle(self, settlement: Settlement, *, patient: bool = False) -> Done:
        """Commit what a call, or a step of the DIP's own, made of its deliveries. Raises StoreUnavailable."""
        return await self._writer.ask(
            lambda connection: settle(connection, self._counters, settlement),
            weight=len(settlement.settled) + len(settlement.delivered),
            what=_step_of(settlement),
            patient=patient,
        )

    def reference_known(self, sender: str, interface: str, reference: str) -> bool:
        """Whether a message with this reference came from the sender on the channel, as far as is committed."""
        listed = msgspec.json.encode([reference_key(reference)]).decode()
        found = self._reading.execute(queries()["known_references"], (listed,))
        return any(row[:3] == (sender, interface, reference) for row in found)

    def lanes(self) -> Mapping[int, Lane]:
        """Every lane."""
        self._lanes = read_lanes(self._reading)
        self._by_name = {(lane.recipient, lane.channel): lane.id for lane in self._lanes.values()}
        return self._lanes

    def lane(self, number: int) -> Lane:
        """One lane."""
        if number not in self._lanes:
            self.lanes()
        return self._lanes[number]

    def lane_of(self, recipient: str, channel: str) -> Lane | None:
        """A recipient's lane of a channel; None while nothing was ever queued in it."""
        if (recipient, channel) not in self._by_name:
            self.lanes()
        number = self._by_name.get((recipient, channel))
        return None if number is None else self._lanes[number]

    def waiting(self, after: Mapping[int, int], limit: int) -> Sequence[Waiting]:
        """The next deliveries of these lanes, each behind a delivery of its own, without those set aside.

        In order of receipt, out of one view of the store: what is missing from it came in later.
        """
        query = queries()["waiting"]
        found: list[Waiting] = []
        self._reading.execute("BEGIN")
        try:
            for lane, behind in after.items():
                found.extend(Waiting(*row) for row in self._reading.execute(query, (lane, behind, limit)))
        finally:
            self._reading.execute("COMMIT")
        found.sort(key=_order_of_receipt)
        return found[:limit]

    def set_aside(self, lane: int, until: int, limit: int) -> Sequence[Waiting]:
        """The deliveries of a lane that were set aside, and are due by then."""
        return [Waiting(*row) for row in self._reading.execute(queries()["set_aside_due"], (lane, until, limit))]

    def next_set_aside(self, lane: int) -> int | None:
        """When the next delivery set aside in this lane is due."""
        row = self._reading.execute(queries()["next_set_aside"], (lane,)).fetchone()
        return row[0] if row is not None else None

    def overdue(self, lane: int, before: int, limit: int) -> Sequence[Overdue]:
        """What waits in a lane since before a moment, oldest first, what was set aside included."""
        return [Overdue(*row) for row in self._reading.execute(queries()["overdue"], (lane, before, limit))]

    def lanes_leased(self) -> frozenset[int]:
        """The lanes in which something is handed out."""
        return frozenset(row[0] for row in self._reading.execute(queries()["lanes_leased"]))

    def leased(self, lane: int, limit: int) -> Sequence[Known]:
        """What is handed out of a lane, in order of receipt."""
        return [_known(row) for row in self._reading.execute(queries()["leased_of"], (lane, limit))]

    def of_transactions(self, lane: int, transactions: Iterable[str]) -> Sequence[Known]:
        """The deliveries of a lane for these transactions, in whatever state; the latest of each comes last."""
        listed = msgspec.json.encode(list(transactions)).decode()
        return [_known(row) for row in self._reading.execute(queries()["of_transactions"], (lane, listed))]

    def contents(self, messages: Iterable[int]) -> Mapping[int, tuple[str, bytes]]:
        """Transaction id and sealed content of these messages."""
        ids = msgspec.json.encode(list(messages)).decode()
        return {
            number: (transaction_id, sealed)
            for number, transaction_id, sealed in self._reading.execute(queries()["archived_many"], (ids,))
        }

    def status_contents(self, numbers: Iterable[int]) -> Mapping[int, bytes]:
        """Sealed entries of these status messages."""
        ids = msgspec.json.encode(list(numbers)).decode()
        return dict(self._reading.execute(queries()["status_contents"], (ids,)))

    def correlation_known(self, correlation: CorrelationId) -> bool:
        """Whether the DIP ever issued this correlation id."""
        return self._reading.execute(queries()["correlation_known"], (correlation,)).fetchone() is not None

    def agent_of(self, message: int) -> DipId | None:
        """Who sent a message for its sender; None where that was itself (FS-42)."""
        found = self._reading.execute(queries()["agent_of"], (message,)).fetchone()
        return None if found is None else DipId(found[0])


def _step_of(settlement: Settlement) -> str:
    """What a settlement writes, in a word: its first delivery's journal status, or that it is set aside."""
    if not settlement.settled:
        return Status.DELIVERED
    first = settlement.settled[0]
    return first.status if first.set_aside_until is None else SET_ASIDE


def _known(row: Sequence[Any]) -> Known:
    found = Known(*row)
    found.state = DeliveryState(found.state)
    return found
