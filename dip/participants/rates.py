"""Rate limits: how much one participant may ask for in a second, with a second's worth in hand (5.4, 8.1)."""

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from dip.ground.clock import Clock
from dip.ground.errors import DipError
from dip.ground.settings import Settings


class RateExceeded(DipError):
    """More was asked for than one participant may ask for in a second; send the same again later."""

    code = "rate_exceeded"

    def __init__(self, message: str, after_s: int) -> None:
        super().__init__(message)
        self.after_s = after_s
        """Whole seconds after which the same would be taken."""


_ROUNDING: Final = 1e-6
"""Sums of parts of a second are not exact: who waited as long as it was told is taken."""
_MOST_KEPT: Final = 10_000
"""Who is remembered; beyond, who asked longest ago is forgotten, and has a whole second's worth again."""


class Rate:
    """A rate for each participant, or address. What is refused costs nothing; one thing larger than a second's worth
    is taken when a whole second's worth is in hand.

    a_second: 0 for no limit. now_s: a clock that never goes back, seconds. what: `requests`, `messages`. of: from whom.
    """

    def __init__(self, a_second: float, *, what: str, now_s: Callable[[], float], of: str = "one participant") -> None:
        self._a_second = a_second
        self._most = max(1.0, a_second)
        self._what = what
        self._now_s = now_s
        self._of = of
        self._kept: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """For each participant what it has in hand, and since when."""

    def take(self, participant: str, count: int = 1) -> None:
        """Take so many out of the participant's hand. Raises RateExceeded."""
        if self._a_second <= 0:
            return
        have, now = self._in_hand(participant)
        self._check(have, count)
        # Of more than a second's worth the rest is owed.
        self._kept[participant] = have - count, now
        self._kept.move_to_end(participant)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def check(self, participant: str) -> None:
        """Raise RateExceeded where there is not one in hand; take nothing."""
        if self._a_second > 0:
            self._check(self._in_hand(participant)[0], 1)

    def _in_hand(self, participant: str) -> tuple[float, float]:
        """What there is, and the time."""
        now = self._now_s()
        had, since = self._kept.get(participant, (self._most, now))
        return min(self._most, had + (now - since) * self._a_second), now

    def _check(self, have: float, count: int) -> None:
        needed = min(float(count), self._most)
        if have < needed - _ROUNDING:
            after_s = max(1, math.ceil((needed - have) / self._a_second))
            raise RateExceeded(
                f"At most {self._a_second:g} {self._what} a second are taken from {self._of}; "
                f"send the same again in {after_s} s.",
                after_s,
            )


def strangers_rate(settings: Settings, clock: Clock) -> Rate:
    """The rate of one address from which nobody known calls, on one port."""
    return Rate(
        settings.unknown_requests_a_second,
        what="requests without log-in or certificate",
        now_s=clock.monotonic,
        of="one address",
    )
