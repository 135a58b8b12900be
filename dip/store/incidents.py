"""Incidents with their whole history, in SQLite (7.3)."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import msgspec

from dip.ground.clock import microseconds, moment
from dip.messages.identifiers import DipId, InterfaceId
from dip.store.page_records import Parties, in_scope
from dip.store.queries import queries
from dip.store.reader import Reader
from dip.store.writer import Writer

_NO_KEY = 2**63 - 1
_MOST_RELATED = 100


class Level(StrEnum):
    """How far an incident reaches (impact), and how soon something has to happen (urgency)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class IncidentState(StrEnum):
    """How far an incident is; closed is for ever."""

    OPEN = "open"
    ASSIGNED = "assigned"
    """It has an owner."""
    ESCALATED = "escalated"
    """It waits for a team that the service desk called in."""
    RESOLVED = "resolved"
    """The service is restored, as its owner says."""
    CLOSED = "closed"
    """The one who raised it confirmed that."""


class EntryKind(StrEnum):
    """What an entry of the history is about."""

    CHANGE = "change"
    CONTACT = "contact"


class ContactWay(StrEnum):
    """How somebody was in contact about an incident."""

    PHONE = "phone"
    MAIL = "mail"
    PAGE = "page"


class ReviewAction(msgspec.Struct, frozen=True):
    """What is to be done after a major incident: what, by whom, and by which day."""

    what: str
    who: str
    due: date


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """A post-incident review (7.4.1): when it was held, what it found, what is to be done; who wrote it down."""

    held_on: date
    text: str
    actions: tuple[ReviewAction, ...]
    author: str


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident. Times are business time.

    id: 0 until it is stored. company, participant: whom it concerns; None for the DIP itself, for the whole company.
    raised_by_company: None where one of the DIP's own people raised it. due_at: when it is to be resolved.
    team: whom it is escalated to. notice: what everybody may read of it; None: it is not published. version: counts
    its changes. transaction_id, alarm: a message or alarm that it is about.
    """

    id: int = 0
    title: str
    description: str
    channels: tuple[InterfaceId, ...] = ()
    impact: Level
    urgency: Level
    priority: int
    state: IncidentState = IncidentState.OPEN
    company: str | None = None
    participant: DipId | None = None
    raised_by: str
    raised_by_company: str | None = None
    raised_at: datetime
    due_at: datetime
    changed_at: datetime
    version: int = 1
    owner: str | None = None
    team: str | None = None
    root_cause: str = ""
    resolution: str = ""
    notice: str | None = None
    transaction_id: str | None = None
    alarm: int | None = None
    resolved_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    closed_at: datetime | None = None
    review: Review | None = None


class IncidentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of an incident's history: a change, or a contact with a person.

    number: counts from 1 for each incident, 0 until it is stored. changes: before and after, by field.
    """

    number: int = 0
    at: datetime
    author: str
    kind: EntryKind
    way: ContactWay | None = None
    person: str = ""
    text: str = ""
    changes: Mapping[str, tuple[Any, Any]] = {}


class IncidentFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents: what is given has to fit.

    company, parties: those that a user of this company sees who works for these participants; None: all.
    overdue_at: those in the escalation queue at this moment.
    """

    is_closed: bool | None = None
    priority: int | None = None
    company: str | None = None
    parties: Parties = None
    overdue_at: datetime | None = None


class SqliteIncidents:
    """IncidentStore over SQLite."""

    def __init__(self, writer: Writer, reading: sqlite3.Connection, reader: Reader) -> None:
        self._writer = writer
        self._reading = reading
        self._reader = reader

    def one(self, number: int) -> Incident | None:
        """An incident by its number."""
        row = self._reading.execute(queries()["incident"], (number,)).fetchone()
        return None if row is None else _incident(row)

    def unfinished(self, company: str | None, limit: int) -> int:
        """How many incidents of a company (None: the DIP's own) are not closed, counted up to a limit."""
        return int(self._reading.execute(queries()["unfinished_incidents"], (company, limit)).fetchone()[0])

    async def listed(self, wanted: IncidentFilter, *, before: int | None, limit: int) -> Sequence[Incident]:
        """Incidents that fit, newest first, below a number."""
        given = {
            "before": _NO_KEY if before is None else before,
            "limit": limit,
            "is_closed": wanted.is_closed,
            "priority": wanted.priority,
            "company": wanted.company,
            "parties": in_scope(wanted.parties),
            "overdue_at": None if wanted.overdue_at is None else microseconds(wanted.overdue_at),
        }
        return [_incident(row) for row in await self._reader.all("incidents", given)]

    async def history(self, number: int, *, before: int | None, limit: int) -> Sequence[IncidentEntry]:
        """The entries of an incident, newest first, below a number."""
        given = {"incident": number, "before": _NO_KEY if before is None else before, "limit": limit}
        return [_entry(row) for row in await self._reader.all("incident_entries", given)]

    async def related(self, number: int) -> Sequence[int]:
        """The numbers of the last incidents that have to do with one."""
        rows = await self._reader.all("related_incidents", {"incident": number, "limit": _MOST_RELATED})
        return [row[0] for row in rows]

    async def save(self, incident: Incident, entries: Iterable[IncidentEntry], related: Iterable[int] = ()) -> int:
        """Commit an incident, new or changed, with further entries and relations; its number.

        Raises StoreUnavailable.
        """
        row, kept, others = _row(incident), tuple(entries), tuple(related)

        def job(connection: sqlite3.Connection) -> int:
            number = incident.id
            if number:
                connection.execute(queries()["save_incident"], row)
            else:
                number = connection.execute(queries()["add_incident"], row).lastrowid or 0
            _add(connection, number, kept)
            for other in others:
                connection.execute(queries()["relate_incidents"], (number, other))
            return number

        return await self._writer.ask(job, what="incident")

    async def add(self, number: int, entries: Iterable[IncidentEntry]) -> None:
        """Commit further entries of an incident that is not changed itself. Raises StoreUnavailable."""
        kept = tuple(entries)
        await self._writer.ask(lambda connection: _add(connection, number, kept), what="incident")


def _add(connection: sqlite3.Connection, number: int, entries: Iterable[IncidentEntry]) -> None:
    for one in entries:
        changes = msgspec.json.encode(one.changes).decode()
        row = (number, microseconds(one.at), one.author, one.kind, one.way, one.person, one.text, changes)
        connection.execute(queries()["add_incident_entry"], row)


def _row(incident: Incident) -> tuple[Any, ...]:
    given = msgspec.structs.asdict(incident)
    given["id"] = incident.id or None
    given["channels"] = msgspec.json.encode(incident.channels).decode()
    given["review"] = None if incident.review is None else msgspec.json.encode(incident.review).decode()
    return tuple(microseconds(value) if isinstance(value, datetime) else value for value in given.values())


def _incident(row: Sequence[Any]) -> Incident:
    given = dict(zip(Incident.__struct_fields__, row, strict=True))
    for name in ("raised_at", "due_at", "changed_at", "resolved_at", "confirmed_at", "closed_at"):
        given[name] = None if given[name] is None else moment(given[name])
    given["impact"], given["urgency"] = Level(given["impact"]), Level(given["urgency"])
    given["state"] = IncidentState(given["state"])
    given["channels"] = msgspec.json.decode(given["channels"], type=tuple[InterfaceId, ...])
    given["review"] = None if given["review"] is None else msgspec.json.decode(given["review"], type=Review)
    return Incident(**given)


def _entry(row: Sequence[Any]) -> IncidentEntry:
    number, at, author, kind, way, person, text, changes = row
    return IncidentEntry(
        number=number,
        at=moment(at),
        author=author,
        kind=EntryKind(kind),
        way=None if way is None else ContactWay(way),
        person=person,
        text=text,
        changes=msgspec.json.decode(changes, type=dict[str, tuple[Any, Any]]),
    )
