"""Made-up MPANs: valid check digits, each one once, in ascending order, and none of them a customer's."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Final

PRIMES: Final = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
"""The weights of the first twelve digits."""
UNIQUE_NUMBERS: Final = 10**10
"""What stands between the two digits of the distributor and the check digit."""
_PART: Final = 10_000
"""The twelve digits are read in three parts of four."""


class Numbering:
    """Makes MPANs. Holds the weighted sums of all parts of four digits, so that a check digit takes three look-ups."""

    def __init__(self) -> None:
        self._high, self._middle, self._low = (_weighted_sums(PRIMES[start : start + 4]) for start in (0, 4, 8))

    def check_digit(self, core: int) -> int:
        """The last digit, from the twelve before it: their weighted sum modulo 11, and that modulo 10."""
        rest, low = divmod(core, _PART)
        high, middle = divmod(rest, _PART)
        return (self._high[high] + self._middle[middle] + self._low[low]) % 11 % 10

    def mpans(self, distributor: int, count: int, random: Callable[[], float]) -> Iterator[int]:
        """So many MPANs of a distributor's two digits, ascending.

        Its numbers are cut into as many equal stretches, and one is drawn from each: none comes twice, and nothing has
        to be remembered. random: from 0 up to, without, 1.
        """
        check_digit = self.check_digit
        base = distributor * UNIQUE_NUMBERS
        stretch = UNIQUE_NUMBERS // count if count else 0
        for number in range(count):
            core = base + number * UNIQUE_NUMBERS // count + int(random() * stretch)
            yield core * 10 + check_digit(core)


def _weighted_sums(primes: tuple[int, ...]) -> tuple[int, ...]:
    """For each number of four digits, 0000 to 9999, the sum of its digits times their primes."""
    return tuple(
        sum(digit * prime for digit, prime in zip(digits, primes, strict=True))
        for digits in product(range(10), repeat=len(primes))
    )
