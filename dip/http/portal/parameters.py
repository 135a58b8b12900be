"""The parameters of a list of publications: read one by one, and every fault told at once."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from multidict import MultiMapping

from dip.ground.errors import BadRequest

MOST: Final = 1000
"""Entries of a page."""
USUAL: Final = 100
_LARGEST_KEY: Final = 2**63 - 1
_KEY_DIGITS: Final = 19
_LONGEST_TEXT: Final = 100
_LONGEST_VERSION: Final = 10
_DATE_CHARACTERS: Final = 10
_MOMENT_CHARACTERS: Final = 25
_SHOWN: Final = 40
_DATE_OR_MOMENT: Final = "expected a date such as 2026-03-21, or a moment such as 2026-03-21T19:05:00+00:00"


class Parameters:
    """What an address asks for. What is empty was left out, for forms send every field.

    typed: what was given, by name, as a form shows it again. Names in `ways` change the form of the answer alone.
    """

    def __init__(self, query: MultiMapping[str], known: Sequence[str], ways: Sequence[str] = ("form", "done")) -> None:
        self.typed = {name: query.get(name, "").strip() for name in known}
        self._faults: list[str] = []
        for name in dict.fromkeys(query):
            if name not in known and name not in ways:
                self._faults.append(f"{_shown(name)}: no such parameter, expected {', '.join(known)}")
            elif len(query.getall(name)) > 1:
                self._faults.append(f"{name}: expected once only")

    @property
    def fault(self) -> str:
        """Every fault found so far, as one sentence; empty where there is none."""
        return "; ".join(self._faults) + "." if self._faults else ""

    def check(self) -> None:
        """Raise BadRequest with all that is wrong."""
        if self._faults:
            raise BadRequest(self.fault)

    def text(self, name: str) -> str | None:
        """Some text."""
        value = self.typed[name]
        if len(value) > _LONGEST_TEXT:
            self._faults.append(f"{name}: expected at most {_LONGEST_TEXT} characters")
        return value or None

    def one_of(self, name: str, allowed: Collection[str]) -> str | None:
        """One of these words."""
        value = self.typed[name]
        if value and value not in allowed:
            self._faults.append(f"{name}: expected {' or '.join(allowed)}")
        return value or None

    def number(self, name: str, largest: int = _LARGEST_KEY) -> int | None:
        """A whole number from 1 on."""
        value = self.typed[name]
        if not value:
            return None
        found = _whole(value)
        if found is None or not 1 <= found <= largest:
            self._faults.append(f"{name}: expected a whole number from 1 to {largest}")
            return None
        return found

    def limit(self) -> int:
        """How many entries of a page."""
        return self.number("limit", MOST) or USUAL

    def pair(self, name: str) -> tuple[int, int] | None:
        """Two whole numbers with `-` between: a key that an earlier page gave."""
        value = self.typed[name]
        if not value:
            return None
        first, _, second = value.partition("-")
        numbers = _whole(first), _whole(second)
        if numbers[0] is None or numbers[1] is None:
            self._faults.append(f"{name}: expected two whole numbers with - between, as next of another page has them")
            return None
        return numbers[0], numbers[1]

    def version(self, name: str) -> tuple[str | None, str | None]:
        """A version, or the beginning of one where `*` stands behind it."""
        value = self.typed[name]
        begins = value.endswith("*")
        wanted = value.removesuffix("*")
        if len(wanted) > _LONGEST_VERSION or "*" in wanted:
            self._faults.append(f"{name}: expected a version such as 1.1.1, or its beginning with * behind: 1.1*")
        return (None, wanted or None) if begins else (wanted or None, None)

    def since(self, name: str) -> datetime | None:
        """The moment from which on; of a date its first one, UTC."""
        found = self._moment(name)
        return found if isinstance(found, datetime) or found is None else datetime.combine(found, time(), UTC)

    def until(self, name: str) -> datetime | None:
        """The moment before which; a date is meant with the whole of its day, UTC."""
        found = self._moment(name)
        if isinstance(found, datetime) or found is None:
            return found
        # Nothing is later than the last day there is.
        return None if found == date.max else datetime.combine(found + timedelta(days=1), time(), UTC)

    def address(self, path: str, **more: str) -> str:
        """The address of another page of the same list."""
        given = {name: value for name, value in self.typed.items() if value and name not in more}
        query = urlencode({**given, **{name: value for name, value in more.items() if value}})
        return f"{path}?{query}" if query else path

    def _moment(self, name: str) -> datetime | date | None:
        # A plus sign that was not escaped reaches us as a space.
        value = self.typed[name].replace(" ", "+")
        if not value:
            return None
        # fromisoformat knows more forms than are meant here: weeks, no hyphens, no seconds.
        is_date = value[4:5] == value[7:8] == "-"
        try:
            if is_date and len(value) == _DATE_CHARACTERS:
                return date.fromisoformat(value)
            found = datetime.fromisoformat(value)
            if is_date and found.tzinfo is not None and len(value) == _MOMENT_CHARACTERS:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        self._faults.append(f"{name}: {_DATE_OR_MOMENT}")
        return None


def _whole(text: str) -> int | None:
    is_number = text.isascii() and text.isdecimal() and len(text) <= _KEY_DIGITS
    return min(int(text), _LARGEST_KEY) if is_number else None


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "…")
