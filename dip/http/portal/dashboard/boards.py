"""The dashboard as somebody sees it: read once for all who see the same, block by block (5.11, FS-50)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from dip import __version__
from dip.ground.clock import Clock
from dip.ground.settings import Settings
from dip.http.portal.charts.frame import Drawn
from dip.http.portal.dashboard.snapshot import Dashboard, ServerNow
from dip.http.portal.dashboard.standing import CertificateEnds, balance_now, open_alarms
from dip.http.portal.navigation import allows
from dip.http.portal.powers import Power, Visitor
from dip.http.portal.views import PauseView
from dip.messages.identifiers import DipId
from dip.reporting.alarms import Alarms
from dip.reporting.balance import Balance
from dip.reporting.traffic import RecentTraffic, Traffic
from dip.store.dashboard import SqliteDashboard

_MOST_SCOPES: Final = 64
"""Boards that are remembered, of those who see different things."""
_FRESH: Final = 0.9
"""For this part of the time between two looks a board is as good as new: all streams share it."""

Scope: TypeAlias = tuple[frozenset[DipId] | None, frozenset[Power], frozenset[Power]]


class Board(msgspec.Struct, frozen=True):
    """What a visitor sees. blocks: HTML by the name of the block, in order. read: on the monotonic clock, seconds."""

    dashboard: Dashboard
    blocks: Mapping[str, Drawn]
    read: float


class Boards:
    """Reads and draws boards, each once for all visitors of the same scope."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: SqliteDashboard,
        traffic: RecentTraffic,
        alarms: Alarms,
        balance: Balance,
        certificates: CertificateEnds,
        maintenance: Callable[[], Sequence[PauseView]],
        drawn: Callable[[Dashboard, Visitor], Mapping[str, Drawn]],
    ) -> None:
        """drawn: makes the blocks."""
        self._settings = settings
        self._clock = clock
        self._store = store
        self._traffic = traffic
        self._alarms = alarms
        self._balance = balance
        self._certificates = certificates
        self._maintenance = maintenance
        self._drawn = drawn
        self._began = clock.monotonic()
        self._known: OrderedDict[Scope, Board] = OrderedDict()
        self._reading: dict[Scope, asyncio.Task[Board]] = {}
        self._passing = asyncio.Lock()
        self._passed: tuple[float, Traffic] | None = None

    async def shared(self, visitor: Visitor) -> Board:
        """The board that all streams of a scope share: no older than the time between two looks."""
        known = self._known.get(_scope(visitor))
        if known is not None and self._is_fresh(known.read):
            return known
        return await self.now(visitor)

    async def now(self, visitor: Visitor) -> Board:
        """The board as it is now; who asks meanwhile gets the same."""
        scope = _scope(visitor)
        reading = self._reading.get(scope)
        if reading is None:
            reading = self._reading[scope] = asyncio.create_task(self._read(visitor), name="dashboard")
        return await asyncio.shield(reading)

    async def _read(self, visitor: Visitor) -> Board:
        try:
            board = await self._made(visitor)
        finally:
            # From here on who asks gets another one.
            del self._reading[_scope(visitor)]
        self._known[_scope(visitor)] = board
        self._known.move_to_end(_scope(visitor))
        while len(self._known) > _MOST_SCOPES:
            self._known.popitem(last=False)
        return board

    async def _made(self, visitor: Visitor) -> Board:
        began, settings = self._clock.monotonic(), self._settings
        most = settings.dashboard_rows
        sees_messages = allows(visitor, "GET /messages/{transaction_id}")
        dashboard = Dashboard(
            traffic=await self._traffic_now(),
            queues=await self._store.queues(visitor.dip_ids, most=most, counted=settings.dashboard_counted)
            if allows(visitor, "GET /queues")
            else None,
            failures=await self._store.failures(visitor.dip_ids, most=most, scan=settings.dashboard_scan)
            if sees_messages
            else None,
            balance=balance_now(self._balance.last),
            alarms=open_alarms(self._alarms, visitor, most),
            certificates=self._certificates.of(visitor, most) if allows(visitor, "GET /certificates") else None,
            maintenance=self._maintenance()[:most],
            server=self._server(),
        )
        return Board(dashboard, self._drawn(dashboard, visitor), began)

    async def _traffic_now(self) -> Traffic:
        """What passes is everybody's: those who look at the same time share it."""
        asked = self._clock.monotonic()
        async with self._passing:
            if self._passed is None or self._passed[0] < asked:
                began = self._clock.monotonic()
                self._passed = began, await self._traffic.now()
            return self._passed[1]

    def _server(self) -> ServerNow:
        return ServerNow(
            version=__version__,
            profile=self._settings.profile,
            environment=self._settings.environment,
            up_s=int(self._clock.monotonic() - self._began),
            now=self._clock.now(),
            offset_s=self._clock.offset.total_seconds(),
        )

    def _is_fresh(self, read: float) -> bool:
        return self._clock.monotonic() - read < self._settings.dashboard_refresh_s * _FRESH


def _scope(visitor: Visitor) -> Scope:
    return visitor.dip_ids, visitor.powers, (visitor.viewer or visitor).powers
