"""Rows that a run rejected, as they are kept: their MPANs sealed, and only so many of them (5.5.14, 8.1)."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from dip.registration.rows import RowFault
from dip.store.appointments import Rejection, Run, SqliteAppointments


class Sealer(Protocol):
    """Seals and opens what is kept."""

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt. context: where it belongs."""

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt what was sealed in the same context."""


class FaultPage(msgspec.Struct, frozen=True):
    """Some of the rows that a run rejected. next: the number behind which there are more, or None."""

    items: Sequence[RowFault]
    next: int | None


class Rejections:
    """Keeps rejected rows with their run. What stands in the place of an MPAN may be anything, so it is sealed."""

    def __init__(self, store: SqliteAppointments, vault: Sealer, *, kept: int) -> None:
        """kept: of one run; further ones are only counted."""
        self._store = store
        self._vault = vault
        self.kept = kept

    def of(self, run: Run, faults: Sequence[RowFault]) -> Sequence[Rejection]:
        """What to keep of rows rejected after those that the run has counted."""
        room = max(0, self.kept - run.rejected)
        return [
            Rejection(number, one.line, self._sealed(run.id, number, one.mpan), one.reason)
            for number, one in enumerate(faults[:room], run.rejected + 1)
        ]

    def page(self, run: int, after: int, limit: int) -> FaultPage:
        """Rows that a run rejected, behind a number."""
        found = self._store.rejections(run, after, limit + 1)
        items = [RowFault(one.line, self._opened(run, one), one.reason) for one in found[:limit]]
        return FaultPage(items, found[limit - 1].number if len(found) > limit else None)

    def _sealed(self, run: int, number: int, mpan: str) -> bytes:
        return self._vault.seal(mpan.encode(), _context(run, number))

    def _opened(self, run: int, one: Rejection) -> str:
        return self._vault.open(one.sealed_mpan, _context(run, one.number)).decode()


def _context(run: int, number: int) -> bytes:
    return f"appointment_rejection:{run}:{number}".encode()
