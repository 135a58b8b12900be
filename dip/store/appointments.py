"""Appointments of MPANs, in SQLite: half-open instants (5.5.14)."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial

from dip.messages.identifiers import DipId, Mpan, RoleCode
from dip.store.queries import queries
from dip.store.records import Appointment
from dip.store.writer import Writer


class SqliteAppointments:
    """AppointmentStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def appointments(self, mpan: Mpan) -> Sequence[Appointment]:
        """Every appointment of an MPAN, by start."""
        return [
            Appointment(RoleCode(role), DipId(dip_id), effective_from, effective_to)
            for role, dip_id, effective_from, effective_to in self._reading.execute(
                queries()["appointments"], (int(mpan),)
            )
        ]

    async def save_appointments(self, rows: AsyncIterator[Sequence[tuple[Mpan, Appointment]]], known_at: int) -> int:
        """Add or change appointments, chunk by chunk; returns how many."""
        count = 0
        async for chunk in rows:
            await self._writer.ask(partial(_save, chunk, known_at))
            count += len(chunk)
        return count


def _save(chunk: Sequence[tuple[Mpan, Appointment]], known_at: int, connection: sqlite3.Connection) -> None:
    connection.executemany(
        queries()["save_appointment"],
        [(int(mpan), a.role, a.effective_from, a.effective_to, a.dip_id, known_at) for mpan, a in chunk],
    )
