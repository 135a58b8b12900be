"""The lock-out: after some failed log-ins in a row, the door stays shut for a while (8.3)."""

import math
from collections import OrderedDict
from typing import Final

import msgspec

from dip.ground.clock import Clock

_MOST: Final = 10_000
"""Doors that are remembered; beyond, the one that was tried longest ago is forgotten."""


class _Door(msgspec.Struct):
    failures: int = 0
    until: float = 0.0


class LockOut:
    """Counts failed log-ins by name and address, so that a stranger elsewhere can't lock a user out.

    attempts: failures in a row that shut the door; lasts_s: for how long, after the last of them.
    """

    def __init__(self, clock: Clock, *, attempts: int, lasts_s: float) -> None:
        self._clock = clock
        self._attempts = attempts
        self._lasts_s = lasts_s
        self._doors: OrderedDict[tuple[str, str], _Door] = OrderedDict()

    def left_s(self, name: str, address: str) -> int:
        """For how many whole seconds the door is shut; 0 where it is open."""
        door = self._doors.get((name, address))
        if door is None or door.failures < self._attempts:
            return 0
        left_s = door.until - self._clock.monotonic()
        if left_s > 0:
            return math.ceil(left_s)
        del self._doors[name, address]
        return 0

    def failed(self, name: str, address: str) -> None:
        """A log-in failed."""
        door = self._doors.setdefault((name, address), _Door())
        door.failures += 1
        door.until = self._clock.monotonic() + self._lasts_s
        self._doors.move_to_end((name, address))
        while len(self._doors) > _MOST:
            self._doors.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """A log-in succeeded: forget what failed before."""
        self._doors.pop((name, address), None)
