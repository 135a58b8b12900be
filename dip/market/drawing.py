"""Tables from which one random number draws a holder, or the days up to the next change."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Final

_SIZE: Final = 4096
_QUANTILES: Final = 4096
_DAYS_A_YEAR: Final = 365.25
_NEVER: Final = 10**9


Chance = random.Random


def chance(seed: str) -> Chance:
    """Numbers that look random, the same ones for the same seed."""
    return Chance(seed)


def apportioned(shares: Sequence[float], total: int) -> list[int]:
    """A total divided in these proportions; what rounding leaves goes to the largest remainders."""
    whole = sum(shares)
    exact = [share / whole * total for share in shares]
    parts = [int(one) for one in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def table(shares: Mapping[int, float]) -> tuple[int, ...]:
    """Each key as often as its share says, so that an even draw of a place is a weighted draw of a key."""
    parts = apportioned(list(shares.values()), _SIZE)
    return tuple(key for key, part in zip(shares, parts, strict=True) for _ in range(part))


def chance_of_another(shares: Mapping[int, float]) -> float:
    """How likely two draws differ; 0 where there is one key alone."""
    whole = sum(shares.values())
    return 1 - sum((share / whole) ** 2 for share in shares.values())


def waits(a_year: float, least_days: int) -> tuple[int, ...]:
    """Days up to the next event, each place as likely as another: so many events a year on average, at random.

    The wait is exponential, after days in which nothing happens. Beyond the end of every market where the rate is 0.
    """
    if a_year <= 0:
        return (_NEVER,)
    mean = max(_DAYS_A_YEAR / a_year - least_days, 0)
    quantiles = ((number + 0.5) / _QUANTILES for number in range(_QUANTILES))
    return tuple(max(1, least_days + round(-math.log(1 - quantile) * mean)) for quantile in quantiles)
