"""The numbers that stand for holders, a role and a DIP id, in the histories of MPANs (5.5.14)."""

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

import msgspec

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import NOTHING, OPEN, History, Knowledge
from dip.appointments.packing import Holder, pack
from dip.ground.errors import DipError
from dip.messages.identifiers import DipId, RoleCode
from dip.store.queries import queries

MOST_HOLDERS: Final = 65_535
_SECOND: Final = 1_000_000
_KNOWN_AT: Final = itemgetter(5)
_by_knowledge: Final = itemgetter(5, 1, 2, 3)


class TooManyHolders(DipError):
    """More participants in roles than histories can number."""

    code = "too_many_holders"

    def __init__(self) -> None:
        super().__init__(f"more than {MOST_HOLDERS} participants hold roles for MPANs; no further one can be appointed")


class HolderNumbers:
    """Gives each holder a number for good. Numbers given are written with the next histories.

    Safe to use from several threads: an import reads its rows in one of its own.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._named: dict[int, Holder] = {
            number: (RoleCode(role), DipId(dip_id)) for number, role, dip_id in connection.execute(queries()["holders"])
        }
        self._numbers = {holder: number for number, holder in self._named.items()}
        self._unwritten: list[int] = []
        self._lock = threading.Lock()

    def number(self, role: RoleCode, dip_id: DipId) -> int:
        """The number of a holder, given now if it has none. Raises TooManyHolders."""
        known = self._numbers.get((role, dip_id))
        return self._add(role, dip_id) if known is None else known

    def named(self, number: int) -> Holder:
        """The holder with that number."""
        return self._named[number]

    def unwritten(self) -> Sequence[tuple[int, RoleCode, DipId]]:
        """What is to be written with the next histories."""
        with self._lock:
            return [(number, *self._named[number]) for number in self._unwritten]

    def written(self, holders: Sequence[tuple[int, RoleCode, DipId]]) -> None:
        """These were committed."""
        done = {number for number, _, _ in holders}
        with self._lock:
            self._unwritten = [number for number in self._unwritten if number not in done]

    def _add(self, role: RoleCode, dip_id: DipId) -> int:
        with self._lock:
            known = self._numbers.get((role, dip_id))
            if known is None:
                known = len(self._numbers) + 1
                if known > MOST_HOLDERS:
                    raise TooManyHolders
                self._named[known] = (role, dip_id)
                self._unwritten.append(known)
                self._numbers[role, dip_id] = known
            return known


def packed_history(rows: str) -> bytes:
    """An MPAN's rows as an earlier schema had them, one for each appointment, as a packed history; for SQLite.

    rows: a JSON array of [number of the holder, role, DIP id, start, end or null, known at]; moments in microseconds.
    """
    read = msgspec.json.decode(rows, type=list[tuple[int, RoleCode, DipId, int, int | None, int]])
    history: History = NOTHING
    for known_at, together in groupby(sorted(read, key=_by_knowledge), key=_KNOWN_AT):
        changes = [
            Change(Kind.APPOINT, starts // _SECOND, (role,), role, dip_id, OPEN if ends is None else ends // _SECOND)
            for _, role, dip_id, starts, ends, _ in together
        ]
        history = amend(history, changes, Knowledge(known_at)).history
    return pack(history, _Given({(role, dip_id): number for number, role, dip_id, *_ in read}))


class _Given:
    """Numbers that holders have already."""

    def __init__(self, numbers: Mapping[Holder, int]) -> None:
        self._numbers = numbers

    def number(self, role: RoleCode, dip_id: DipId) -> int:
        """The number of a holder."""
        return self._numbers[role, dip_id]

    def named(self, number: int) -> Holder:
        """The holder with that number."""
        return next(holder for holder, known in self._numbers.items() if known == number)
