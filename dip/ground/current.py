"""A snapshot that can be replaced while the server runs: readers take it once and keep it for their whole step."""

from typing import Generic, TypeVar

Snapshot = TypeVar("Snapshot")


class Current(Generic[Snapshot]):
    """Holds the present snapshot of the catalogue, the participants, …"""

    def __init__(self, value: Snapshot) -> None:
        self.value = value
