"""The addresses of the audit report and of the flow reports."""

from concurrent.futures import Executor
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from dip.archive.archive import Archive
from dip.channels.flows import load_flows
from dip.channels.registry import Registry
from dip.ground.assets import asset
from dip.ground.current import Current
from dip.ground.settings import Settings
from dip.http.portal.pages import Digester
from dip.http.portal.renderer import Renderer
from dip.http.portal.trails.audit import AuditDesk
from dip.http.portal.trails.flows import FlowDesk
from dip.participants.registry import Participants
from dip.reporting.flow_reports import FlowReports
from dip.store.pages import SqlitePages


def trail_routes(
    *,
    settings: Settings,
    pages: SqlitePages,
    archive: Archive,
    executor: Executor,
    registry: Current[Registry],
    participants: Current[Participants],
    vault: Digester,
    renderer: Renderer,
) -> list[web.RouteDef]:
    """The routes of both. Raises CatalogueRefused where the catalogue's flows have faults."""
    flows = load_flows(Path(settings.channels) if settings.channels else asset("channels"))
    reports = FlowReports(
        pages=pages,
        opened=archive.open,
        executor=executor,
        window=timedelta(days=settings.flow_days),
        scan=settings.flow_scan,
    )
    return [
        *AuditDesk(
            pages=pages,
            registry=registry,
            participants=participants,
            processes=flows.processes,
            digest=vault.digest,
            scan=settings.audit_scan,
            renderer=renderer,
        ).routes(),
        *FlowDesk(
            reports=reports,
            flows=flows,
            registry=registry,
            participants=participants,
            digest=vault.digest,
            renderer=renderer,
        ).routes(),
    ]
