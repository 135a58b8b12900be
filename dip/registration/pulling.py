"""The pulls from registration services, side by side; what was under way goes on at the next start (5.5.14, FS-35)."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from dip.ground.clock import microseconds, moment
from dip.ground.errors import BadRequest, Conflict, NotFound
from dip.messages.identifiers import DipId
from dip.messages.timestamps import moment_of, wire_time
from dip.registration.pull import FINISHED, RUNNING, Pull, PullParts
from dip.registration.pull_place import PullPlace
from dip.registration.rows import RowFault
from dip.registration.service_certificate import REGISTRATION_SERVICE
from dip.registration.services import MOST_SERVICES, Services, checked, read_services, service_named
from dip.store.appointments import Run

_NAME: Final = "pull-"
FILE: Final = "file"
"""The source of an import."""
_MOST_RUNS: Final = 1_000
_EXAMPLES: Final = 10
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9998


class PullView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A pull from a registration service, and how far it is.

    run: its name among the runs. state: running; finished; failed, with its reason; stopped. It goes on where it is by
    the next order, where `goesOn`. since: only MPANs of which something was recorded then or later. asOf: when the
    service read the first page: `since` of the next pull. accepted: with the unchanged ones. reasons: how many rows
    were rejected for each. examples: the first rejected rows; line: the number of the row.
    """

    service: DipId
    run: str
    url: str
    state: str
    since: str | None
    as_of: str | None
    mpans: int
    rows: int
    accepted: int
    unchanged: int
    rejected: int
    reasons: Mapping[str, int]
    examples: Sequence[RowFault]
    seconds: float
    rows_per_second: int
    goes_on: bool
    started_at: datetime
    changed_at: datetime
    reason: str | None


class Pulling:
    """Begins pulls, stops them, and tells how far they are. One of each service at a time."""

    def __init__(self, parts: PullParts) -> None:
        """Raises SetupRefused: the setting names services in another form."""
        self._parts = parts
        self.services: Services = read_services(parts.settings.registration_services)
        """Those of the settings."""
        self._pulls: dict[DipId, Pull] = {}
        self._ordering: set[DipId] = set()

    async def run(self) -> None:
        """Go on with what was under way when the server stopped, until cancelled; then leave off in good order."""
        for found in reversed(self._runs()):
            if found.state == RUNNING:
                self._begin(service_of(found), found)
        try:
            await asyncio.Event().wait()
        finally:
            for pull in self._pulls.values():
                pull.leave()
            await asyncio.gather(*(pull.task for pull in self._pulls.values()), return_exceptions=True)

    async def order(self, services: Mapping[str, str | None] | None, since: str | None) -> Sequence[PullView]:
        """Begin to pull from each of these, or go on where an earlier pull did not end.

        services: address by DIP id, None: that of the settings; without it all of the settings. since: a date, or 25
        characters. Raises BadRequest; Conflict: one of them is being pulled from, and none is begun.
        """
        wanted = self._wanted(services)
        from_when = _since(since)
        busy = sorted(wanted.keys() & (self._active() | self._ordering))
        if busy:
            raise Conflict(f"services: {', '.join(busy)} is being pulled from already.")
        self._ordering |= wanted.keys()
        try:
            for service, url in wanted.items():
                self._begin(service, await self._begun(service, url, from_when))
        finally:
            self._ordering -= wanted.keys()
        return [self._view(self._pulls[service].run) for service in wanted]

    async def stop(self, service: str) -> PullView:
        """End a pull when the page at hand is committed; the next order goes on with it. Raises NotFound."""
        pull = self._pulls.get(DipId(service))
        if pull is None or pull.task.done():
            raise NotFound("Nothing is being pulled from this registration service.")
        pull.stop()
        await asyncio.shield(pull.task)
        return self._view(pull.run)

    def views(self) -> Sequence[PullView]:
        """Every pull that is remembered, newest first."""
        return [self._view(run) for run in self._runs()]

    def _begin(self, service: DipId, run: Run) -> None:
        known = self._pulls.get(service)
        if known is None or known.task.done():
            self._pulls[service] = Pull(self._parts, service, run)

    async def _begun(self, service: DipId, url: str, since: datetime | None) -> Run:
        """The run that is to go on, at its cursor if the service is where it was, or a new one."""
        parts, store = self._parts, self._parts.store
        name = _name(service, since)
        now = microseconds(parts.clock.now())
        known = store.run(name)
        elsewhere = known is not None and known.source != url
        run = await store.begin_run(
            name,
            url,
            wire_time(since) if since is not None else None,
            now,
            parts.settings.appointment_runs_kept,
            anew=elsewhere,
        )
        if run.state != RUNNING:
            run = msgspec.structs.replace(run, state=RUNNING, reason=None, changed_at=now)
            await store.save_run(run)
        return run

    def _wanted(self, services: Mapping[str, str | None] | None) -> Services:
        asked = dict.fromkeys(self.services) if services is None else services
        if not asked:
            raise BadRequest(
                "services: expected registration services, since the setting registration_services names none."
            )
        if len(asked) > MOST_SERVICES:
            raise BadRequest(f"services: expected {MOST_SERVICES} at most.")
        return {(service := self._known(name)): self._address(service, url) for name, url in asked.items()}

    def _known(self, name: str) -> DipId:
        try:
            service = service_named(name)
        except ValueError as exc:
            raise BadRequest(f"services: {exc}.") from exc
        found = self._parts.participants.value.present(service)
        if found is None or REGISTRATION_SERVICE not in found.roles:
            raise BadRequest(f"services: {service} is no participant in role {REGISTRATION_SERVICE}.")
        return service

    def _address(self, service: DipId, url: str | None) -> str:
        known = self.services.get(service) if url is None else url
        if known is None:
            raise BadRequest(f"services: {service} has no address in the setting registration_services; give one.")
        try:
            return checked(service, known)
        except ValueError as exc:
            raise BadRequest(f"services: {exc}.") from exc

    def _active(self) -> frozenset[DipId]:
        return frozenset(service for service, pull in self._pulls.items() if not pull.task.done())

    def _runs(self) -> Sequence[Run]:
        return [run for run in self._parts.store.runs(_MOST_RUNS) if is_pull(run)]

    def _view(self, run: Run) -> PullView:
        place = PullPlace.of(run)
        return PullView(
            service=service_of(run),
            run=run.name,
            url=run.source,
            state=run.state,
            since=run.since,
            as_of=None if run.as_of is None else wire_time(moment(run.as_of)),
            mpans=place.mpans,
            rows=run.rows,
            accepted=run.accepted,
            unchanged=run.unchanged,
            rejected=run.rejected,
            reasons=place.reasons,
            examples=self._parts.rejections.page(run.id, 0, _EXAMPLES).items if run.rejected else (),
            seconds=place.seconds,
            rows_per_second=round(run.rows / place.seconds) if place.seconds else 0,
            goes_on=run.state != FINISHED and place.cursor is not None,
            started_at=moment(run.started_at),
            changed_at=moment(run.changed_at),
            reason=run.reason,
        )


def is_pull(run: Run) -> bool:
    """Whether a run is a pull, and not an import of a file."""
    return run.name.startswith(_NAME) and run.source != FILE


def service_of(run: Run) -> DipId:
    """From which service a pull pulls."""
    return DipId(run.name.removeprefix(_NAME).partition("-")[0])


def _name(service: DipId, since: datetime | None) -> str:
    """The name of a run; pulls since different times go on by themselves each."""
    return f"{_NAME}{service}" + (f"-since-{wire_time(since)[:19].replace(':', '')}" if since is not None else "")


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = moment_of(text)
    if found is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise BadRequest("since: expected a date, YYYY-MM-DD, or 25 characters with an offset.")
    return found
