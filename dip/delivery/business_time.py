"""Moving business time: kept before it takes effect; it ends when everything that became due has moved (the clock)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, NotPermitted
from dip.ground.log import Log
from dip.ground.settings import Settings

_FACT: Final = "clock_offset_us"
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Times are written with four digits of the year, and archive times lie years ahead."""

Duty = Callable[[], Awaitable[object]]


class Facts(Protocol):
    """Where facts about the data directory are kept."""

    def fact(self, key: str) -> str | None:
        """One fact."""

    async def save_facts(self, facts: Mapping[str, str]) -> None:
        """Write facts."""


class Times(msgspec.Struct, frozen=True):
    """The clock as it stands: business time, wall time, and how far the one is ahead of the other."""

    now: datetime
    wall: datetime
    offset: timedelta


def take_up(clock: Clock, facts: Facts) -> None:
    """Set the clock to where an earlier run of the server had moved it."""
    kept = timedelta(microseconds=int(facts.fact(_FACT) or 0))
    clock.advance(max(kept - clock.offset, timedelta(0)))


class BusinessTime:
    """Moves the clock forward, one call after the other. Outside production only."""

    def __init__(self, *, settings: Settings, clock: Clock, facts: Facts, duties: Sequence[Duty], log: Log) -> None:
        """duties: what has to be done once business time moved, in order."""
        self._settings = settings
        self._clock = clock
        self._facts = facts
        self._duties = duties
        self._log = log
        self._moving = asyncio.Lock()

    @property
    def movable(self) -> bool:
        """Whether this environment allows it."""
        return self._settings.environment != "PRD"

    def times(self) -> Times:
        """The clock as it stands."""
        wall, offset = self._clock.wall(), self._clock.offset
        return Times(wall + offset, wall, offset)

    async def advance(self, by: timedelta) -> Times:
        """Move business time forward; returns when what became due has moved in the store.

        Raises NotPermitted in production, BadRequest for a step that is not forward or too far; then the clock stands
        where it stood. Raises StoreUnavailable; what became due by a move that was kept moves when the store can again.
        """
        if not self.movable:
            raise NotPermitted("In production the clock is the wall clock.")
        if by <= timedelta(0):
            raise BadRequest("advance moves forward: expected a duration longer than nothing, such as PT336H or P14D.")
        async with self._moving:
            if by > _LATEST - self._clock.now():
                raise BadRequest(f"advance ends before the year {_LATEST.year}.")
            offset = self._clock.offset + by
            await self._facts.save_facts({_FACT: str(offset // timedelta(microseconds=1))})
            self._clock.advance(by)
            self._log.info("clock_advanced", by_s=by.total_seconds(), offset_s=offset.total_seconds())
            for duty in self._duties:
                await duty()
            return self.times()
