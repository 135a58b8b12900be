"""Dead letters, as the administration API and the pages read them (5.5.8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import (
    CorrelationId,
    DipId,
    EventCode,
    InterfaceId,
    SenderReference,
    TransactionId,
)
from dip.store.page_records import Parties, in_scope
from dip.store.reader import Reader
from dip.store.records import DeliveryState, Status

_NO_KEY: Final = 2**63 - 1


class DeadLetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters: every filter that is given has to fit. since, until: the time of death, until exclusive.

    parties: whose; in a list what they sent too, in a stretch to be moved only what is addressed to them.
    """

    recipient: str | None = None
    channel: str | None = None
    sender: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reason: Status | None = None
    parties: Parties = None


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A delivery that was given up. id: its number; channel: `statusmessage` for a status message about the message.

    reason: how its journal ends; detail: in words.
    """

    id: int
    transaction_id: TransactionId
    interface: InterfaceId
    event: EventCode
    sender: DipId
    recipient: DipId
    channel: str
    reference: SenderReference
    correlation_id: CorrelationId | None
    queued_at: datetime
    dead_since: datetime
    attempts: int
    reason: Status
    detail: str | None


class Found(msgspec.Struct, frozen=True):
    """A delivery by its number: what it was when it was given up, and how it stands. message, lane: by number."""

    letter: DeadLetter
    state: DeliveryState
    message: int
    lane: int


class SqliteDeadLetters:
    """DeadLetterStore over SQLite."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def newest(self, wanted: DeadLetterFilter, *, before: int | None, limit: int) -> Sequence[Found]:
        """Dead letters that fit, newest first, below a number."""
        given = {**_given(wanted), "before": _NO_KEY if before is None else before, "limit": limit}
        return [_found(row) for row in await self._reader.all("dead_letters", given)]

    async def in_order(self, wanted: DeadLetterFilter, *, after: int, limit: int) -> Sequence[Found]:
        """Dead letters that fit, in order of receipt, behind a number."""
        given = {**_given(wanted), "after": after, "limit": limit}
        return [_found(row) for row in await self._reader.all("dead_letters_in_order", given)]

    async def one(self, number: int) -> Found | None:
        """A delivery, in whatever state."""
        rows = await self._reader.all("dead_letter", (number,))
        return _found(rows[0]) if rows else None


def _given(wanted: DeadLetterFilter) -> dict[str, Any]:
    return {
        "recipient": wanted.recipient,
        "channel": wanted.channel,
        "sender": wanted.sender,
        "since": None if wanted.since is None else microseconds(wanted.since),
        "until": None if wanted.until is None else microseconds(wanted.until),
        "reason": wanted.reason,
        "parties": in_scope(wanted.parties),
    }


def _found(row: Any) -> Found:
    letter = DeadLetter(
        id=row[0],
        transaction_id=TransactionId(row[1]),
        interface=InterfaceId(row[2]),
        event=EventCode(row[3]),
        sender=DipId(row[4]),
        recipient=DipId(row[5]),
        channel=row[6],
        reference=SenderReference(row[7]),
        correlation_id=None if row[8] is None else CorrelationId(row[8]),
        queued_at=moment(row[9]),
        dead_since=moment(row[9] if row[10] is None else row[10]),
        attempts=row[11],
        reason=Status.DELIVERY_FAILURE if row[13] is None else Status(row[13]),
        detail=row[14],
    )
    return Found(letter, DeliveryState(row[12]), row[15], row[16])
