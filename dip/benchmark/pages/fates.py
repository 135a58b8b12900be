"""What becomes of the messages of a request: most arrive, some late, some never."""

from collections.abc import Sequence
from typing import Final

import msgspec

from dip.benchmark.pages.traffic import SUPPLIER
from dip.messages.identifiers import DipId
from dip.store.records import Status

_RETRIED_EVERY: Final = 40
_REJECTED_EVERY: Final = 150
_DEAD_EVERY: Final = 200
_REFUSED_EVERY: Final = 20
_REFUSED: Final = 3
_OPEN_SHARE: Final = 50
"""The last request of so many is not delivered yet."""


class Fate(msgspec.Struct, frozen=True):
    """What a recipient makes of the messages of a request.

    waits: nothing was sent yet. retried: the first call failed. lost: places of messages that came to nothing, each
    with its journal status.
    """

    waits: bool = False
    retried: bool = False
    lost: tuple[tuple[int, Status], ...] = ()


def refused(number: int) -> int:
    """How many messages of a request, by its number, are refused besides."""
    return _REFUSED if number % _REFUSED_EVERY == 7 else 0


def fate(number: int, requests: int, messages: int, recipient: DipId) -> Fate:
    """The fate of a request by its number among so many, with so many messages, at a recipient."""
    if number >= requests - max(1, requests // _OPEN_SHARE) and recipient != SUPPLIER:
        return Fate(waits=True)
    first = number * messages
    lost = [
        *((place, Status.REJECTED_BY_RECIPIENT) for place in _every(first, messages, _REJECTED_EVERY)),
        *((place, Status.RETRIES_EXHAUSTED) for place in _every(first + 1, messages, _DEAD_EVERY * 2)),
        *((place, Status.DELIVERY_FAILURE) for place in _every(first + 2, messages, _DEAD_EVERY * 2)),
    ]
    return Fate(retried=number % _RETRIED_EVERY == 11, lost=tuple(dict(reversed(lost)).items()))


def _every(first: int, count: int, step: int) -> Sequence[int]:
    """The places of so many numbers from the first on that a step divides."""
    return range(-first % step, count, step)
