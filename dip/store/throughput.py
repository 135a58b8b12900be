"""Throughput and latency by minute, hour and day, counted in the commit of what passes (5.11.1, 5.11.2)."""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from dip.store.queries import queries
from dip.store.reader import Reader

SPANS: Final = (60, 3600, 86_400)
"""Seconds of the buckets that are kept."""
_HOUR: Final = SPANS[1]
BOUNDS_MS: Final = (5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000)
"""Times are counted up to each of these, and beyond the last."""
_BOUNDS_US: Final = tuple(bound * 1000 for bound in BOUNDS_MS)
_MICROSECONDS: Final = 1_000_000
_NOTHING: Final = 2**62
"""Least time of none: every time is less."""


class Side(StrEnum):
    """Whose messages are counted: those that a party sent, those that it got, or those from one to another."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    PAIR = "pair"
    """What went from one to another: the party is the sender's DIP id, a space and the recipient's."""

    @property
    def of_all(self) -> str:
        """Under what the sums over all parties are kept, so that a long report need not add them up."""
        return f"every {self.value}"


def pair(sender: str, recipient: str) -> str:
    """Two participants as the party of what went from one to the other."""
    return f"{sender} {recipient}"


class Passage(StrEnum):
    """What became of what is counted. TAKEN and REFUSED are of the way in, the others of deliveries."""

    TAKEN = "taken"
    REFUSED = "refused"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    DEAD = "dead"
    FAILED = "failed"
    """An attempt that is made again."""


class Latencies(msgspec.Struct):
    """Times of so many. least and most: microseconds. within: how many took up to each bound, and beyond the last."""

    timed: int = 0
    sum_us: int = 0
    least_us: int = 0
    most_us: int = 0
    within: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))

    def merge(self, more: "Latencies") -> None:
        """Add other times to these."""
        if not more.timed:
            return
        self.least_us = min(self.least_us, more.least_us) if self.timed else more.least_us
        self.most_us = max(self.most_us, more.most_us)
        self.timed += more.timed
        self.sum_us += more.sum_us
        self.within = [mine + other for mine, other in zip(self.within, more.within, strict=True)]

    def add(self, took_us: int) -> None:
        """Count one time."""
        took_us = max(0, took_us)
        self.least_us = min(self.least_us, took_us) if self.timed else took_us
        self.most_us = max(self.most_us, took_us)
        self.timed += 1
        self.sum_us += took_us
        self.within[bisect_left(_BOUNDS_US, took_us)] += 1


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """What passed in a bucket. at: its beginning, seconds since 1970. channel, party: None for all of them together."""

    at: int
    channel: str | None
    side: Side
    party: str | None
    outcome: Passage
    count: int
    latencies: Latencies


class ThroughputFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: from and before a second, in buckets of a multiple of the span, of these channels and parties.

    senders: with the sides of senders and pairs. recipients: with those of recipients and pairs. None: all of them.
    """

    since: int
    until: int
    span: int
    bucket: int
    side: Side
    channels: Sequence[str] | None = None
    senders: Sequence[str] | None = None
    recipients: Sequence[str] | None = None
    outcomes: Sequence[Passage] | None = None
    by_channel: bool = False
    by_party: bool = False
    limit: int = 10_000


class CountFilter(msgspec.Struct, frozen=True, kw_only=True):
    """How much is asked for: from a second and before another, whole minutes. channel, party: empty for each."""

    since: int
    until: int
    side: Side
    outcomes: Sequence[Passage]
    channel: str
    party: str


class _Tally(msgspec.Struct):
    count: int = 0
    latencies: Latencies = msgspec.field(default_factory=Latencies)


_Key: TypeAlias = tuple[int, str, str, str, Passage]
"""Minute, channel, side as it is kept, party and outcome."""


class Tallies:
    """What passed in the transaction under way; written before its commit, forgotten where that fails."""

    def __init__(self) -> None:
        self._open: dict[_Key, _Tally] = {}

    def count(
        self, at: int, channel: str, side: Side, party: str, outcome: Passage, took_us: int | None = None
    ) -> None:
        """Count one. at: microseconds."""
        key = at // _MICROSECONDS // SPANS[0] * SPANS[0], channel, side, party, outcome
        tally = self._open.get(key)
        if tally is None:
            tally = self._open[key] = _Tally()
        tally.count += 1
        if took_us is not None:
            tally.latencies.add(took_us)

    def settled(self, connection: sqlite3.Connection, call: int, at: int, outcomes: dict[int, Passage]) -> None:
        """Count the deliveries that a call settled just now, by outcome; what did not take its step is left out."""
        listed = msgspec.json.encode(list(outcomes)).decode()
        for delivery, channel, sender, recipient, since in connection.execute(
            queries()["settled_just_now"], (listed, call)
        ):
            outcome = outcomes[delivery]
            took_us = at - since if outcome is Passage.DELIVERED and since is not None else None
            self.count(at, channel, Side.RECIPIENT, recipient, outcome, took_us)
            if sender is not None:
                self.count(at, channel, Side.SENDER, sender, outcome, took_us)
                self.count(at, channel, Side.PAIR, pair(sender, recipient), outcome, took_us)

    def write(self, connection: sqlite3.Connection) -> None:
        """Add what was counted to the store."""
        if not self._open:
            return
        rows: list[tuple[Any, ...]] = []
        for (at, channel, side, party, outcome), tally in (self._open | self._of_all()).items():
            times = tally.latencies
            figures = tally.count, times.timed, times.sum_us, times.least_us if times.timed else _NOTHING, times.most_us
            key = channel, party, outcome
            rows += [(span, side, at - at % span, *key, *figures, *times.within) for span in SPANS]
        connection.executemany(queries()["add_throughput"], rows)
        self._open = {}

    def _of_all(self) -> dict[_Key, _Tally]:
        """The sums over the parties."""
        sums: dict[_Key, _Tally] = {}
        for (at, channel, side, _, outcome), tally in self._open.items():
            if side == Side.PAIR:
                continue
            whole = sums.setdefault((at, channel, Side(side).of_all, "", outcome), _Tally())
            whole.count += tally.count
            whole.latencies.merge(tally.latencies)
        return sums

    def forget(self) -> None:
        """The transaction was undone."""
        self._open = {}


class SqliteThroughput:
    """Reads what was counted, on a connection and a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._reader = Reader(path)

    async def close(self) -> None:
        """Close the connection, if one was opened."""
        await self._reader.close()

    async def passed(self, wanted: ThroughputFilter) -> Sequence[Throughput]:
        """What passed, by bucket and as far as asked by channel and party, in order."""
        rows = await self._reader.all(
            "throughput",
            {
                **{name: getattr(wanted, name) for name in ("since", "until", "span", "bucket", "limit")},
                "side": _kept_under(wanted),
                "by_channel": wanted.by_channel,
                "by_party": wanted.by_party,
                "channels": _listed(wanted.channels),
                "senders": None if wanted.side is Side.RECIPIENT else _listed(wanted.senders),
                "recipients": None if wanted.side is Side.SENDER else _listed(wanted.recipients),
                "outcomes": _listed(wanted.outcomes),
            },
        )
        return [_throughput(row, wanted.side) for row in rows]

    async def count(self, wanted: CountFilter) -> int:
        """How much passed; read from hours where whole ones lie in the time asked for."""
        given = {name: getattr(wanted, name) for name in ("since", "until", "channel", "party")}
        given["side"] = wanted.side if wanted.party else wanted.side.of_all
        first = min(-(-wanted.since // _HOUR) * _HOUR, wanted.until)
        given |= {"first_hour": first, "last_hour": max(first, wanted.until // _HOUR * _HOUR)}
        ((count,),) = await self._reader.all("throughput_count", {**given, "outcomes": _listed(wanted.outcomes)})
        return int(count)


def _listed(values: Iterable[str] | None) -> str | None:
    return None if values is None else msgspec.json.encode(list(values)).decode()


def _kept_under(wanted: ThroughputFilter) -> str:
    """The side as it is kept: the sums where no party is asked for or told apart."""
    parties = wanted.senders if wanted.side is Side.SENDER else wanted.recipients
    is_whole = wanted.side is not Side.PAIR and parties is None and not wanted.by_party
    return wanted.side.of_all if is_whole else wanted.side.value


def _throughput(row: Sequence[Any], side: Side) -> Throughput:
    at, channel, party, outcome, count, timed, sum_us, least_us, most_us = row[:9]
    return Throughput(
        at=at,
        channel=channel,
        side=side,
        party=party,
        outcome=Passage(outcome),
        count=count,
        latencies=Latencies(timed, sum_us, least_us or 0, most_us or 0, list(row[9:])),
    )
