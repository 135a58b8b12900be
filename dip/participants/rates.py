"""Rate limits: how much one participant may ask for in a second, with a second's worth in hand (5.4, 8.1)."""

import math
from collections.abc import Callable
from typing import Final

from dip.ground.errors import DipError
from dip.messages.identifiers import DipId


class RateExceeded(DipError):
    """More was asked for than one participant may ask for in a second; send the same again later."""

    code = "rate_exceeded"

    def __init__(self, message: str, after_s: int) -> None:
        super().__init__(message)
        self.after_s = after_s
        """Whole seconds after which the same would be taken."""


_ROUNDING: Final = 1e-6
"""Sums of parts of a second are not exact: who waited as long as it was told is taken."""


class Rate:
    """A rate for each participant. What is refused costs nothing; one thing larger than a second's worth is taken
    when a whole second's worth is in hand.

    a_second: 0 for no limit. now_s: a clock that never goes back, seconds. what: `requests`, `messages`.
    """

    def __init__(self, a_second: float, *, what: str, now_s: Callable[[], float]) -> None:
        self._a_second = a_second
        self._most = max(1.0, a_second)
        self._what = what
        self._now_s = now_s
        self._kept: dict[DipId, tuple[float, float]] = {}
        """For each participant what it has in hand, and since when. No longer than the list of participants."""

    def take(self, participant: DipId, count: int = 1) -> None:
        """Take so many out of the participant's hand. Raises RateExceeded."""
        if self._a_second <= 0:
            return
        now = self._now_s()
        had, since = self._kept.get(participant, (self._most, now))
        have = min(self._most, had + (now - since) * self._a_second)
        needed = min(float(count), self._most)
        if have < needed - _ROUNDING:
            after_s = max(1, math.ceil((needed - have) / self._a_second))
            raise RateExceeded(
                f"At most {self._a_second:g} {self._what} a second are taken from one participant; "
                f"send the same again in {after_s} s.",
                after_s,
            )
        # Of more than a second's worth the rest is owed.
        self._kept[participant] = have - count, now
