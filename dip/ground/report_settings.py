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
