"""The incidents: each change checked, kept with its author, and told (7.3, 7.4)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import asdict, replace

from dip.ground.clock import Clock
from dip.ground.errors import BadRequest, Conflict, NotFound, NotPermitted
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.reporting.incidents import steps
from dip.reporting.incidents.mails import IncidentMails
from dip.reporting.incidents.orders import (
    Author,
    Confirmation,
    IncidentChange,
    NewContact,
    NewIncident,
    NewReview,
    Resolution,
)
from dip.reporting.incidents.priorities import Priorities
from dip.store.incidents import (
    ContactWay,
    EntryKind,
    Incident,
    IncidentEntry,
    IncidentFilter,
    IncidentState,
    Review,
    SqliteIncidents,
)

_NOT_CHANGES: Final = frozenset({"id", "version", "changed_at"})
_UNKNOWN: Final = "No incident of yours has this number."


class Incidents:
    """The incidents. One at a time is changed, so that no change is made to what another one just changed."""

    def __init__(
        self,
        *,
        store: SqliteIncidents,
        priorities: Priorities,
        mails: IncidentMails,
        settings: Settings,
        company_of: Callable[[DipId], str | None],
        is_user: Callable[[str], bool],
        clock: Clock,
        log: Log,
    ) -> None:
        """company_of: a participant's company, None for an unknown one; is_user: whether a user can still log in."""
        self.priorities = priorities
        self._store = store
        self._mails = mails
        self._settings = settings
        self._company_of = company_of
        self._is_user = is_user
        self._clock = clock
        self._log = log
        self._turn = asyncio.Lock()

    def one(self, author: Author, number: int) -> Incident:
        """An incident that its reader sees: the whole of it where `author.sees` says so, else its notice alone.

        Raises NotFound.
        """
        found = self._store.one(number)
        if found is None or (found.notice is None and not author.sees(found)):
            raise NotFound(_UNKNOWN)
        return found

    async def listed(
        self,
        author: Author,
        *,
        is_closed: bool | None,
        priority: int | None,
        escalation: bool,
        before: int | None,
        limit: int,
    ) -> Sequence[Incident]:
        """Incidents that fit, newest first, below a number. escalation: escalated, or later than their target."""
        wanted = IncidentFilter(
            is_closed=is_closed,
            priority=priority,
            company=None if author.parties is None else (author.company or ""),
            parties=author.parties,
            overdue_at=self._clock.now() if escalation else None,
        )
        return await self._store.listed(wanted, before=before, limit=limit)

    async def history(self, author: Author, number: int, *, before: int | None, limit: int) -> Sequence[IncidentEntry]:
        """What became of an incident, newest first. Raises NotFound."""
        self._own(author, number)
        return await self._store.history(number, before=before, limit=limit)

    async def related(self, author: Author, number: int) -> Sequence[Incident]:
        """The incidents that have to do with one, as far as they are open to the reader."""
        found = [self._store.one(other) for other in await self._store.related(number)]
        return [one for one in found if one is not None and (one.notice is not None or author.sees(one))]

    def may_confirm(self, author: Author, incident: Incident) -> bool:
        """Whether it is this user who says that an incident is resolved: the one who raised it.

        Where the DIP's people raised it for a company, and where the one who raised it can't log in any more, it is
        also somebody of the company; for the DIP's own incidents then somebody of the service desk.
        """
        if incident.raised_by == author.name and incident.raised_by_company == author.company:
            return True
        if not author.sees(incident):
            return False
        if incident.company is not None and author.company == incident.company:
            return incident.raised_by_company is None or not self._is_user(incident.raised_by)
        return incident.company is None and author.is_desk and not self._is_user(incident.raised_by)

    async def open(self, author: Author, order: NewIncident) -> Incident:
        """Raise an incident. Raises BadRequest, Conflict, NotFound, StoreUnavailable."""
        order.check()
        company = self._concerned(author, order.participant)
        for other in order.related:
            self._own(author, other)
        now, priority = self._clock.now(), self.priorities.of(order.impact, order.urgency)
        made = Incident(
            title=order.title.strip(),
            description=order.description.strip(),
            channels=_once(order.channels),
            impact=order.impact,
            urgency=order.urgency,
            priority=priority,
            company=company,
            participant=order.participant,
            raised_by=author.name,
            raised_by_company=author.company,
            raised_at=now,
            due_at=now + self.priorities.targets[priority],
            changed_at=now,
            transaction_id=order.transaction_id or None,
            alarm=order.alarm,
        )
        most = self._settings.incident_most_unfinished
        async with self._turn:
            if self._store.unfinished(company, most) >= most:
                raise Conflict(f"{most} incidents are not closed yet; this server keeps no more at once.")
            number = await self._store.save(made, [self._entry(author, now, text="raised")], order.related)
        made = replace(made, id=number)
        self._log.info("incident_raised", incident=number, priority=priority)
        await self._mails.raised(made)
        return made

    async def change(self, author: Author, number: int, change: IncidentChange) -> Incident:
        """Change an incident, give it an owner, escalate it, publish it, relate it to others.

        Raises BadRequest, Conflict, NotFound, NotPermitted, StoreUnavailable.
        """
        change.check()
        _check_desk(author)
        async with self._turn:
            before = self._own(author, number)
            if change.version is not None and change.version != before.version:
                raise Conflict("Somebody changed this incident meanwhile. Look at it again.")
            for other in change.related:
                self._own(author, other)
            after = await self._keep(author, before, self._changed(before, change), change.text, change.related)
        if after.priority < before.priority:
            await self._mails.raised(after)
        self._mails.updated(after, "changed", author.name)
        if change.notice is not UNSET and after.notice != before.notice:
            await self._mails.published(after, "published")
        return after

    async def contact(self, author: Author, number: int, order: NewContact) -> None:
        """Keep a contact about an incident. Users of a company write by the page, about their own.

        Raises BadRequest, Conflict, NotFound, StoreUnavailable.
        """
        order.check()
        way = order.way if author.is_desk else ContactWay.PAGE
        async with self._turn:
            incident = self._own(author, number)
            steps.check_not_closed(incident)
            entry = IncidentEntry(
                at=self._clock.now(),
                author=author.name,
                kind=EntryKind.CONTACT,
                way=way,
                person=order.person.strip() if author.is_desk else author.name,
                text=order.text.strip(),
            )
            await self._store.add(number, [entry])
        self._mails.updated(incident, "a contact was kept", author.name)

    async def resolve(self, author: Author, number: int, order: Resolution) -> Incident:
        """Say that the service is restored; who raised the incident is asked to confirm.

        Raises BadRequest, Conflict, NotFound, NotPermitted, StoreUnavailable.
        """
        order.check()
        _check_desk(author)
        async with self._turn:
            before = self._own(author, number)
            made = steps.resolved(before, order.resolution.strip(), order.root_cause.strip(), self._clock.now())
            after = await self._keep(author, before, made)
        self._mails.updated(after, "resolved, please confirm", author.name)
        await self._mails.published(after, "resolved")
        return after

    async def confirm(self, author: Author, number: int, order: Confirmation) -> Incident:
        """Close an incident as the one who raised it, or say that it is not resolved.

        Raises BadRequest, Conflict, NotFound, NotPermitted, StoreUnavailable.
        """
        order.check()
        async with self._turn:
            before = self._own(author, number)
            if not self.may_confirm(author, before):
                raise NotPermitted("Whether an incident is resolved is for the one to say who raised it.")
            if order.solved:
                major = self.priorities.is_major(before.priority)
                made = steps.confirmed(before, author.name, self._clock.now(), is_major=major)
            else:
                made = steps.denied(before)
            after = await self._keep(author, before, made, order.text)
        self._mails.updated(after, str(after.state), author.name)
        return after

    async def review(self, author: Author, number: int, order: NewReview) -> Incident:
        """Keep the review of an incident; a later one takes its place.

        Raises BadRequest, Conflict, NotFound, NotPermitted, StoreUnavailable.
        """
        order.check()
        _check_desk(author)
        review = Review(held_on=order.held_on, text=order.text.strip(), actions=order.actions, author=author.name)
        async with self._turn:
            before = self._own(author, number)
            major = self.priorities.is_major(before.priority)
            after = await self._keep(author, before, steps.reviewed(before, review, self._clock.now(), is_major=major))
        self._mails.updated(after, "reviewed", author.name)
        return after

    def _own(self, author: Author, number: int) -> Incident:
        """An incident the whole of which is open. Raises NotFound."""
        found = self._store.one(number)
        if found is None or not author.sees(found):
            raise NotFound(_UNKNOWN)
        return found

    def _concerned(self, author: Author, participant: DipId | None) -> str | None:
        """The company that a new incident concerns. Raises BadRequest, NotFound."""
        if participant is None:
            return author.company
        if author.parties is not None and participant not in author.parties:
            raise NotFound("No participant of yours has this DIP id.")
        company = self._company_of(participant)
        if company is None:
            raise BadRequest("participant: no participant has this DIP id.")
        return author.company if author.parties is not None else company or None

    def _changed(self, before: Incident, change: IncidentChange) -> Incident:
        """An incident after a change. Raises Conflict."""
        steps.check_not_closed(before)
        made = before
        if change.impact is not UNSET or change.urgency is not UNSET:
            impact = before.impact if change.impact is UNSET else change.impact
            urgency = before.urgency if change.urgency is UNSET else change.urgency
            priority = self.priorities.of(impact, urgency)
            due_at = before.raised_at + self.priorities.targets[priority]
            made = replace(made, impact=impact, urgency=urgency, priority=priority, due_at=due_at)
        if change.channels is not UNSET:
            made = replace(made, channels=_once(change.channels))
        if change.root_cause is not UNSET:
            made = replace(made, root_cause=change.root_cause.strip())
        if change.notice is not UNSET:
            made = replace(made, notice=None if change.notice is None else change.notice.strip())
        if change.owner is not UNSET:
            made = steps.assigned(made, change.owner.strip())
        if change.team is not UNSET:
            made = steps.escalated(made, change.team.strip())
        return made

    async def _keep(
        self, author: Author, before: Incident, after: Incident, text: str = "", related: Iterable[int] = ()
    ) -> Incident:
        """Commit a change with its entry in the history; nothing where nothing is different."""
        others = [other for other in dict.fromkeys(related) if other != before.id]
        changes: dict[str, tuple[Any, Any]] = {
            name: (old, new)
            for (name, old), new in zip(asdict(before).items(), asdict(after).values(), strict=True)
            if old != new and name not in _NOT_CHANGES
        }
        if others:
            changes["related"] = ((), others)
        if not changes and not text.strip():
            return before
        now = self._clock.now()
        kept = replace(after, changed_at=now, version=before.version + 1)
        await self._store.save(kept, [self._entry(author, now, text=text.strip(), changes=changes)], others)
        self._log.info("incident_changed", incident=kept.id, state=kept.state, priority=kept.priority)
        return kept

    def _entry(
        self, author: Author, at: datetime, *, text: str, changes: dict[str, tuple[Any, Any]] | None = None
    ) -> IncidentEntry:
        return IncidentEntry(at=at, author=author.name, kind=EntryKind.CHANGE, text=text, changes=changes or {})


def is_overdue(incident: Incident, now: datetime) -> bool:
    """Whether an incident is later than its target."""
    return incident.state not in (IncidentState.RESOLVED, IncidentState.CLOSED) and incident.due_at < now


def _check_desk(author: Author) -> None:
    if not author.is_desk:
        raise NotPermitted("Incidents are managed by the service desk. You may write to it, and confirm.")


def _once(channels: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(channels))
