"""What a throughput report is asked for, in the address of its page and of its call alike (5.11.1, 5.11.2)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from multidict import MultiDict, MultiMapping

from dip.channels.durations import duration, written
from dip.ground.clock import moment
from dip.ground.errors import BadRequest
from dip.http.portal.parameters import Parameters
from dip.reporting.throughput import Interval, interval
from dip.store.throughput import Passage, Side, ThroughputFilter

MOST_ROWS: Final = 20_000
"""Rows of one report."""
BY: Final = ("channel", "party", "channel,party")
_KNOWN: Final = ("from", "to", "bucket", "side", "channel", "sender", "recipient", "outcome", "by")
SEVERAL: Final = ("channel", "sender", "recipient", "outcome")
"""What may be given several times, or with commas between."""
_LONGEST: Final = 2000
"""Characters of a list of channels or parties."""
_USUAL: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_MICROSECONDS: Final = 1_000_000


class ThroughputQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked. None of channels, senders, recipients, outcomes: all of them.

    by: what is told apart, one of BY or empty.
    """

    interval: Interval
    side: Side
    channels: Sequence[str] | None
    senders: Sequence[str] | None
    recipients: Sequence[str] | None
    outcomes: Sequence[Passage] | None
    by: str

    @property
    def since(self) -> datetime:
        """The first moment."""
        return moment(self.interval.since * _MICROSECONDS)

    @property
    def until(self) -> datetime:
        """The moment behind the last one."""
        return moment(self.interval.until * _MICROSECONDS)

    @property
    def bucket(self) -> timedelta:
        """How long a bucket is."""
        return timedelta(seconds=self.interval.bucket)

    def filter(self) -> ThroughputFilter:
        """The same for the store; one row more than a report may have, to see whether there are too many."""
        return ThroughputFilter(
            since=self.interval.since,
            until=self.interval.until,
            span=self.interval.span,
            bucket=self.interval.bucket,
            side=self.side,
            channels=self.channels,
            senders=self.senders,
            recipients=self.recipients,
            outcomes=self.outcomes,
            by_channel="channel" in self.by,
            by_party="party" in self.by,
            limit=MOST_ROWS + 1,
        )

    def parameters(self) -> dict[str, str]:
        """The query of the call that gives the same report, with its times written out."""
        given = {
            "from": self.since.isoformat(),
            "to": self.until.isoformat(),
            "bucket": written(self.bucket),
            "side": self.side.value,
            "channel": ",".join(self.channels or ()),
            "sender": ",".join(self.senders or ()),
            "recipient": ",".join(self.recipients or ()),
            "outcome": ",".join(self.outcomes or ()),
            "by": self.by,
        }
        return {name: value for name, value in given.items() if value}


def read_throughput_query(query: MultiMapping[str], now: datetime) -> ThroughputQuery:
    """Read a query; without times the hour up to now. Raises BadRequest, which names what is wrong."""
    asked = Parameters(query, _KNOWN)
    since, until = asked.since("from"), asked.until("to")
    side = asked.one_of("side", tuple(Side))
    by = asked.one_of("by", BY) or ""
    asked.check()
    channels, senders, recipients, outcomes = (_several(name, asked.typed[name]) for name in SEVERAL)
    wrong = [one for one in outcomes or () if one not in tuple(Passage)]
    if wrong:
        raise BadRequest(f"outcome: expected {', '.join(Passage)}.")
    until = until or now + _MINUTE
    return ThroughputQuery(
        interval=interval(since or until - _USUAL, until, _bucket(asked.typed["bucket"])),
        side=_side(side, senders, recipients),
        channels=channels,
        senders=senders,
        recipients=recipients,
        outcomes=None if outcomes is None else [Passage(one) for one in outcomes],
        by=by,
    )


def _side(asked: str | None, senders: Sequence[str] | None, recipients: Sequence[str] | None) -> Side:
    """By whom it is counted: where both ends matter, by pairs."""
    side = Side(asked) if asked else Side.SENDER if senders or not recipients else Side.RECIPIENT
    is_between = (side is Side.SENDER and recipients) or (side is Side.RECIPIENT and senders)
    return Side.PAIR if is_between else side


def check_rows(many: int) -> None:
    """Raise BadRequest where a report has more rows than one may have."""
    if many > MOST_ROWS:
        raise BadRequest(f"by: that is more than {MOST_ROWS} rows; ask for longer buckets, or a shorter interval.")


def gathered(query: MultiMapping[str]) -> MultiDict[str]:
    """The query of a form, with what it gives several times as one list with commas between, and nothing empty."""
    names = dict.fromkeys(query)
    made = MultiDict((name, ",".join(query.getall(name))) for name in names if name in SEVERAL)
    made.extend((name, value) for name, value in query.items() if name not in SEVERAL)
    return MultiDict((name, value) for name, value in made.items() if value.strip())


def _several(name: str, text: str) -> list[str] | None:
    if len(text) > _LONGEST:
        raise BadRequest(f"{name}: expected at most {_LONGEST} characters.")
    return [one.strip() for one in text.split(",") if one.strip()] or None


def _bucket(text: str) -> timedelta | None:
    if not text:
        return None
    try:
        return duration(text)
    except ValueError as exc:
        raise BadRequest(f"bucket: {exc}.") from exc
