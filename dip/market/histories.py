"""How the appointments of one MPAN change hands: choices in places of parties and numbers of days.

Text and seconds are made of the same choices; see `dip.market.making` and `dip.market.files`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dip.market.drawing import apportioned, chance, chance_of_another, table, waits
from dip.market.mpans import Numbering
from dip.market.parties import Area, Parties
from dip.market.plan import Plan

Turn = tuple[int, int, int]
"""Who holds a role, by place among the parties; from which day; until which day, exclusive. Days count from the
market's first; its number of days as the end means that there is none."""
History = list[Turn]
Draw = Callable[[], float]
"""A random number from 0 up to, without, 1."""

SEGMENTS: Final = (("smart", "MSS", "SDS", 96.0), ("advanced", "MSA", "ADS", 3.5), ("unmetered", "UMSO", "UMSDS", 0.5))
"""The parts of the market: name, metering service, data service, percent of the MPANs."""
_WITH_RETRIEVER: Final = "smart"


@dataclass(frozen=True, slots=True)
class _Service:
    """Who may hold a role. holders, waits: drawn from evenly. follows: on the day of another's change."""

    holders: Sequence[int]
    waits: Sequence[int]
    follows: float


@dataclass(frozen=True, slots=True)
class _Segment:
    metering: _Service
    data: _Service
    has_retriever: bool


class Histories:
    """Makes the histories of a market's MPANs, area by area."""

    def __init__(self, plan: Plan, parties: Parties) -> None:
        self._plan = plan
        self._parties = parties
        self._numbering = Numbering()
        self._days = len(plan.days())
        self._supplier = self._of_role("SUP")
        self._retriever = self._of_role("MDR")
        kinds = [
            _Segment(self._of_role(metering), self._of_role(data), name == _WITH_RETRIEVER)
            for name, metering, data, _ in SEGMENTS
        ]
        shares = {place: share for place, (*_, share) in enumerate(SEGMENTS)}
        self._segments = [kinds[place] for place in table(shares)]
        self._connected = min(1.0, plan.rates.connections * plan.years)
        self._disconnected = min(1.0, plan.rates.disconnections * plan.years)
        counts = apportioned([area.share for area in parties.areas], plan.mpans)
        self.counts = dict(zip(parties.areas, counts, strict=True))
        """How many MPANs each area has."""

    def of_area(self, area: Area) -> Iterator[tuple[int, History]]:
        """Each MPAN of an area, ascending, with its history; an area needs no other to be made.

        A history tells of supplier, metering service, data service, registration service, distributor and, where
        there is one, retriever, in this order, each in order of time.
        """
        draw = chance(f"{self._plan.seed}/{area.number}").random
        for mpan in self._numbering.mpans(area.number, self.counts[area], draw):
            yield mpan, self._history(area, draw)

    def _history(self, area: Area, random: Draw) -> History:
        days, rates = self._days, self._plan.rates
        first = int(random() * days) if random() < self._connected else 0
        end = days
        if random() < self._disconnected and first + 1 < days:
            end = first + 1 + int(random() * (days - first - 1))
        rows: History = []
        changes = _serve(rows, self._supplier, (), first, end, random)
        segment = self._segments[int(random() * len(self._segments))]
        _serve(rows, segment.metering, changes, first, end, random)
        changes = _serve(rows, segment.data, changes, first, end, random)
        rows += (area.registration, first, end), (area.distributor, first, end)
        if segment.has_retriever:
            drawn = random()
            if drawn < rates.retriever_from_the_start:
                _serve(rows, self._retriever, changes, first, end, random)
            elif drawn < rates.retriever_from_the_start + rates.retriever_later and first + 1 < end:
                later = first + 1 + int(random() * (end - first - 1))
                _serve(rows, self._retriever, changes, later, end, random)
        return rows

    def _of_role(self, role: str) -> _Service:
        rates, shares = self._plan.rates, self._parties.shares(role)
        another = chance_of_another(shares)
        if not another:
            return _Service(table(shares), waits(0, 0), 0)
        if role == "SUP":
            return _Service(table(shares), waits(rates.supplier_changes / another, rates.least_days_with_supplier), 0)
        waited = waits(rates.service_changes / another, rates.least_days_with_service)
        return _Service(table(shares), waited, rates.service_follows / another)


def _serve(rows: History, service: _Service, others: Sequence[int], first: int, end: int, random: Draw) -> list[int]:
    """Add the turns of a service to the rows, without gap; the days on which it changed hands.

    others: days of changes that it may follow. Each time the new holder is drawn from all. Where it is the old one
    nothing changes (the rates allow for that), so that the shares stay as they are over the years.
    """
    holders, wait = service.holders, service.waits
    size, waits_ = len(holders), len(wait)
    holder = holders[int(random() * size)]
    days = [day for day in others if random() < service.follows]
    day = first + wait[int(random() * waits_)]
    while day < end:
        days.append(day)
        day += wait[int(random() * waits_)]
    changes = []
    for day in sorted(days):
        another = holders[int(random() * size)]
        if another != holder and day > first:
            rows.append((holder, first, day))
            changes.append(day)
            holder, first = another, day
    rows.append((holder, first, end))
    return changes
