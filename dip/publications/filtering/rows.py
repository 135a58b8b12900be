"""The one form in which rows of whatever payload are found and given."""

from collections.abc import Sequence
from typing import Protocol

from dip.publications.filtering.source import Found, Place, Row


class Rows(Protocol[Row]):
    """The rows of a payload, of which some match."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of what is given of each row, in order."""

    @property
    def start(self) -> Place:
        """Where the first row begins."""

    def go_to(self, place: Place) -> None:
        """What is found next stands behind this place."""

    def find(self, data: bytes, line: int, most: int, *, is_end: bool) -> Found[Row]:
        """The rows that match among those that are whole in a stretch of the payload, at most so many.

        line: the number of its first line. is_end: nothing follows. Raises PayloadNotStructured.
        """

    def texts(self, rows: Sequence[Row]) -> Sequence[Sequence[str]]:
        """What was chosen of rows, as cells."""

    def objects(self, rows: Sequence[Row]) -> Sequence[bytes]:
        """What was chosen of rows, as JSON objects, each on one line."""
