"""The numbers that stand for holders, a role and a DIP id, in the histories of MPANs (5.5.14)."""

import sqlite3
import threading
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import NOTHING, OPEN, History, Knowledge
from dip.appointments.packing import Holder, pack
from dip.ground.errors import DipError
from dip.messages.identifiers import DipId, RoleCode
from dip.store.queries import queries

MOST_HOLDERS: Final = 65_535
_SECOND: Final = 1_000_000


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


class PackedHistory:
    """SQLite's aggregate of the rows that an earlier schema had, one for each appointment."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, Holder, int, int]] = []
        self._numbers: dict[Holder, int] = {}

    def step(
        self, number: int, role: str, dip_id: str, effective_from: int, effective_to: int | None, known_at: int
    ) -> None:
        """One row; moments are microseconds."""
        holder = (RoleCode(role), DipId(dip_id))
        self._numbers[holder] = number
        ends = OPEN if effective_to is None else effective_to // _SECOND
        self._rows.append((known_at, holder, effective_from // _SECOND, ends))

    def finalize(self) -> bytes:
        """The history, packed."""
        history: History = NOTHING
        for known_at, rows in groupby(sorted(self._rows), key=itemgetter(0)):
            changes = [
                Change(Kind.APPOINT, starts, (role,), role, dip_id, ends) for _, (role, dip_id), starts, ends in rows
            ]
            history = amend(history, changes, Knowledge(known_at)).history
        return pack(history, self)

    def number(self, role: RoleCode, dip_id: DipId) -> int:
        """The number of a holder of one of the rows."""
        return self._numbers[role, dip_id]

    def named(self, number: int) -> Holder:
        """The holder with that number."""
        return next(holder for holder, known in self._numbers.items() if known == number)
