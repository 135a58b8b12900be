"""A fault of a message: where it stands and what was expected there."""

import msgspec

FAULTS_SHOWN = 10
"""A refusal names at most so many faults (contract, Errors)."""


class Fault(msgspec.Struct, frozen=True):
    """One fault of a message.

    pointer: JSON pointer (RFC 6901) within the element of the array, `/payload/CommonBlock/S1`; ''
    where the fault is in the whole. expected: in words. found: what stood there, in short; None where
    it may not be shown (a personal item) or nothing stood there. item: the data item that belongs there,
    `DI-997 Sender DIP ID`; None where the dictionary has none.
    """

    pointer: str
    expected: str
    found: str | None = None
    item: str | None = None

    def __str__(self) -> str:
        tail = f", found {self.found}" if self.found is not None else ""
        item = f" ({self.item})" if self.item is not None else ""
        return f"{self.pointer or '/'}{item}: expected {self.expected}{tail}"


def pointer(*parts: str | int) -> str:
    """The JSON pointer made of these parts, escaped."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
