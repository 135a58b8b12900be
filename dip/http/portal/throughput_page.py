"""The page of throughput and performance: volumes and latency of any interval (5.11.1, 5.11.2; FS-51, FS-52)."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiDict

from dip.channels.registry import Registry
from dip.ground.clock import Clock, moment
from dip.ground.current import Current
from dip.ground.errors import BadRequest
from dip.ground.settings import Settings
from dip.http.portal.charts.scales import count, milliseconds
from dip.http.portal.guard import API, present_visitor
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.http.portal.throughput_charts import OUTCOMES, Shown, shown
from dip.http.portal.throughput_query import SEVERAL, ThroughputQuery, check_rows, gathered, read_throughput_query
from dip.http.problems import status_of
from dip.participants.registry import Participants
from dip.reporting.throughput import percentile
from dip.reporting.throughput_summary import share_within
from dip.store.records import STATUS_CHANNEL
from dip.store.throughput import SPANS, Latencies, SqliteThroughput

_PAGE: Final = "/throughput"
_ROWS: Final = 200
"""Rows of the table."""
_TODAY: Final = "today"
_PERIODS: Final[Mapping[str, tuple[str, timedelta]]] = MappingProxyType(
    {
        "hour": ("Last hour", timedelta(hours=1)),
        _TODAY: ("Today", timedelta(0)),
        "day": ("24 hours", timedelta(days=1)),
        "week": ("7 days", timedelta(days=7)),
        "month": ("30 days", timedelta(days=30)),
        "year": ("Year", timedelta(days=365)),
    }
)
_BUCKETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": "that suits",
        "PT1M": "1 minute",
        "PT5M": "5 minutes",
        "PT15M": "15 minutes",
        "PT1H": "1 hour",
        "PT4H": "4 hours",
        "P1D": "1 day",
        "P7D": "7 days",
    }
)
_SPANS: Final = ("minute", "hour", "day")
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
_MICROSECONDS: Final = 1_000_000
_NO_SECONDS: Final = len("2026-03-21T19:05")


class ThroughputPage:
    """Handler of `/throughput`. Totals are everybody's: they show no MPAN (5.11)."""

    def __init__(
        self,
        *,
        store: SqliteThroughput,
        settings: Settings,
        clock: Clock,
        executor: Executor,
        registry: Current[Registry],
        participants: Current[Participants],
        renderer: Renderer,
    ) -> None:
        """executor: where charts are drawn, beside the event loop."""
        self._store = store
        self._kept = settings.throughput_kept
        self._clock = clock
        self._executor = executor
        self._registry = registry
        self._participants = participants
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The page."""
        return [web.get(_PAGE, self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """Volumes, latency, a table, and where the same report is had by a program."""
        given, visitor = gathered(request.query), present_visitor(request)
        if chosen := given.pop("choose", ""):
            # A quick choice takes the place of the times that stand in the form.
            kept = {name: value for name, value in given.items() if name not in ("from", "to", "period")}
            raise web.HTTPSeeOther(f"{_PAGE}?{urlencode({'period': chosen, **kept})}")
        now = self._clock.now()
        values: dict[str, Any] = {
            "fault": "",
            "given": given,
            "periods": {name: words for name, (words, _) in _PERIODS.items()},
            "buckets": _with(given.get("bucket", ""), _BUCKETS),
            "outcomes": OUTCOMES,
            "channels": self._channels(given),
            "senders": self._parties(given, "sender", visitor),
            "recipients": self._parties(given, "recipient", visitor),
            "chosen": {name: _list(given, name) for name in SEVERAL},
            "own_times": {name: given.get(name, "")[:_NO_SECONDS] for name in ("from", "to")},
            "count": count,
            "time": milliseconds,
            "measured": _measured,
            "percentile": percentile,
            "moment": lambda seconds: moment(seconds * _MICROSECONDS),
            "report": None,
        }
        status = 200
        try:
            asked = read_throughput_query(_with_times(given, now), now)
            report = await self._report(asked, visitor)
            values |= self._values(asked, report, now)
        except BadRequest as refused:
            values["fault"], status = str(refused), status_of(refused)
        return self._renderer.page(request, "throughput.html", values, status=status)

    async def _report(self, asked: ThroughputQuery, visitor: Visitor) -> Shown:
        passed = await self._store.passed(asked.filter())
        check_rows(len(passed))
        names = {str(one.dip_id): one.name for one in self._participants.value if visitor.sees(one.dip_id)}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, shown, asked, passed, lambda dip_id: names.get(dip_id, ""))

    def _values(self, asked: ThroughputQuery, report: Shown, now: datetime) -> dict[str, Any]:
        call = f"{API}/throughput?{urlencode(asked.parameters())}"
        place = SPANS.index(asked.interval.span)
        kept_since = now - self._kept[place]
        return {
            "report": report,
            "rows": report.rows[:_ROWS],
            "asked": asked,
            "call": call,
            "csv": f"{call}&form=csv",
            "kept_since": kept_since if asked.since < kept_since else None,
            "kept_span": _SPANS[place],
        }

    def _channels(self, given: MultiDict[str]) -> Mapping[str, str]:
        """The channels to choose from, with those of the address that there are not."""
        known = {str(one.id): one.name for one in self._registry.value.channels.values()}
        chosen = dict.fromkeys(_list(given, "channel"), "")
        return dict(sorted({**chosen, **known}.items())) | {STATUS_CHANNEL: "status messages"}

    def _parties(self, given: MultiDict[str], name: str, visitor: Visitor) -> Mapping[str, str]:
        """The participants to choose from: those that somebody sees, with those of the address."""
        known = {str(one.dip_id): one.name for one in self._participants.value if visitor.sees(one.dip_id)}
        return dict(sorted({**dict.fromkeys(_list(given, name), ""), **known}.items()))


def _with_times(given: MultiDict[str], now: datetime) -> MultiDict[str]:
    """The query with its times written out: a period ends now. Raises BadRequest for one that there is not."""
    made = MultiDict((name, value) for name, value in given.items() if name != "period")
    period = given.get("period", "")
    if period and period not in _PERIODS:
        raise BadRequest(f"period: expected {' or '.join(_PERIODS)}.")
    for name in ("from", "to"):
        # What a field of a form gives has no offset.
        if _LOCAL.fullmatch(value := made.get(name, "")):
            made[name] = f"{value}:00+00:00" if len(value) == _NO_SECONDS else f"{value}+00:00"
    if period and "from" not in made and "to" not in made:
        until = (now + timedelta(minutes=1)).replace(second=0, microsecond=0)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        made["from"] = (midnight if period == _TODAY else until - _PERIODS[period][1]).isoformat()
        made["to"] = until.isoformat()
    return made


def _measured(times: Latencies) -> Sequence[tuple[str, str]]:
    """What is told of times, in words; empty where nothing was timed."""
    if not times.timed:
        return []
    told = {"Least": times.least_us / 1000, "Average": times.sum_us / times.timed / 1000}
    told |= {f"{part:.0%} within": percentile(times, part) or 0.0 for part in (0.5, 0.9, 0.99)}
    told["Slowest"] = times.most_us / 1000
    shares = {f"Within {bound // 1000} s": share_within(times, bound) or 0.0 for bound in (3000, 30_000)}
    return [
        *((name, milliseconds(value)) for name, value in told.items()),
        *((name, _share(value)) for name, value in shares.items()),
    ]


def _share(part: float) -> str:
    """A part in percent, never rounded up to all."""
    return "100%" if part == 1 else f"{int(part * 10_000) / 100:g}%"


def _list(given: MultiDict[str], name: str) -> list[str]:
    return [one.strip() for one in given.get(name, "").split(",") if one.strip()]


def _with(value: str, known: Mapping[str, str]) -> Mapping[str, str]:
    """The choices, with the one of the address where it is another one."""
    return known if value in known else {**known, value: value}
