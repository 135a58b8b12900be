"""What was sent to a recipient once, in order, for sending it again (5.5.11)."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from dip.messages.identifiers import CorrelationId, EventCode, SenderReference, TransactionId
from dip.store.keys import mpan_key
from dip.store.queries import queries
from dip.store.records import DeliveryState

_SLACK_US: Final = 60_000_000
"""How much earlier than its commit a message may have been received."""
_UNDER_WAY: Final = 1000
"""Rows beside a moment that are looked at all the same: a clock that was moved tells nothing of their order."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries of a lane are meant. Moments are microseconds since 1970 UTC.

    Of two starts the earlier counts, of two ends the later (5.5.11): `since` and `until` are moments, the latter
    exclusive; `first` and `last` sequence numbers, both inclusive. Every other mark has to fit. version: of the
    message's format; it can only be compared with an open message, so the store leaves it to the caller.
    """

    since: int | None = None
    first: int | None = None
    until: int | None = None
    last: int | None = None
    event: EventCode | None = None
    version: str | None = None
    mpan_digest: bytes | None = None
    transactions: tuple[TransactionId, ...] | None = None
    reference: str | None = None
    correlation: str | None = None


class Sent(msgspec.Struct):
    """A delivery as it was addressed, whatever became of it. at: when its message, or status message, came up."""

    sequence: int
    delivery: int
    message: int
    status_message: int | None
    hidden: str | None
    state: DeliveryState
    protected: int
    at: int
    transaction_id: TransactionId
    correlation_id: CorrelationId | None
    reference: SenderReference
    event: EventCode
    mpan_digest: bytes | None


class Span(msgspec.Struct, frozen=True):
    """A stretch of a lane, by sequence number: behind `after`, up to and with `upto`."""

    after: int
    upto: int


class Stretch(msgspec.Struct, frozen=True):
    """What was found on the way. read: rows looked at; position: the last of them; done: the span ends there."""

    found: Sequence[Sent]
    read: int
    position: int
    done: bool


class SqliteReplay:
    """ReplayStore over SQLite. Each answer takes about as long as the rows that it looks at, whatever is stored."""

    def __init__(self, reading: sqlite3.Connection) -> None:
        self._reading = reading

    def sequences(self, lane: int, transactions: Iterable[TransactionId]) -> Mapping[TransactionId, int]:
        """The sequence numbers under which these transactions were addressed; others are missing."""
        listed = msgspec.json.encode(list(transactions)).decode()
        rows = self._reading.execute(queries()["sent_of_transactions"], (lane, 0, _ALL, listed))
        return {sent.transaction_id: sent.sequence for sent in _addressed(rows)}

    def span(self, lane: int, selection: Selection) -> Span:
        """The stretch of the lane that holds all that is selected and was addressed up to now."""
        newest = self._newest(lane)
        after, upto = 0, newest
        if selection.since is not None or selection.first is not None:
            starts = [selection.first - 1] if selection.first is not None else []
            if selection.since is not None:
                starts.append(self._place(lane, selection.since - _SLACK_US, newest, latest=True) - _UNDER_WAY)
            after = max(0, min(starts))
        if selection.until is not None or selection.last is not None:
            ends = [selection.last] if selection.last is not None else []
            if selection.until is not None:
                ends.append(self._place(lane, selection.until + _SLACK_US, newest, latest=False) + _UNDER_WAY)
            upto = min(newest, max(ends))
        return Span(after, max(after, upto))

    def stretch(self, lane: int, selection: Selection, span: Span, limit: int) -> Stretch:
        """What is selected among the next rows of a span, at most so many of them."""
        rows = self._rows(lane, selection, span.after, limit)
        within = [row for row in rows if row[0] <= span.upto]
        done = len(rows) < limit or len(within) < len(rows)
        position = span.upto if done else within[-1][0]
        return Stretch(
            [sent for sent in _addressed(within) if _fits(sent, selection)],
            len(within),
            position,
            done or position >= span.upto,
        )

    def _rows(self, lane: int, selection: Selection, after: int, limit: int) -> Sequence[Any]:
        values: tuple[Any, ...]
        if selection.transactions is not None:
            listed = msgspec.json.encode(selection.transactions).decode()
            name, values = "sent_of_transactions", (lane, after, limit, listed)
        elif selection.mpan_digest is not None:
            digest = selection.mpan_digest
            name, values = "sent_of_mpan", (lane, after, limit, digest, mpan_key(digest))
        else:
            name, values = "sent_in_order", (lane, after, limit)
        return self._reading.execute(queries()[name], values).fetchall()

    def _newest(self, lane: int) -> int:
        row = self._reading.execute(queries()["newest_sequence"], (lane,)).fetchone()
        return row[0] - 1 if row is not None else 0

    def _place(self, lane: int, moment: int, newest: int, *, latest: bool) -> int:
        """About the last sequence number before a moment, by halving.

        Rows of a requeue stand later than what they repeat: `latest` takes the time since which they wait, which
        is no earlier than when they were made, else the time when the requeue began, which is no later.
        """
        low, high = 0, newest
        query = queries()["sent_when"]
        while low < high:
            middle = (low + high) // 2
            row = self._reading.execute(query, (lane, middle)).fetchone()
            if row is None or row[1 if latest else 2] >= moment:
                high = middle
            else:
                low = row[0]
        return low


_ALL: Final = 2**31


def _addressed(rows: Iterable[Any]) -> Iterable[Sent]:
    for row in rows:
        *columns, addressed = row
        if addressed:
            sent = Sent(*columns)
            sent.state = DeliveryState(sent.state)
            yield sent


def _fits(sent: Sent, wanted: Selection) -> bool:
    return (
        (wanted.event is None or sent.event == wanted.event)
        and (wanted.mpan_digest is None or sent.mpan_digest == wanted.mpan_digest)
        and (wanted.reference is None or sent.reference == wanted.reference)
        and (wanted.correlation is None or sent.correlation_id == wanted.correlation)
        and _has_begun(sent, wanted)
        and _is_not_over(sent, wanted)
    )


def _has_begun(sent: Sent, wanted: Selection) -> bool:
    if wanted.since is None and wanted.first is None:
        return True
    return (wanted.since is not None and sent.at >= wanted.since) or (
        wanted.first is not None and sent.sequence >= wanted.first
    )


def _is_not_over(sent: Sent, wanted: Selection) -> bool:
    if wanted.until is None and wanted.last is None:
        return True
    return (wanted.until is not None and sent.at < wanted.until) or (
        wanted.last is not None and sent.sequence <= wanted.last
    )
