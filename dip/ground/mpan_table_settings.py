"""Settings of the MPAN table: its cache, its queue, imports and pulls from registration services (5.5.14)."""

from typing import Annotated

from msgspec import Meta

from dip.ground.audit_settings import AuditSettings


class MpanTableSettings(AuditSettings, frozen=True):
    """What can be set about the MPAN table; a part of `Settings`."""

    appointment_cache_mpans: Annotated[int, Meta(ge=0, description="MPANs whose appointments are kept in memory")] = (
        20_000
    )
    appointment_updates_waiting: Annotated[
        int,
        Meta(ge=1, description="Changes of appointments that may wait for the MPAN table; then their senders wait"),
    ] = 50_000
    appointment_update_batch: Annotated[
        int, Meta(ge=1, le=10_000, description="Most changes of appointments that share one commit")
    ] = 500
    appointment_import_rows: Annotated[
        int, Meta(ge=1, le=100_000, description="Rows of an imported file that share one commit, about")
    ] = 10_000
    appointment_imports_at_once: Annotated[
        int, Meta(ge=1, description="Imports of appointments under way at once; further ones wait before they are read")
    ] = 2
    appointment_runs_kept: Annotated[
        int, Meta(ge=1, description="Imports and pulls of appointments that are remembered")
    ] = 100
    appointment_rejections_kept: Annotated[
        int, Meta(ge=0, description="Rejected rows kept of each import or pull; further ones are only counted")
    ] = 1000
    registration_services: Annotated[
        str, Meta(description="Where MPANs are pulled from: DIPID=https://host:port/base, comma between")
    ] = ""
    registration_services_at_once: Annotated[
        int, Meta(ge=1, le=100, description="Registration services that are asked at once; further ones wait")
    ] = 16
    registration_restarts: Annotated[int, Meta(ge=0, description="Times that a pull begins anew by itself")] = 3
    registration_page_mpans: Annotated[
        int, Meta(ge=1, le=10_000, description="MPANs that a registration service is asked for at once")
    ] = 5000
    registration_page_limit_bytes: Annotated[
        int, Meta(ge=1024, description="Largest page of a registration service, as it comes and unpacked")
    ] = 32 * 1024 * 1024
    registration_timeout_s: Annotated[
        float, Meta(gt=0, description="How long a registration service may take for one page, seconds")
    ] = 60.0
    registration_attempts: Annotated[
        int, Meta(ge=1, description="Calls for one page of a registration service before the pull stops")
    ] = 10
    registration_retry_first_s: Annotated[
        float, Meta(gt=0, description="Wait after the first failed call of a registration service, seconds; doubles")
    ] = 1.0
    registration_retry_longest_s: Annotated[
        float, Meta(gt=0, description="Longest wait between two calls of a registration service, seconds")
    ] = 60.0
