"""What the background duties look at: how long the queues wait, what is dead, and whether the books balance (5.5.8)."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from dip.ground.clock import moment
from dip.messages.identifiers import DipId
from dip.store.reader import Reader
from dip.store.records import DeliveryState, Lane

MOST_WRONG: Final = 100
"""Most deliveries that are named as wrong."""
_STATES: Final = (
    DeliveryState.WAITING,
    DeliveryState.LEASED,
    DeliveryState.DELIVERED,
    DeliveryState.REJECTED,
    DeliveryState.DEAD,
    DeliveryState.WITHDRAWN,
)


class Age(msgspec.Struct, frozen=True):
    """A lane in which something waits, and since when its oldest does."""

    lane: Lane
    since: datetime


class DeadCount(msgspec.Struct, frozen=True):
    """How many dead letters a recipient has of a channel. last: the number of the last delivery among them."""

    recipient: DipId
    channel: str
    many: int
    last: int


class Account(msgspec.Struct, frozen=True):
    """The deliveries of one recipient and channel as the journal tells them. wrong: in another state than told."""

    recipient: DipId
    channel: str
    accepted: int
    found: int
    states: dict[DeliveryState, int]
    wrong: int


class Wrong(msgspec.Struct, frozen=True, rename="camel"):
    """A message whose deliveries to one recipient do not agree with its journal."""

    transaction_id: str
    recipient: DipId
    channel: str
    reason: str


class SpanBalance(msgspec.Struct, frozen=True):
    """The balance of a span of messages, out of one view of the store. wrong: at most MOST_WRONG of them."""

    accounts: tuple[Account, ...]
    wrong: tuple[Wrong, ...]
    without_recipient: int


class Ends(NamedTuple):
    """The next message behind a number, and the last of all; None where there is none."""

    following: int | None
    last: int | None


class SqliteWatch:
    """WatchStore over SQLite."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def ages(self) -> list[Age]:
        """Every lane in which something waits, and since when."""
        rows = await self._reader.all("ages")
        return [
            Age(Lane(number, DipId(recipient), channel), moment(since)) for number, recipient, channel, since in rows
        ]

    async def dead_by_lane(self) -> list[DeadCount]:
        """How many dead letters there are, by recipient and channel."""
        return [DeadCount(DipId(row[0]), *row[1:]) for row in await self._reader.all("dead_by_lane")]

    async def ends(self, after: int) -> Ends:
        """Where the messages behind a number begin and end."""
        return Ends(*(await self._reader.all("span", (after,)))[0])

    async def balance(self, first: int, last: int) -> SpanBalance:
        """The balance of the messages with these numbers, both included."""
        rows = await self._reader.all("balance", {"first": first, "last": last})
        nobody = await self._reader.all("nobody_to_reach", (first, last))
        named = [_wrong(row) for row in rows if row[0] is not None]
        return SpanBalance(
            tuple(_account(row) for row in rows if row[0] is None), tuple(named[:MOST_WRONG]), nobody[0][0]
        )


def _account(row: Any) -> Account:
    states = {state: int(count) for state, count in zip(_STATES, row[5:11], strict=True)}
    return Account(DipId(row[1]), row[2], row[3], row[4], states, int(row[11]))


def _wrong(row: Any) -> Wrong:
    account = _account(row)
    if account.found < account.accepted:
        reason = f"accepted {account.accepted}, found {account.found}: a delivery is missing"
    elif account.found > account.accepted:
        reason = f"accepted {account.accepted}, found {account.found}: a delivery is there too often"
    else:
        told = ", ".join(state for state, count in account.states.items() if count)
        reason = f"its journal says {told}, its delivery another state"
    return Wrong(row[0], account.recipient, account.channel, reason)
