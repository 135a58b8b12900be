"""What a made-up market is to be: how many MPANs, over which years, and how often appointments change hands."""

from datetime import date, timedelta
from typing import Final

import msgspec

SEED: Final = 7
YEARS: Final = 3
UNTIL: Final = date(2027, 1, 1)
"""Fixed, so that the same command makes the same market on any day."""
MOST_MPANS: Final = 100_000_000
MOST_YEARS: Final = 30
_LEAP_DAY: Final = (2, 29)


class Rates(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How often things happen to one MPAN. Rates are a year; chances lie between 0 and 1."""

    supplier_changes: float = 0.2
    least_days_with_supplier: int = 28
    """From one change of supplier to the next."""
    service_changes: float = 0.04
    """Of a metering service, a data service or a meter data retriever, without a change of supplier."""
    least_days_with_service: int = 28
    service_follows: float = 0.35
    """The chance that a service changes on the day of a change of supplier; a retriever with the data service."""
    connections: float = 0.008
    """New MPANs a year, as a part of all."""
    disconnections: float = 0.002
    """MPANs whose appointments end, as a part of all."""
    retriever_from_the_start: float = 0.6
    """The chance that a smart MPAN has a meter data retriever from its first day."""
    retriever_later: float = 0.1
    """The chance that it gets one on a later day."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A market: the same plan makes the same appointments, to the byte.

    until: exclusive, nothing changes hands then or later.
    """

    mpans: int
    seed: int = SEED
    years: int = YEARS
    until: date = UNTIL
    rates: Rates = Rates()

    @property
    def first_day(self) -> date:
        """The day on which the appointments of those begin that were connected before."""
        year = self.until.year - self.years
        if (self.until.month, self.until.day) == _LEAP_DAY:
            return date(year, 2, 28)
        return self.until.replace(year=year)

    def days(self) -> list[date]:
        """Every day of the market, in order, without `until`."""
        first = self.first_day
        return [first + timedelta(days=number) for number in range((self.until - first).days)]
