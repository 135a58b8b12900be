"""Who acts for whom, and who did, in SQLite (FS-42)."""

import sqlite3
from collections.abc import Iterable, Sequence

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.agency import Agency
from dip.store.queries import queries
from dip.store.writer import Writer


class SqliteAgencies:
    """AgencyStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def in_force(self) -> Sequence[Agency]:
        """Every assignment that is not withdrawn."""
        return [_agency(row) for row in self._reading.execute(queries()["agencies_in_force"])]

    def of_principal(self, principal: DipId, limit: int) -> Sequence[Agency]:
        """Who acts for a participant, then who did; each newest first."""
        return [_agency(row) for row in self._reading.execute(queries()["agencies_of_principal"], (principal, limit))]

    def of_agent(self, agent: DipId, limit: int) -> Sequence[Agency]:
        """For whom an agent acts, then for whom it did; each newest first."""
        return [_agency(row) for row in self._reading.execute(queries()["agencies_of_agent"], (agent, limit))]

    async def save(self, agencies: Iterable[Agency]) -> None:
        """Keep assignments, new or just withdrawn, in one transaction. Raises StoreUnavailable."""
        rows = [
            (
                one.principal,
                one.role,
                one.agent,
                microseconds(one.assigned_at),
                int(one.encrypts),
                one.author,
                None if one.withdrawn_at is None else microseconds(one.withdrawn_at),
                one.withdrawn_by,
            )
            for one in agencies
        ]

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(queries()["save_agency"], rows)

        await self._writer.ask(job)


def _agency(row: tuple[str, str, str, int, int, str, int | None, str | None]) -> Agency:
    principal, role, agent, assigned_at, encrypts, author, withdrawn_at, withdrawn_by = row
    return Agency(
        principal=DipId(principal),
        role=RoleCode(role),
        agent=DipId(agent),
        assigned_at=moment(assigned_at),
        encrypts=bool(encrypts),
        author=author,
        withdrawn_at=None if withdrawn_at is None else moment(withdrawn_at),
        withdrawn_by=withdrawn_by,
    )
