"""How many downloads go on at once, altogether and for one address."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from dip.ground.errors import DipError
from dip.http.acceptor import Seats

_AFTER_S: Final = 5
"""A place is free when somebody else is done, which nobody knows; half a minute's crowd then asks six times."""


class NoPlace(DipError):
    """As many downloads go on as may; ask again later."""

    code = "no_place"
    after_s: ClassVar[int] = _AFTER_S


class TooManyDownloads(NoPlace):
    """As many downloads go on to this address as may; let one end first."""

    code = "too_many_downloads"


class Places:
    """Counts what is under way. most: altogether. most_of_one: of one address, or one /64 of IPv6. what: in words.

    full, full_for_one: how who finds no place is refused.
    """

    def __init__(
        self,
        *,
        most: int,
        most_of_one: int,
        what: str = "downloads",
        full: type[NoPlace] = NoPlace,
        full_for_one: type[NoPlace] = TooManyDownloads,
    ) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._what = what
        self._full = full
        self._full_for_one = full_for_one
        self._seats = Seats(most=most, most_from_one=most_of_one)

    @property
    def taken(self) -> int:
        """How many are under way."""
        return self._seats.taken

    @contextmanager
    def taking(self, address: str) -> Iterator[None]:
        """Have a place for the length of the block. Raises NoPlace, TooManyDownloads."""
        leave = self._seats.take(address)
        if leave is None:
            if self._seats.taken >= self._most:
                raise self._full(f"{self._most} {self._what} go on already; ask again in {_AFTER_S} s.")
            one = f"{self._most_of_one} {self._what} go on for this address already; let one end first."
            raise self._full_for_one(one)
        try:
            yield
        finally:
            leave()
