"""Settings of the audit report and the flow reports (5.11.3)."""

from typing import Annotated

from msgspec import Meta

from dip.ground.incident_settings import IncidentSettings


class ReportSettings(IncidentSettings, frozen=True):
    """What can be set about reports of single messages; a part of `Settings`."""

    flow_days: Annotated[
        float, Meta(gt=0, description="Days after its start for which an MPAN ties messages to a run of a flow")
    ] = 60.0
    flow_scan: Annotated[
        int, Meta(ge=60, description="Messages that may begin a run looked at for one page of a flow report")
    ] = 300
    audit_scan: Annotated[
        int,
        Meta(ge=1000, description="Messages looked at for one page of an audit report where no index leads to them"),
    ] = 50_000
    dashboard_refresh_s: Annotated[
        float, Meta(ge=0.05, description="How often the dashboard looks at what changed, seconds")
    ] = 2.0
    dashboard_streams: Annotated[
        int, Meta(ge=0, description="Dashboards that are kept up to date at once; a further one loads itself again")
    ] = 100
    dashboard_rows: Annotated[
        int, Meta(ge=1, le=100, description="Most lines of each list on the dashboard; the lists are at other pages")
    ] = 8
    dashboard_counted: Annotated[
        int, Meta(ge=1, description="How far the dashboard counts what waits for one recipient")
    ] = 10_000
    dashboard_scan: Annotated[
        int, Meta(ge=1, description="Newest failures of everybody looked at for those of one company, on the dashboard")
    ] = 2000
