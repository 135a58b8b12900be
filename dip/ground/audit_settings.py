"""Settings of the detailed audit of a message (5.10.3, 5.11.3)."""

from typing import Annotated

from msgspec import Meta

from dip.ground.trial_settings import TrialSettings


class AuditSettings(TrialSettings, frozen=True):
    """What can be set about the detailed audit; a part of `Settings`."""

    audit_soon_s: Annotated[
        float, Meta(gt=0, description="From receipt to delivery, seconds: most messages need no longer (FS-49)")
    ] = 3.0
    audit_latest_s: Annotated[
        float, Meta(gt=0, description="From receipt to delivery, seconds: no message needs longer (FS-49)")
    ] = 30.0
    audit_block_characters: Annotated[
        int, Meta(ge=1000, description="Most of one block of a message's content that a page shows, characters")
    ] = 50_000
