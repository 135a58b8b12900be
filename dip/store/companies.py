"""Companies, the market roles of their participants, and what a step of onboarding changes, in SQLite (5.7)."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import DipId, RoleCode
from dip.participants.participant import Company, HeldCertificate, Participant, Qualification
from dip.store.parties import certificate_row, participant_row
from dip.store.queries import queries
from dip.store.writer import Writer


class Onboarded(msgspec.Struct, frozen=True, kw_only=True):
    """What one step of onboarding changes. certificates: private keys sealed.

    qualifications: by participant, in the place of all that it had before.
    """

    companies: tuple[Company, ...] = ()
    participants: tuple[Participant, ...] = ()
    certificates: tuple[HeldCertificate, ...] = ()
    qualifications: Mapping[DipId, Sequence[Qualification]] = msgspec.field(default_factory=dict)


class SqliteCompanies:
    """CompanyStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection) -> None:
        self._writer = writer
        self._reading = reading

    def companies(self) -> Mapping[str, Company]:
        """Every company by its number."""
        rows = self._reading.execute(queries()["companies"])
        return {number: Company(number, name, moment(since)) for number, name, since in rows}

    def qualifications(self) -> Mapping[DipId, Sequence[Qualification]]:
        """What the central feed said of the roles of participants, by DIP id."""
        found: defaultdict[DipId, list[Qualification]] = defaultdict(list)
        for dip_id, role, market_role, starts, ends in self._reading.execute(queries()["qualifications"]):
            found[DipId(dip_id)].append(
                Qualification(
                    DipId(dip_id),
                    RoleCode(role),
                    market_role,
                    moment(starts) if starts is not None else None,
                    moment(ends) if ends is not None else None,
                )
            )
        return dict(found)

    async def save(self, onboarded: Onboarded) -> None:
        """Commit a step of onboarding, all of it or nothing. Raises StoreUnavailable."""
        companies = [(one.number, one.name, microseconds(one.since)) for one in onboarded.companies]
        participants = [participant_row(one) for one in onboarded.participants]
        certificates = [certificate_row(one) for one in onboarded.certificates]
        replaced = [(dip_id,) for dip_id in onboarded.qualifications]
        rows = list(_rows(one for kept in onboarded.qualifications.values() for one in kept))

        def job(connection: sqlite3.Connection) -> None:
            connection.executemany(queries()["save_company"], companies)
            connection.executemany(queries()["save_participant"], participants)
            connection.executemany(queries()["save_certificate"], certificates)
            connection.executemany(queries()["forget_qualifications"], replaced)
            connection.executemany(queries()["add_qualification"], rows)

        await self._writer.ask(job, what="onboarding")


def _rows(qualifications: Iterable[Qualification]) -> Iterable[tuple[object, ...]]:
    for one in qualifications:
        starts, ends = one.effective_from, one.effective_to
        yield (
            one.dip_id,
            one.role,
            one.market_role,
            microseconds(starts) if starts is not None else None,
            microseconds(ends) if ends is not None else None,
        )
