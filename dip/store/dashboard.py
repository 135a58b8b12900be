"""What the dashboard reads of the store: the longest queues and the newest failures (5.11, FS-56)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from dip.ground.clock import moment
from dip.messages.identifiers import DipId, EventCode, InterfaceId, TransactionId
from dip.store.page_records import Parties, in_scope
from dip.store.reader import Reader

_NO_KEY: Final = 2**63 - 1
"""Below this key: the newest."""


class LongQueue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What waits for one recipient. channels: in how many of its queues; waiting: counted up to a bound.

    oldest: since when the first of it waits, business time.
    """

    recipient: DipId
    waiting: int
    channels: int
    oldest: datetime


class Queued(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The recipients for whom something waits longest. recipients: for how many something waits at all."""

    items: Sequence[LongQueue]
    recipients: int


class Failure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message that did not reach its end, as the status message about it says (5.5.9).

    at: business time; code: the response code; told: whom the status message is for; origin: who says it.
    """

    at: datetime
    code: str
    transaction_id: TransactionId
    interface: InterfaceId
    event: EventCode
    sender: DipId
    told: DipId
    origin: DipId


class SqliteDashboard:
    """Reads for the dashboard on the pages' connection; no answer grows with what is stored."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def queues(self, parties: Parties, *, most: int, counted: int) -> Queued:
        """The recipients whose oldest message waits longest. counted: how far what waits for one is counted."""
        rows = await self._reader.all(
            "longest_queues", {"parties": in_scope(parties), "limit": most, "counted": counted}
        )
        items = [
            LongQueue(recipient=DipId(row[0]), waiting=row[3], channels=row[2], oldest=moment(row[1])) for row in rows
        ]
        return Queued(items=items, recipients=rows[0][4] if rows else 0)

    async def failures(self, parties: Parties, *, most: int, scan: int) -> Sequence[Failure]:
        """The newest failures that the parties may know of. scan: how many of everybody's are looked at."""
        given = {
            "parties": in_scope(parties),
            "limit": most,
            "scan": most if parties is None else scan,
            "before": _NO_KEY,
        }
        rows = await self._reader.all("newest_failures", given)
        return [
            Failure(
                at=moment(row[0]),
                code=row[1],
                told=DipId(row[2]),
                origin=DipId(row[3]),
                transaction_id=TransactionId(row[4]),
                interface=InterfaceId(row[5]),
                event=EventCode(row[6]),
                sender=DipId(row[7]),
            )
            for row in rows
        ]
