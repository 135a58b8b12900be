"""Settings of incidents and of what users are told of maintenance (5.13.5, 7.3, 7.4)."""

from typing import Annotated

from msgspec import Meta

from dip.ground.publication_settings import PublicationSettings


class IncidentSettings(PublicationSettings, frozen=True):
    """What can be set about incidents and maintenance; a part of `Settings`."""

    incident_priorities: Annotated[
        str,
        Meta(
            pattern=r"^\s*[1-4]\s+[1-4]\s+[1-4]\s*(,\s*[1-4]\s+[1-4]\s+[1-4]\s*){2}$",
            description="Priorities of incidents, 1 to 4: for high, medium and low impact (comma between) those of "
            "high, medium and low urgency",
        ),
    ] = "1 2 3, 2 3 4, 3 4 4"
    incident_target_minutes: Annotated[
        str,
        Meta(
            pattern=r"^\s*\d{1,6}\s*(,\s*\d{1,6}\s*){3}$",
            description="Minutes in which an incident of priority 1, 2, 3 and 4 is to be resolved, comma between; "
            "later ones stand in the escalation queue",
        ),
    ] = "60, 240, 1440, 4320"
    incident_review_priority: Annotated[
        int,
        Meta(ge=0, le=4, description="Incidents of priority 1 to this need a review before they are closed; 0: none"),
    ] = 1
    incident_mail_priority: Annotated[
        int,
        Meta(ge=0, le=4, description="Of incidents of priority 1 to this, administrators are told by mail; 0: none"),
    ] = 2
    incident_most_unfinished: Annotated[
        int, Meta(ge=1, description="Incidents of one company that may be unfinished at once; a further one is refused")
    ] = 1000
    maintenance_mail_check_s: Annotated[
        float,
        Meta(gt=0, description="How often maintenance is looked at that users are to be told of by mail, seconds"),
    ] = 5.0
