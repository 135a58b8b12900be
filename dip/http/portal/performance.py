"""The page of this moment: what waits, and the server's own figures since its start (5.11.2; FS-52)."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from dip.ground.clock import Clock, moment
from dip.http.portal.charts.scales import count, milliseconds
from dip.http.portal.renderer import Renderer
from dip.http.portal.wording import date_and_time, duration, size
from dip.store.pages import SqlitePages

_PAGE: Final = "/performance"
_LEFT_OUT: Final = ("_created", "_bucket")
"""Ends of the names of samples that say nothing by themselves."""
_MICROSECONDS: Final = 1_000_000
_MOST_SAMPLES: Final = 40
"""Samples of one figure that are shown."""


class Figure(msgspec.Struct, frozen=True):
    """One of the server's figures: its name, what it is, its values by what they are told apart by."""

    name: str
    about: str
    values: Sequence[tuple[str, str]]


class PerformancePage:
    """Handler of `/performance`. Totals are everybody's (5.11)."""

    def __init__(self, *, pages: SqlitePages, metrics: CollectorRegistry, clock: Clock, renderer: Renderer) -> None:
        self._pages = pages
        self._metrics = metrics
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> list[web.RouteDef]:
        """The page."""
        return [web.get(_PAGE, self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """What waits in queues and for the event loop, then every figure that Prometheus may read too."""
        queues = await self._pages.queues()
        oldest = min((queue.oldest for queue in queues if queue.oldest is not None), default=None)
        values = {
            "waiting": count(sum(queue.waiting for queue in queues)),
            "queues": count(sum(1 for queue in queues if queue.waiting)),
            "handed_out": count(sum(queue.leased for queue in queues)),
            "oldest": "" if oldest is None else duration(self._clock.now() - oldest),
            "turn": milliseconds(await self._turn_ms()),
            "figures": [_figure(metric) for metric in self._metrics.collect()],
        }
        return self._renderer.page(request, "performance.html", values)

    async def _turn_ms(self) -> float:
        """How long one turn of the event loop takes just now, with all that was due in it, milliseconds."""
        begin = self._clock.monotonic()
        await asyncio.sleep(0)
        return (self._clock.monotonic() - begin) * 1000


def _figure(metric: Metric) -> Figure:
    values = [
        (", ".join([*sample.labels.values(), *_kind(metric, sample.name)]), _value(metric.name, sample.value))
        for sample in metric.samples
        if not sample.name.endswith(_LEFT_OUT)
    ]
    return Figure(metric.name, metric.documentation, values[:_MOST_SAMPLES])


def _kind(metric: Metric, sample: str) -> list[str]:
    """Whether a sample is the sum or the count of what a figure measures; nothing where it is the figure itself."""
    end = sample.removeprefix(metric.name).removeprefix("_")
    return [end] if end not in ("", "total") else []


def _value(name: str, value: float) -> str:
    if name.endswith("_timestamp_seconds"):
        return date_and_time(moment(int(value * _MICROSECONDS)))
    return size(int(value)) if name.endswith("_bytes") else count(value)
