"""Settings of publications: uploads, downloads, filters (5.6)."""

from typing import Annotated

from msgspec import Meta

from dip.ground.mpan_table_settings import MpanTableSettings


class PublicationSettings(MpanTableSettings, frozen=True):
    """What can be set about pattern B; a part of `Settings`."""

    portal_url: Annotated[
        str,
        Meta(description="What readers call the portal, where a gateway stands in front: payloads' addresses begin so"),
    ] = ""
    publication_payload_limit_bytes: Annotated[int, Meta(ge=1, description="Largest payload, bytes")] = 64 * 1024**3
    publication_unpacked_limit_bytes: Annotated[
        int, Meta(ge=1, description="Most bytes that a compressed payload may hold, unpacked")
    ] = 64 * 1024**3
    publication_unpacked_ratio: Annotated[
        int, Meta(ge=1, description="Most that a payload may grow unpacked, times, beyond its first 10 MiB")
    ] = 300
    publication_uploads_at_once: Annotated[
        int, Meta(ge=1, description="Uploads that are not whole yet, altogether")
    ] = 32
    publication_uploads_a_sender: Annotated[
        int, Meta(ge=1, description="Uploads of one sender that are not whole yet")
    ] = 8
    publication_sync_bytes: Annotated[
        int, Meta(ge=1024 * 1024, description="Bytes of an upload after which a crash does not lose them any more")
    ] = 64 * 1024**2
    publication_space_left_bytes: Annotated[
        int, Meta(ge=0, description="Space on the disk that uploads leave to others, bytes")
    ] = 1024**3
    publication_upload_hours: Annotated[
        float, Meta(gt=0, description="Hours without a byte after which an upload is swept")
    ] = 48.0
    publication_unannounced_hours: Annotated[
        float, Meta(gt=0, description="Hours after which a whole payload is swept that no message announced")
    ] = 168.0
    publication_stall_s: Annotated[
        float, Meta(gt=0, description="How long an upload or a download may stand still, seconds")
    ] = 60.0
    publication_takeover_s: Annotated[
        float,
        Meta(ge=0, description="How long a request brings no byte of an upload before another one may go on, seconds"),
    ] = 5.0
    publication_downloads_at_once: Annotated[int, Meta(ge=1, description="Downloads at once, altogether")] = 256
    publication_downloads_an_address: Annotated[int, Meta(ge=1, description="Downloads at once of one address")] = 64
    publication_filters_at_once: Annotated[int, Meta(ge=1, description="Filters that work at once, altogether")] = 16
    publication_filters_an_address: Annotated[
        int, Meta(ge=1, description="Filters that work at once for one address")
    ] = 4
    publication_filter_budget_s: Annotated[
        float, Meta(gt=0, description="How long one filter may work, seconds; waiting for its reader does not count")
    ] = 120.0
    publication_filter_page_bytes: Annotated[
        int, Meta(ge=1024, description="Output after which a page of a filter ends, bytes, about")
    ] = 4 * 1024**2
    publication_filter_row_bytes: Annotated[
        int, Meta(ge=1024, description="Longest row that a filter reads, bytes")
    ] = 1024**2
    publication_compressions_at_once: Annotated[
        int, Meta(ge=0, description="Downloads that are compressed on their way at once; further ones are sent plain")
    ] = 2
