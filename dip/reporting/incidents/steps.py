"""The steps of an incident: what may follow what (7.3). Pure: each step makes another incident, or is refused.

open, assigned, escalated and resolved follow each other; closed follows resolved alone, when the one who raised the
incident has confirmed and, where one is needed, the review is written; nothing follows closed.
"""

from datetime import datetime

from msgspec.structs import replace

from dip.ground.errors import Conflict
from dip.store.incidents import Incident, IncidentState, Review


def check_not_closed(incident: Incident) -> None:
    """Raise Conflict for an incident that is closed: it is never reopened."""
    if incident.state is IncidentState.CLOSED:
        raise Conflict("A closed incident is never reopened. Raise a new one that is related to it.")


def assigned(incident: Incident, owner: str) -> Incident:
    """Somebody owns it, and works on it; also again, where it was resolved and nobody confirmed that."""
    _check_open_to_work(incident)
    return replace(incident, state=IncidentState.ASSIGNED, owner=owner, team=None, resolved_at=None)


def escalated(incident: Incident, team: str) -> Incident:
    """It waits for a team; its owner stays."""
    _check_open_to_work(incident)
    return replace(incident, state=IncidentState.ESCALATED, team=team, resolved_at=None)


def resolved(incident: Incident, resolution: str, root_cause: str, at: datetime) -> Incident:
    """The service is restored, for good or by a workaround. root_cause: "" where it is not known yet."""
    _check_open_to_work(incident)
    if incident.owner is None:
        raise Conflict("Give the incident an owner first.")
    return replace(
        incident,
        state=IncidentState.RESOLVED,
        resolution=resolution,
        root_cause=root_cause or incident.root_cause,
        resolved_at=at,
    )


def denied(incident: Incident) -> Incident:
    """The one who raised it says that it is not resolved: its owner goes on."""
    _check_resolved(incident)
    return replace(incident, state=IncidentState.ASSIGNED, resolved_at=None, team=None)


def confirmed(incident: Incident, by: str, at: datetime, *, is_major: bool) -> Incident:
    """The one who raised it confirms that it is resolved; it is closed, or waits for its review."""
    _check_resolved(incident)
    return _closed_when_done(replace(incident, confirmed_by=by, confirmed_at=at), at, is_major=is_major)


def reviewed(incident: Incident, review: Review, at: datetime, *, is_major: bool) -> Incident:
    """Its review is written, or written anew; it is closed where that was all it waited for."""
    check_not_closed(incident)
    if incident.state is not IncidentState.RESOLVED:
        raise Conflict("A review begins when the incident is resolved.")
    return _closed_when_done(replace(incident, review=review), at, is_major=is_major)


def _closed_when_done(incident: Incident, at: datetime, *, is_major: bool) -> Incident:
    if incident.confirmed_at is None or (is_major and incident.review is None):
        return incident
    return replace(incident, state=IncidentState.CLOSED, closed_at=at)


def _check_open_to_work(incident: Incident) -> None:
    check_not_closed(incident)
    if incident.confirmed_at is not None:
        raise Conflict("That it is resolved was confirmed; it waits for its review alone.")


def _check_resolved(incident: Incident) -> None:
    check_not_closed(incident)
    if incident.state is not IncidentState.RESOLVED:
        raise Conflict("Only what is resolved can be confirmed.")
    if incident.confirmed_at is not None:
        raise Conflict("That was confirmed already; it waits for its review.")
