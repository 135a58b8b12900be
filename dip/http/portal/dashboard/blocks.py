"""The blocks of the dashboard, drawn from one template each: for the page, and for what is sent to it later."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from dip.ground.current import Current
from dip.http.portal.alarms import in_hours
from dip.http.portal.charts.frame import Drawn
from dip.http.portal.charts.sparkline import sparkline
from dip.http.portal.dashboard.latency import latency_bars
from dip.http.portal.dashboard.snapshot import Dashboard
from dip.http.portal.powers import Visitor
from dip.http.portal.renderer import Renderer
from dip.http.portal.views import windows_of
from dip.participants.registry import Participants
from dip.reporting.alarms import in_words

BLOCKS: Final[Mapping[str, str]] = {
    "alarms": "Alarms",
    "traffic": "Messages a minute",
    "latency": "Latency",
    "failures": "Rejected and dead",
    "queues": "Queues",
    "balance": "Balance",
    "certificates": "Certificates",
    "server": "Clock and server",
    "maintenance": "Maintenance",
}
"""The blocks in the order of the page, with their headings."""


class Drawing:
    """Draws blocks."""

    def __init__(self, *, renderer: Renderer, participants: Current[Participants], counted: int) -> None:
        """counted: how far what waits for one recipient is counted."""
        self._renderer = renderer
        self._participants = participants
        self._counted = counted

    def drawn(self, dashboard: Dashboard, visitor: Visitor) -> Mapping[str, Drawn]:
        """The HTML of every block that a visitor sees, by name."""
        values = {
            "now": dashboard,
            "traffic": dashboard.traffic,
            "windows": windows_of(dashboard.maintenance),
            "in_words": in_words,
            "name_of": self._names(),
            "latency_bars": latency_bars,
            "sparkline": sparkline,
            "in_hours": in_hours,
            "counted": self._counted,
            "offset": timedelta(seconds=dashboard.server.offset_s),
        }
        unseen = {name for name in ("queues", "failures", "certificates") if getattr(dashboard, name) is None}
        return {
            name: Drawn(self._renderer.fragment(f"dashboard/{name}.html", values, visitor))
            for name in BLOCKS
            if name not in unseen
        }

    def _names(self) -> Callable[[str], str]:
        known: dict[str, str] = {one.dip_id: one.name for one in self._participants.value}
        return lambda dip_id: known.get(dip_id, "")
