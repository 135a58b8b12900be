"""Throughput and performance reports as a call, as JSON and CSV (5.11.1, 5.11.2; FS-51, FS-52)."""

from collections.abc import Iterable, Sequence

import msgspec
from aiohttp import web

from dip.channels.durations import written
from dip.ground.clock import Clock
from dip.http.portal.data.tables import csv_text
from dip.http.portal.guard import API
from dip.http.portal.open_doors import json_response
from dip.http.portal.throughput_query import check_rows, read_throughput_query
from dip.messages.timestamps import wire_time
from dip.reporting.throughput import Figures, figures
from dip.store.throughput import Side, SqliteThroughput


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
        latter for who got it, `side=pair` for who got it from whom: a party is then the sender's DIP id, a space and
        the recipient's. With `sender` and `recipient` together it is always by pair. Commas between several channels,
        participants or outcomes; `by` says what is told apart.
        Percentiles are read off counts of times up to 19 bounds. `form=csv` gives a table.
        """
        report = await self._read(request)
        if request.query.get("form") == "csv":
            return web.Response(text=_csv(report.items), content_type="text/csv", charset="utf-8")
        return json_response(report)

    async def _read(self, request: web.Request) -> ThroughputReport:
        asked = read_throughput_query(request.query, self._clock.now())
        passed = await self._store.passed(asked.filter())
        check_rows(len(passed))
        return ThroughputReport(
            since=wire_time(asked.since),
            until=wire_time(asked.until),
            bucket=written(asked.bucket),
            side=asked.side,
            items=figures(passed),
        )


def _csv(items: Iterable[Figures]) -> str:
    heads = [field.encode_name for field in msgspec.structs.fields(Figures)]
    return csv_text(heads, map(_cells, items))


def _cells(item: Figures) -> Sequence[object]:
    at, *others = msgspec.structs.astuple(item)
    return [wire_time(at), *others]
