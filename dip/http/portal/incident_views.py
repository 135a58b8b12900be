"""Incidents as the administration API and the pages show them (7.3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dip.http.portal.powers import Power, Visitor
from dip.messages.identifiers import DipId, InterfaceId
from dip.reporting.incidents.incidents import is_overdue
from dip.reporting.incidents.orders import Author
from dip.store.incidents import Incident, IncidentEntry, IncidentState, Level, Review

DESK = (Power.OPERATIONS, Power.SUPPORT)
"""Powers of the service desk, which manages incidents."""


class IncidentLine(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What everybody may read of an incident that is published; of one's own there is more. Times are business time.

    priority: 1 for the most pressing; due_at: when it is to be resolved; notice: what is published, null: nothing.
    """

    number: int
    title: str
    notice: str | None
    channels: tuple[InterfaceId, ...]
    priority: int
    state: IncidentState
    raised_at: datetime
    due_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None
    overdue: bool
    own: bool
    """Whether the whole of it is open to the reader."""


class IncidentView(IncidentLine, frozen=True, rename="camel", kw_only=True):
    """An incident of one's own. company: null for the DIP's own; participant: null for the whole company.

    version: counts its changes. team: whom it is escalated to. confirmed_by: who said that it is resolved.
    """

    version: int
    description: str
    impact: Level
    urgency: Level
    company: str | None
    participant: DipId | None
    raised_by: str
    owner: str | None
    team: str | None
    root_cause: str
    resolution: str
    transaction_id: str | None
    alarm: int | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    review: Review | None
    related: tuple[int, ...]


def author_of(visitor: Visitor) -> Author:
    """A visitor as somebody who has to do with incidents."""
    is_desk = visitor.company is None and visitor.dip_ids is None and visitor.has(*DESK)
    return Author(name=visitor.name, company=visitor.company, parties=visitor.dip_ids, is_desk=is_desk)


def line(incident: Incident, author: Author, now: datetime) -> IncidentLine:
    """An incident in a list."""
    return IncidentLine(**_in_short(incident, author, now))


def view(incident: Incident, author: Author, now: datetime, related: Sequence[Incident]) -> IncidentLine:
    """An incident; only what is published where it is not the reader's own."""
    if not author.sees(incident):
        return line(incident, author, now)
    more = {
        name: getattr(incident, name)
        for name in IncidentView.__struct_fields__
        if name not in IncidentLine.__struct_fields__ and name != "related"
    }
    return IncidentView(**_in_short(incident, author, now), **more, related=tuple(one.id for one in related))


def in_words(entry: IncidentEntry) -> Mapping[str, tuple[str, str]]:
    """The changes of an entry, before and after, as a page shows them."""
    return {
        name.replace("_", " "): (_plain(before), _plain(after))
        for name, (before, after) in entry.changes.items()
        if name not in {"due_at", "resolved_at", "confirmed_at", "closed_at", "review"}
    }


def _in_short(incident: Incident, author: Author, now: datetime) -> dict[str, Any]:
    return {
        "number": incident.id,
        "title": incident.title,
        "notice": incident.notice,
        "channels": incident.channels,
        "priority": incident.priority,
        "state": incident.state,
        "raised_at": incident.raised_at,
        "due_at": incident.due_at,
        "changed_at": incident.changed_at,
        "resolved_at": incident.resolved_at,
        "closed_at": incident.closed_at,
        "overdue": is_overdue(incident, now),
        "own": author.sees(incident),
    }


def _plain(value: Any) -> str:
    if value is None or value in ("", [], ()):
        return "nothing"
    return ", ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
