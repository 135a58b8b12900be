"""Why a filter is not run, or not to its end."""

from collections.abc import Iterable
from typing import Final

from dip.ground.errors import BadRequest, DipError

_FAULTS_SHOWN: Final = 10


class FilterRefused(BadRequest):
    """What was asked of the payload can't be understood, or does not fit it."""

    code = "filter_refused"

    def __init__(self, faults: Iterable[str]) -> None:
        """faults: all that is wrong, each with the parameter's name; the first ten are shown."""
        self.faults = tuple(faults)
        more = len(self.faults) - _FAULTS_SHOWN
        super().__init__("; ".join(self.faults[:_FAULTS_SHOWN]) + (f"; and {more} more" if more > 0 else ""))


class PayloadNotStructured(DipError):
    """The payload is no table of rows, or no good one: it can be downloaded, but not filtered."""

    code = "payload_not_structured"

    def __init__(self, what: str, line: int | None = None) -> None:
        """line: of the payload unpacked, counted from 1."""
        self.line = line
        place = "" if line is None else f"line {line}: "
        super().__init__(f"The payload can't be filtered: {place}{what}")


class PayloadBomb(DipError):
    """The payload grows beyond all measure when it is unpacked: it can be downloaded, but not filtered."""

    code = "payload_bomb"


class FilterTooLong(DipError):
    """The filter takes longer than a filter may. Ask for pages: limit, then the cursor of the page before."""

    code = "filter_too_long"
