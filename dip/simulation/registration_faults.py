"""What a registration service does wrong on demand, for those who try out what its callers make of it."""

from collections.abc import Sequence
from typing import ClassVar, Final, Self

import msgspec

from dip.ground.errors import DipError

BAD_JSON: Final = "bad-json"
CUT: Final = "cut"
_STATUSES: Final = frozenset({400, 403, 404, 408, 410, 429, 500, 502, 503, 504})


class RegistrationFaultRefused(DipError):
    """This is no fault that a registration service can show."""

    code: ClassVar[str] = "registration_fault_refused"


class RegistrationFault(msgspec.Struct, frozen=True):
    """One fault, which strikes one call in `every`. kind: a status, `bad-json` or `cut`; retry_after: seconds."""

    kind: str
    every: int
    retry_after: int = 1

    @classmethod
    def read(cls, text: str) -> Self:
        """A fault as `503:every=7` or `429:every=3,retry-after=2` names it. Raises RegistrationFaultRefused."""
        kind, _, told = text.partition(":")
        found = dict(part.partition("=")[::2] for part in told.split(","))
        good = (
            (kind in {BAD_JSON, CUT} or (kind.isascii() and kind.isdigit() and int(kind) in _STATUSES))
            and found.keys() <= {"every", "retry-after"}
            and all(value.isascii() and value.isdigit() and len(value) < 7 for value in found.values())
            and int(found.get("every", "0")) > 0
        )
        if not good:
            statuses = ", ".join(map(str, sorted(_STATUSES)))
            raise RegistrationFaultRefused(
                f"--fault {text[:60]!r}: expected KIND:every=N or KIND:every=N,retry-after=SECONDS; "
                f"KIND is {BAD_JSON}, {CUT}, or a status of {statuses}."
            )
        return cls(kind, int(found["every"]), int(found.get("retry-after", "1")))


class RegistrationFaults:
    """Counts calls and says which fault strikes; the first that fits."""

    def __init__(self, faults: Sequence[RegistrationFault] = ()) -> None:
        self._faults = faults
        self._calls = 0

    def strikes(self) -> RegistrationFault | None:
        """The fault of one more call."""
        self._calls += 1
        return next((fault for fault in self._faults if self._calls % fault.every == 0), None)
