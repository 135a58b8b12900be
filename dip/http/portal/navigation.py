"""Where one can go in the portal: the pages by group, each visitor's own (5.12)."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from dip.http.portal.permissions import RULES
from dip.http.portal.powers import Visitor

_GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "Overview": {
        "/": "Dashboard",
        "/balance": "Balance",
        "/throughput": "Throughput",
        "/performance": "This moment",
        "/alarms": "Alarms",
        "/alarms/rules": "Alarm rules",
        "/alarms/subscriptions": "What I am told",
        "/views": "Saved views",
    },
    "Messages": {
        "/messages": "Messages",
        "/audit": "Audit",
        "/flows": "Flows",
        "/diagrams": "Diagrams",
        "/replay": "Replay",
    },
    "MPANs": {"/mpans": "Look up", "/mpans/updates": "Not applied", "/mpans/runs": "Imports and pulls"},
    "Queues": {"/queues": "Queues", "/dead-letters": "Dead letters", "/endpoints": "Endpoints"},
    "Channels": {"/channels": "Channels", "/publications": "Publications", "/data": "Data", "/docs": "API"},
    "Participants": {
        "/participants": "Participants",
        "/certificates": "Certificates",
        "/authorities": "Authorities",
        "/drills": "Drills",
    },
    "Incidents": {"/incidents": "Incidents", "/maintenance": "Maintenance"},
    "Administration": {
        "/users": "Users",
        "/activity": "Activity",
        "/master-key": "Master key",
        "/clock": "Clock",
        "/faults": "Faults",
    },
}
_NOT_IN_PRODUCTION: Final = frozenset({"/clock", "/faults"})


class Link(msgspec.Struct, frozen=True):
    """A page to go to. is_current: one is on it, or on one below it."""

    label: str
    path: str
    is_current: bool


class Group(msgspec.Struct, frozen=True):
    """Pages that belong together; its own link leads to the first."""

    label: str
    links: Sequence[Link]

    @property
    def is_current(self) -> bool:
        """Whether one is on one of its pages."""
        return any(link.is_current for link in self.links)


def navigation(visitor: Visitor | None, here: str, environment: str) -> Sequence[Group]:
    """The pages that a visitor may open, by group. here: the path that is shown."""
    if visitor is None or visitor.must_change:
        return ()
    paths = [path for pages in _GROUPS.values() for path in pages]
    current = max((path for path in paths if path == here or here.startswith(f"{path}/")), key=len, default=None)
    groups = (
        Group(
            label,
            [
                Link(name, path, path == current)
                for path, name in pages.items()
                if allows(visitor, f"GET {path}") and not (environment == "PRD" and path in _NOT_IN_PRODUCTION)
            ],
        )
        for label, pages in _GROUPS.items()
    )
    return [group for group in groups if group.links]


def sections() -> Mapping[str, Mapping[str, str]]:
    """The names of all pages that one can go to, by group and path, whoever may open them."""
    return _GROUPS


def allows(visitor: Visitor | None, route: str) -> bool:
    """Whether a visitor may use a route, "METHOD /path" as the rules have it; no route, no."""
    rule = RULES.get(route)
    return rule is not None and rule.allows(visitor)
