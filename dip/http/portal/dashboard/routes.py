"""The dashboard put together from the parts of the server."""

from collections.abc import Callable, Sequence

from dip.http.portal.dashboard.blocks import Drawing
from dip.http.portal.dashboard.boards import Boards
from dip.http.portal.dashboard.live import LiveBoards, Present
from dip.http.portal.dashboard.pages import DashboardPages
from dip.http.portal.dashboard.standing import CertificateEnds
from dip.http.portal.parts import PortalParts
from dip.http.portal.renderer import Renderer
from dip.http.portal.views import PauseView
from dip.reporting.traffic import RecentTraffic


def dashboard_of(
    parts: PortalParts, renderer: Renderer, *, maintenance: Callable[[], Sequence[PauseView]], present: Present
) -> DashboardPages:
    """The dashboard. maintenance: what is paused or will be. present: who asks, at the moment of the question."""
    boards = Boards(
        settings=parts.settings,
        clock=parts.clock,
        store=parts.store.pages.dashboard,
        traffic=RecentTraffic(store=parts.store.throughput, clock=parts.clock),
        alarms=parts.duties.alarms,
        balance=parts.duties.balance,
        certificates=CertificateEnds(
            participants=parts.participants, clock=parts.clock, warning=parts.settings.certificate_warnings[0]
        ),
        maintenance=maintenance,
        drawn=Drawing(
            renderer=renderer, participants=parts.participants, counted=parts.settings.dashboard_counted
        ).drawn,
    )
    live = LiveBoards(boards=boards, present=present, settings=parts.settings, clock=parts.clock, log=parts.log)
    return DashboardPages(boards=boards, live=live, renderer=renderer)
