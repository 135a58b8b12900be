"""Every address that the benchmark asks for: each route that is read, with values, and typical searches."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

import msgspec

from dip.benchmark.pages.plan import PAGE_MS, SEARCH_MS, Way

API: Final = "/admin/api"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_NO_PAGE: Final = frozenset({"/static"})
"""Files that are served as they are."""
_OF_THE_DIP: Final = frozenset({"/view-as"})
"""What a company's user is told nothing of, whatever its powers."""
_WHOLE: Final = frozenset({f"{API}/balance", f"{API}/activity/export", f"{API}/dead-letters.csv"})
"""What goes through all that is stored, or hands out all of it, on purpose: asked once, and held to no limit."""

_STREAMS: Final = frozenset({"/dashboard/events"})
"""What never ends: asked once, and read up to its first piece."""
_PAYLOAD: Final = "/publications/{channel}/{name}/{version}"
_FILTER: Final = f"{_PAYLOAD}/filter"
_VERSION: Final[Mapping[str, str]] = {"channel": "publications", "name": "payload", "version": "payload_version"}
OF_A_ROUTE: Final[Mapping[str, Mapping[str, str]]] = {
    "/channels/{channel_id}/versions/{version}": {"version": "version"},
    "/help/pages/{name}": {"name": "help_page"},
    "/mpans/runs/{name}": {"name": "run"},
    f"{API}/mpans/runs/{{name}}": {"name": "run"},
    f"{API}/users/{{name}}": {"name": "user"},
    "/mpans/{mpan}": {"mpan": "much"},
    f"{API}/mpans/{{mpan}}": {"mpan": "much"},
    "/activity/{number}": {"number": "record"},
    f"{API}/activity/{{number}}": {"number": "record"},
    "/incidents/{number}": {"number": "incident"},
    f"{API}/incidents/{{number}}": {"number": "incident"},
    f"{API}/incidents/{{number}}/history": {"number": "incident"},
    "/publications/{channel}": {"channel": "publications"},
    "/publications/{channel}/{name}": {"channel": "publications", "name": "payload"},
    _PAYLOAD: _VERSION,
    _FILTER: _VERSION,
}
"""Parameters whose names mean something else from route to route: which value stands for them."""

_MESSAGE_SEARCHES: Final = ("transaction={transaction_id}", "correlation={correlation_id}", "reference={reference}")
_BY_ID: Final = (*_MESSAGE_SEARCHES, "mpan={mpan}")
_SEARCHES: Final = (
    "channel=IF-021",
    "sender={dip_id}",
    "sender={dip_id}&channel=IF-031",
    "sender={dip_id}&channel=IF-041",
    "mpan={much}",
)
_DEEP: Final = ("next={middle}",)
_AUDIT: Final = (
    *("envelope={envelope}", "sender={dip_id}", "process=BP002", "from={days_ago}&to={day_ago}"),
    *("mpan={much}", "sender={dip_id}&process=BP002"),
)
_FLOWS: Final = ("correlation={correlation_id}", "mpan={mpan}", "state=open", "participant={dip_id}", "mpan={much}")
_DIAGRAMS: Final = ("correlation={correlation_id}", "mpan={mpan}", "transaction={transaction_id}", "mpan={much}")
_ALARMS: Final = ("state=open", "state=cleared", "kind=latency", "recipient={dip_id}")
_ACTIVITY: Final = ("who={dip_id}", "status=503", "path=IF-036", "who=nobody", "from={days_ago}&to={day_ago}")
_DEAD: Final = ("recipient={dip_id}", "channel=IF-036", "sender={dip_id}", "reason=RetriesExhausted")
_FIGURES: Final = (
    *("from={hour_ago}", "from={days_ago}&bucket=PT1H&by=channel", "from={year_ago}&bucket=P1D"),
    *("from={year_ago}&bucket=P1D&by=channel", "from={year_ago}&bucket=P1D&by=party&side=recipient"),
    "from={year_ago}&bucket=P1D&by=channel&form=csv",
)
_OWN: Final = (
    "link=correlation&message=IF-031+DSApp&response=&stage=asked&message=IF-036+DSAppActive&response=&stage=done"
)

QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    _PAYLOAD: ("where=area:eq:_H",),
    "/mpans": ("mpan={much}",),
    "/messages": (*_SEARCHES, *_DEEP),
    f"{API}/messages": (*_SEARCHES, *_DEEP, "limit=1000"),
    "/audit": _AUDIT,
    f"{API}/audit": _AUDIT,
    "/flows/{flow}": _FLOWS,
    f"{API}/flows/{{flow}}": (*_FLOWS, "form=csv"),
    "/diagrams": _DIAGRAMS,
    "/diagrams/diagram.svg": _DIAGRAMS,
    "/diagrams/diagram.mmd": _DIAGRAMS,
    "/diagrams/diagram.html": _DIAGRAMS,
    "/alarms": _ALARMS,
    f"{API}/alarms": _ALARMS,
    "/incidents": ("queue=escalation", "state=closed", "priority=1"),
    f"{API}/incidents": ("queue=escalation", "state=closed", "priority=1"),
    "/activity": _ACTIVITY,
    f"{API}/activity": _ACTIVITY,
    "/dead-letters": _DEAD,
    f"{API}/dead-letters": _DEAD,
    f"{API}/dead-letters.csv": _DEAD,
    f"{API}/throughput": _FIGURES,
    "/throughput": _FIGURES[:-1],
}
"""Typical queries of a route, besides none."""
IDS: Final[Mapping[str, tuple[str, ...]]] = {
    "/messages": _BY_ID,
    f"{API}/messages": _BY_ID,
    "/audit": ("transaction={transaction_id}", "correlation={correlation_id}", "mpan={mpan}"),
    f"{API}/audit": ("transaction={transaction_id}", "correlation={correlation_id}", "mpan={mpan}"),
}
"""Searches by an id, which are to be quicker than pages."""
NEEDED: Final[Mapping[str, str]] = {
    "/diagrams/diagram.svg": "correlation={correlation_id}",
    "/diagrams/diagram.mmd": "correlation={correlation_id}",
    "/diagrams/diagram.html": "correlation={correlation_id}",
    f"{API}/channels/{{channel_id}}/diff": "from=0&to=0",
    _FILTER: "column=area&value=_H",
    f"{API}/activity/export": "from={day_ago}",
}
"""What a route has to be asked at least; it is not asked without."""
_LEADS_ON: Final = frozenset({f"{_FILTER}?{NEEDED[_FILTER]}", "/mpans?mpan={much}", "/views/{view_id}"})
"""What leads to another address."""
_OWN_FLOWS: Final = (f"/flows/own?{_OWN}", f"{API}/flows/own?{_OWN}")


class Address(msgspec.Struct, frozen=True):
    """What is asked for. name: how the report calls it, without values. whole: held to no limit, and asked once.

    status: of the answer that it should have. stream: never ends, and is read up to its first piece.
    """

    name: str
    target: str
    limit_ms: float = PAGE_MS
    whole: bool = False
    status: int = 200
    stream: bool = False

    @property
    def is_search(self) -> bool:
        """Whether it is a search by an id."""
        return self.limit_ms < PAGE_MS


class ValuesMissing(Exception):
    """Routes or queries have parameters without a value."""


def readable(ways: Iterable[Way], powers: frozenset[str]) -> list[Way]:
    """What somebody with these powers may read; an administrator all, everybody else works for a company."""
    is_ours = "administrator" in powers
    return [
        way
        for way in ways
        if way.path not in _NO_PAGE
        and (is_ours or way.path not in _OF_THE_DIP)
        and (is_ours or way.is_open or way.powers is None or not powers.isdisjoint(way.powers))
    ]


def addresses(ways: Iterable[Way], values: Mapping[str, str]) -> list[Address]:
    """Every address to ask for, in order of the routes. Raises ValuesMissing, which names all that have no value."""
    made: list[Address] = []
    missing: list[str] = []
    for name, limit_ms, path in _templates(ways):
        target, unknown = _filled(path, name, values)
        missing += [f"{path}: {{{one}}}" for one in unknown]
        status = 303 if name in _LEADS_ON else 200
        made.append(Address(name, target, limit_ms, path in _WHOLE, status, path in _STREAMS))
    if missing:
        raise ValuesMissing("no values for " + ", ".join(missing))
    return made


def _templates(ways: Iterable[Way]) -> Iterator[tuple[str, float, str]]:
    """Name, limit and path of each."""
    for way in ways:
        path = way.path
        needed = NEEDED.get(path, "")
        yield (f"{path}?{needed}" if needed else path), PAGE_MS, path
        for query in QUESTIONS.get(path, ()):
            yield f"{path}?{query}", PAGE_MS, path
        for query in IDS.get(path, ()):
            yield f"{path}?{query}", SEARCH_MS, path
        yield from ((one, PAGE_MS, path) for one in _OWN_FLOWS if one.startswith(path.partition("{flow}")[0] + "own?"))


def _filled(path: str, name: str, values: Mapping[str, str]) -> tuple[str, list[str]]:
    """The address with its values, and the parameters without one."""
    meant = OF_A_ROUTE.get(path, {})
    unknown: list[str] = []

    def value(match: re.Match[str]) -> str:
        parameter = meant.get(match[1], match[1])
        if parameter not in values:
            unknown.append(parameter)
            return ""
        return quote(values[parameter], safe="")

    return _PARAMETER.sub(value, name), unknown
