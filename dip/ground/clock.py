"""The three clocks of the contract: business time, wall time, monotonic time."""

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Business time is the wall clock plus an offset that only moves forward.

    Retention, retry times, dead letters, alarms and the timestamps that the DIP writes follow business
    time; certificates, signature dates, sessions and logs follow the wall clock; leases, timeouts and
    long polls the monotonic clock.
    """

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

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
