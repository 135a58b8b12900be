"""One pull: the pages of a registration service, committed one by one with their cursor (5.5.14, FS-35)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

import msgspec

from dip.ground.clock import Clock, microseconds, moment
from dip.ground.current import Current
from dip.ground.errors import DipError, StoreUnavailable
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.messages.identifiers import DipId
from dip.messages.registration_page import RegistrationPage
from dip.messages.timestamps import read_wire_time
from dip.participants.registry import Participants
from dip.registration.errors import RegistrationCursorTooOld, RegistrationServiceFailed
from dip.registration.keeper import Keeper, Merged
from dip.registration.page_rows import PageReader
from dip.registration.pull_place import NOBODY, OVERTAKEN, PullPlace, counted
from dip.registration.rejections import Rejections
from dip.registration.rows import ReadRows, RowFault
from dip.registration.service_client import PulledPage, RegistrationServiceClient
from dip.store.appointments import Rejection, Run, SqliteAppointments

Clients = Callable[[DipId, str], RegistrationServiceClient]
"""Makes the client of a service, by its DIP id and the base of its addresses."""

RUNNING: Final = "running"
FINISHED: Final = "finished"
FAILED: Final = "failed"
STOPPED: Final = "stopped"
_AGAIN_AFTER_S: Final = 1.0
_Result = TypeVar("_Result")


class _Left(Exception):
    """The pull shall not go on now."""


class PullParts(msgspec.Struct, frozen=True, kw_only=True):
    """What every pull needs. executor: reads pages; one at a time, so that the messages' threads get their turn."""

    settings: Settings
    store: SqliteAppointments
    keeper: Keeper
    rejections: Rejections
    participants: Current[Participants]
    clients: Clients
    executor: Executor
    room: asyncio.Semaphore
    clock: Clock
    log: Log


class Pull:
    """Pulls from one service until its last page, a failure, or somebody has it leave off."""

    def __init__(self, parts: PullParts, service: DipId, run: Run) -> None:
        self._parts = parts
        self._service = service
        self.run = run
        """As it is committed."""
        self._leaving = asyncio.Event()
        self._stops = False
        self._reader: PageReader | None = None
        self._roles: Participants | None = None
        self._since_s = parts.clock.monotonic()
        self.task = asyncio.create_task(self._whole(), name=f"pull {service}")

    def stop(self) -> None:
        """Have it end as stopped, when the page at hand is committed."""
        self._stops = True
        self._leaving.set()

    def leave(self) -> None:
        """Have it end without a word: the next start goes on with it."""
        self._leaving.set()

    async def _whole(self) -> None:
        parts = self._parts
        state, reason = FINISHED, None
        try:
            async with parts.room:
                self._since_s = parts.clock.monotonic()
                await self._pages()
        except _Left:
            if not self._stops:
                return
            state = STOPPED
        except DipError as exc:
            state, reason = FAILED, exc.message
        except Exception:
            parts.log.exception("registration_pull_failed_unexpectedly", service=self._service)
            state, reason = FAILED, "Something went wrong here; it was logged."
        ended = msgspec.structs.replace(
            self.run, state=state, reason=reason, changed_at=microseconds(parts.clock.now())
        )
        try:
            await self._patiently(partial(parts.store.save_run, ended))
        except _Left:
            return
        self.run = ended
        parts.log.info(
            "registration_pull_ended",
            service=self._service,
            state=state,
            reason=reason,
            rows=ended.rows,
            rejected=ended.rejected,
        )

    async def _pages(self) -> None:
        """Every page that is left; from the first one again where the service does not know the cursor any more."""
        begun_anew = 0
        while True:
            try:
                async with self._parts.clients(self._service, self.run.source) as client:
                    await self._take_all(client)
            except RegistrationCursorTooOld:
                begun_anew += 1
                if begun_anew > self._parts.settings.registration_restarts:
                    raise
                self._parts.log.warning("registration_pull_begins_anew", service=self._service)
                await self._begin_anew()
            else:
                return

    async def _begin_anew(self) -> None:
        run, parts = self.run, self._parts
        beginning = partial(
            parts.store.begin_run,
            run.name,
            run.source,
            run.since,
            microseconds(parts.clock.now()),
            parts.settings.appointment_runs_kept,
            anew=True,
        )
        self.run = await self._patiently(beginning)

    async def _take_all(self, client: RegistrationServiceClient) -> None:
        """Commit page after page; while one is committed the next one is fetched."""
        since = read_wire_time(self.run.since) if self.run.since is not None else None
        pages = client.pages(cursor=PullPlace.of(self.run).cursor, since=since)
        fetching = asyncio.create_task(_following(pages))
        try:
            while (pulled := await self._unless_left(fetching)) is not None:
                # What the service said is not newer than its answer, whatever its clock says.
                now = microseconds(self._parts.clock.now())
                fetching = asyncio.create_task(_following(pages))
                await self._take(pulled.page, now)
        finally:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)
            await pages.aclose()

    async def _unless_left(self, fetching: "asyncio.Task[PulledPage | None]") -> PulledPage | None:
        leaving = asyncio.create_task(self._leaving.wait())
        try:
            await asyncio.wait((fetching, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
        if self._leaving.is_set():
            raise _Left
        return await fetching

    async def _take(self, page: RegistrationPage, now: int) -> None:
        parts, before, place = self._parts, self.run, PullPlace.of(self.run)
        if page.mpans and int(page.mpans[0].mpan) <= place.last:
            raise RegistrationServiceFailed(
                f"The registration service {self._service}: a page begins with an MPAN that does not come after the "
                "last one of the page before."
            )
        reader = self._page_reader()
        loop = asyncio.get_running_loop()
        read = await loop.run_in_executor(parts.executor, reader.read, page, before.rows + 1)
        stated_at = self._stated_at(page)
        as_of = min(now, microseconds(stated_at + parts.clock.offset))
        after = before

        def advance(merged: Merged) -> tuple[Run, Sequence[Rejection]]:
            nonlocal after
            faults = [*read.faults, *_overtaken(merged, page, before.rows + 1)]
            faults.sort(key=lambda fault: fault.line)
            after = self._advanced(page, read, merged, faults)
            after.as_of = before.as_of if before.as_of is not None else microseconds(stated_at)
            return after, parts.rejections.of(before, faults)

        await self._patiently(partial(parts.keeper.take_rows, read.rows, before, advance, as_of=as_of))
        self.run = after

    def _advanced(self, page: RegistrationPage, read: ReadRows, merged: Merged, faults: Sequence[RowFault]) -> Run:
        """The run with this page behind it."""
        before, place = self.run, PullPlace.of(self.run)
        now_s = self._parts.clock.monotonic()
        took_s, self._since_s = now_s - self._since_s, now_s
        reached = PullPlace(
            cursor=page.next,
            last=int(page.mpans[-1].mpan) if page.next is not None else NOBODY,
            mpans=place.mpans + len(page.mpans),
            seconds=round(place.seconds + took_s, 3),
            reasons=counted(place.reasons, faults),
        )
        return msgspec.structs.replace(
            before,
            state=RUNNING if page.next is not None else FINISHED,
            place=reached.written(),
            rows=before.rows + read.count,
            accepted=before.accepted + merged.accepted,
            unchanged=before.unchanged + merged.unchanged,
            rejected=before.rejected + read.count - merged.accepted,
            changed_at=microseconds(self._parts.clock.now()),
        )

    def _stated_at(self, page: RegistrationPage) -> datetime:
        """When the service read a page, by its own clock, which may be wrong; not later than now."""
        stated_at = read_wire_time(page.as_of) or moment(0)
        return max(moment(0), min(stated_at, self._parts.clock.wall()))

    def _page_reader(self) -> PageReader:
        """The one that judges by who takes part now."""
        participants = self._parts.participants.value
        if self._reader is None or self._roles is not participants:
            self._reader = PageReader(self._parts.store.holders, participants.roles_of)
            self._roles = participants
        return self._reader

    async def _patiently(self, doing: Callable[[], Awaitable[_Result]]) -> _Result:
        """What something gives that is committed, again and again while the store can't write. Raises _Left."""
        while True:
            try:
                return await doing()
            except StoreUnavailable:
                self._parts.log.error("registration_pull_waits", service=self._service)
            try:
                await asyncio.wait_for(self._leaving.wait(), _AGAIN_AFTER_S)
            except TimeoutError:
                continue
            raise _Left


async def _following(pages: AsyncIterator[PulledPage]) -> PulledPage | None:
    return await anext(pages, None)


def _overtaken(merged: Merged, page: RegistrationPage, first: int) -> Sequence[RowFault]:
    """The rows that stayed out because a message came later; each with the number of its MPAN's first row."""
    if not merged.stale:
        return ()
    stale, lines = frozenset(merged.stale), {}
    for stated in page.mpans:
        if int(stated.mpan) in stale:
            lines[int(stated.mpan)] = first
        first += len(stated.appointments)
    return [RowFault(lines[mpan], f"{mpan:013}", OVERTAKEN) for mpan in merged.stale]
