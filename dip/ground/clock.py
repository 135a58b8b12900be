"""The three clocks of the contract: business time, wall time, monotonic time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Business time is the wall clock plus an offset that only moves forward.

    Retention, retry times, dead letters, alarms and the timestamps that the DIP writes follow business
    time; certificates, signature dates, sessions and logs follow the wall clock; leases, timeouts and
    long polls the monotonic clock.
    """

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset
        self._watching: list[Callable[[], None]] = []

    def advance(self, by: timedelta) -> None:
        """Move business time forward; who waits for a moment of it is told."""
        if by < timedelta(0):
            raise ValueError("business time moves forward only")
        self.offset += by
        for told in list(self._watching):
            told()

    def watch(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have somebody told when business time is moved; the result ends it."""
        self._watching.append(told)
        return lambda: self._watching.remove(told)

    def now(self) -> datetime:
        """Business time, UTC."""
        return self.wall() + self.offset

    def wall(self) -> datetime:
        """Wall time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC: the store's form of a moment."""
    return (moment - _EPOCH) // MICROSECOND


def moment(microseconds_: int) -> datetime:
    """The moment that `microseconds` stands for."""
    return _EPOCH + timedelta(microseconds=microseconds_)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
