"""Throughput and performance reports: as a call, as CSV, and as a page (5.11.1, 5.11.2; FS-51, FS-52)."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import msgspec
from aiohttp import web

from dip.channels.durations import duration, written
from dip.ground.clock import Clock, moment
from dip.ground.errors import BadRequest
from dip.http.portal.data.tables import csv_text
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.parameters import Parameters
from dip.messages.timestamps import wire_time
from dip.reporting.throughput import Figures, Interval, figures, interval
from dip.store.throughput import Passage, Side, SqliteThroughput, ThroughputFilter

_KNOWN: Final = ("from", "to", "bucket", "side", "channel", "party", "outcome", "by")

_MOST_ROWS: Final = 20_000
_USUAL: Final = timedelta(hours=1)
_BY: Final = ("channel", "party", "channel,party")


class ThroughputReport(msgspec.Struct, frozen=True, rename="camel"):
    """What passed in an interval. since, until: its first second, and the one behind its last. bucket: ISO 8601.

    next: None; an interval that has more than can be listed is refused.
    """

    since: str
    until: str
    bucket: str
    side: Side
    items: Sequence[Figures]
    next: str | None = None


class ThroughputDesk:
    """Handlers of `/admin/api/throughput`. Totals are everybody's: they show no MPAN (5.11)."""

    def __init__(self, *, store: SqliteThroughput, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """The call."""
        return [web.get(f"{API}/throughput", self.report)]

    async def report(self, request: web.Request) -> web.Response:
        """What passed from one time to another, by bucket: counts, and how long it took.

        `side=sender` counts what participants sent: taken, with the time from receipt to queue, then delivered,
        rejected, dead or failed, with the time from receipt to the recipient's answer. `side=recipient` counts the
        latter for who got it. Commas between several channels, parties or outcomes; `by` says what is told apart.
        Percentiles are read off counts of times up to 19 bounds. `form=csv` gives a table.
        """
        report = await self._read(request)
        if request.query.get("form") == "csv":
            return web.Response(text=_csv(report.items), content_type="text/csv", charset="utf-8")
        return json_response(report)

    async def _read(self, request: web.Request) -> ThroughputReport:
        asked = Parameters(request.query, _KNOWN)
        since, until = asked.since("from"), asked.until("to")
        side = asked.one_of("side", tuple(Side)) or Side.SENDER
        by = (asked.one_of("by", _BY) or "").split(",")
        channels, parties, outcomes = (_several(asked.text(name)) for name in ("channel", "party", "outcome"))
        asked.check()
        wrong = [one for one in outcomes or () if one not in tuple(Passage)]
        if wrong:
            raise BadRequest(f"outcome: expected {', '.join(Passage)}.")
        until = until or self._clock.now() + timedelta(minutes=1)
        chosen = interval(since or until - _USUAL, until, _bucket(asked.typed["bucket"]))
        passed = await self._store.passed(
            ThroughputFilter(
                since=chosen.since,
                until=chosen.until,
                span=chosen.span,
                bucket=chosen.bucket,
                side=Side(side),
                channels=channels,
                parties=parties,
                outcomes=None if outcomes is None else [Passage(one) for one in outcomes],
                by_channel="channel" in by,
                by_party="party" in by,
                limit=_MOST_ROWS + 1,
            )
        )
        if len(passed) > _MOST_ROWS:
            raise BadRequest(f"by: that is more than {_MOST_ROWS} rows; ask for longer buckets, or a shorter interval.")
        return _report(chosen, Side(side), figures(passed))


def _report(chosen: Interval, side: Side, items: Sequence[Figures]) -> ThroughputReport:
    from_, to = (_moment(at) for at in (chosen.since, chosen.until))
    return ThroughputReport(from_, to, written(timedelta(seconds=chosen.bucket)), side, items)


def _several(text: str | None) -> list[str] | None:
    return None if text is None else [one.strip() for one in text.split(",") if one.strip()]


def _bucket(text: str) -> timedelta | None:
    if not text:
        return None
    try:
        return duration(text)
    except ValueError as exc:
        raise BadRequest(f"bucket: {exc}.") from exc


def _moment(seconds: int) -> str:
    return wire_time(moment(seconds * 1_000_000))


def _csv(items: Iterable[Figures]) -> str:
    heads = [field.encode_name for field in msgspec.structs.fields(Figures)]
    return csv_text(heads, map(_cells, items))


def _cells(item: Figures) -> Sequence[object]:
    at, *others = msgspec.structs.astuple(item)
    return [wire_time(at), *others]
