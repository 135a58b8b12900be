"""The bulk import: a stream of CSV becomes appointments, group by group, and goes on after a crash (FS-35).

While one group is committed the next one is read, in a thread of its own; nothing is held but these two.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from concurrent.futures import Executor

import msgspec

from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.ground.errors import Conflict, NotFound, StoreUnavailable
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.participants.registry import Participants
from dip.registration.csv_stream import CsvStream, ImportRefused
from dip.registration.keeper import Keeper, Merged
from dip.registration.rejections import FaultPage, Rejections
from dip.registration.rows import ReadRows, RowFault, RowReader
from dip.store.appointments import Rejection, Run, SqliteAppointments

_READ_AT_ONCE = 256 * 1024
"""Bytes that are gathered before the thread that reads is asked."""
_MICROSECONDS = 1_000_000


class ImportOrder(msgspec.Struct, frozen=True):
    """What is imported. run: a name by which it can go on; None: one is made.

    from_line: the line of the whole file with which the body begins. is_packed: the body was said to be gzip.
    """

    run: str | None = None
    from_line: int = 1
    is_packed: bool = False


class Imported(msgspec.Struct, frozen=True):
    """What became of one body. accepted counts the rows that changed nothing, too; faults: the first rejected rows."""

    run: str
    lines: int
    accepted: int
    unchanged: int
    rejected: int
    faults: Sequence[RowFault]


class RunState(msgspec.Struct, frozen=True):
    """An import or a pull, and how far it is. source: where its rows come from, such as file.

    state: running; finished; failed, with its reason; stopped, by its caller or with the server: it can go on.
    lines: of the file that are dealt with, where it is an import; the next body begins with the one after them.
    """

    name: str
    source: str
    state: str
    lines: int | None
    rows: int
    accepted: int
    unchanged: int
    rejected: int
    started_at: int
    """Microseconds since 1970, as `changed_at`."""
    changed_at: int
    seconds: float
    reason: str | None


class Importing:
    """Takes bodies of CSV. So many at once as the settings say; others wait before they are read."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: SqliteAppointments,
        keeper: Keeper,
        rejections: Rejections,
        participants: Current[Participants],
        executor: Executor,
        clock: Clock,
        log: Log,
    ) -> None:
        """executor: reads rows."""
        self._settings = settings
        self._store = store
        self._keeper = keeper
        self._rejections = rejections
        self._participants = participants
        self._executor = executor
        self._clock = clock
        self._log = log
        self._room = asyncio.Semaphore(settings.appointment_imports_at_once)
        self._under_way: set[str] = set()

    async def take(self, body: AsyncIterable[bytes], order: ImportOrder) -> Imported:
        """Import a body; returns when everything is committed and the next look-up sees it.

        Raises ImportRefused: no CSV, or not to be unpacked; Conflict: the run is under way, or goes on at another line;
        StoreUnavailable; and what the body raises. What was committed before stays, and the run can go on.
        """
        name = order.run or f"import-{microseconds(self._clock.now())}-{secrets.token_hex(4)}"
        self._check(name, order.from_line)
        self._under_way.add(name)
        try:
            async with self._room:
                return await self._take(body, name, order)
        finally:
            self._under_way.discard(name)

    def runs(self, limit: int) -> Sequence[RunState]:
        """The newest imports and pulls."""
        return [self._state(run) for run in self._store.runs(limit)]

    def run(self, name: str, after: int, limit: int) -> tuple[RunState, FaultPage]:
        """A run, and the rows that it rejected, behind a number. Raises NotFound."""
        run = self._store.run(name)
        if run is None:
            raise NotFound("No import or pull has this name, or it was long ago.")
        return self._state(run), self._rejections.page(run.id, after, limit)

    def _check(self, name: str, from_line: int) -> None:
        if name in self._under_way:
            raise Conflict("run: an import of this name is under way.")
        run = self._store.run(name)
        if run is not None and run.source != "file":
            raise Conflict("run: a pull from a registration service has this name.")
        expected = 1 if run is None or run.state == "finished" else _lines(run) + 1
        if from_line != expected:
            raise Conflict(f"from_line: this run goes on at line {expected}, the body begins with line {from_line}.")

    async def _take(self, body: AsyncIterable[bytes], name: str, order: ImportOrder) -> Imported:
        reader = RowReader(self._store.holders, self._participants.value.roles_of)
        stream = CsvStream(
            reader,
            group_rows=self._settings.appointment_import_rows,
            first=order.from_line,
            is_packed=order.is_packed,
        )
        async with contextlib.aclosing(self._groups(body, stream)) as groups:
            # What is no CSV at all leaves no run behind.
            first = await anext(groups, None)
            run = await self._store.begin_run(
                name, "file", None, microseconds(self._clock.now()), self._settings.appointment_runs_kept
            )
            return await self._commit(_Intake(run, self._keeper, self._rejections, self._clock), first, groups)

    async def _commit(self, intake: "_Intake", first: ReadRows | None, groups: AsyncIterator[ReadRows]) -> Imported:
        state, reason = "stopped", None
        try:
            if first is not None:
                await intake.take(first)
                async for rows in groups:
                    await intake.take(rows)
            await intake.settled()
            state = "finished"
        except ImportRefused as exc:
            state, reason = "failed", exc.message
            raise
        finally:
            await asyncio.shield(self._end(intake, state, reason))
        return intake.imported

    async def _groups(self, body: AsyncIterable[bytes], stream: CsvStream) -> AsyncGenerator[ReadRows, None]:
        waiting = 0
        async for data in body:
            stream.feed(data)
            waiting += len(data)
            if waiting < _READ_AT_ONCE:
                continue
            waiting = 0
            while (rows := await self._read(stream, is_end=False)) is not None:
                yield rows
        while (rows := await self._read(stream, is_end=True)) is not None:
            yield rows

    async def _read(self, stream: CsvStream, *, is_end: bool) -> ReadRows | None:
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: stream.rows(is_end=is_end))

    async def _end(self, intake: "_Intake", state: str, reason: str | None) -> None:
        with contextlib.suppress(StoreUnavailable):
            await intake.settled()
        run = msgspec.structs.replace(
            intake.run, state=state, reason=reason, changed_at=microseconds(self._clock.now())
        )
        if state == "finished":
            await self._store.save_run(run)
        else:
            # The next start finds how far it came all the same.
            with contextlib.suppress(StoreUnavailable):
                await self._store.save_run(run)
        self._log.info("appointments_imported", state=state, rows=run.rows, rejected=run.rejected)

    def _state(self, run: Run) -> RunState:
        is_file = run.source == "file"
        # After a crash nobody wrote that it stopped.
        state = "stopped" if is_file and run.state == "running" and run.name not in self._under_way else run.state
        return RunState(
            name=run.name,
            source=run.source,
            state=state,
            lines=_lines(run) if is_file else None,
            rows=run.rows,
            accepted=run.accepted,
            unchanged=run.unchanged,
            rejected=run.rejected,
            started_at=run.started_at,
            changed_at=run.changed_at,
            seconds=max(0, run.changed_at - run.started_at) / _MICROSECONDS,
            reason=run.reason,
        )


class _Intake:
    """One body's groups on their way to the table: one is committed while the next one is read."""

    def __init__(self, run: Run, keeper: Keeper, rejections: Rejections, clock: Clock) -> None:
        self.run = msgspec.structs.replace(run, state="running", reason=None)
        self._before = run
        self._keeper = keeper
        self._rejections = rejections
        self._clock = clock
        self._faults: list[RowFault] = []
        self._committing: asyncio.Task[None] | None = None

    async def take(self, rows: ReadRows) -> None:
        """Have a group committed, behind the one before it."""
        await self.settled()
        self._committing = asyncio.create_task(self._commit(rows))

    async def settled(self) -> None:
        """Return when what was taken is committed; raises what went wrong with it."""
        committing = self._committing
        if committing is None:
            return
        try:
            await asyncio.shield(committing)
        finally:
            # Whoever is cancelled here has it waited for again, lest an older state is written over its own.
            if committing.done():
                self._committing = None

    @property
    def imported(self) -> Imported:
        """What became of the body so far."""
        run, before = self.run, self._before
        return Imported(
            run=run.name,
            lines=_lines(run),
            accepted=run.accepted - before.accepted,
            unchanged=run.unchanged - before.unchanged,
            rejected=run.rejected - before.rejected,
            faults=self._faults,
        )

    async def _commit(self, read: ReadRows) -> None:
        after = self.run

        def advance(merged: Merged) -> tuple[Run, Sequence[Rejection]]:
            nonlocal after
            before = self.run
            after = msgspec.structs.replace(
                before,
                place=str(_lines(before) + read.lines),
                rows=before.rows + read.count,
                accepted=before.accepted + merged.accepted,
                unchanged=before.unchanged + merged.unchanged,
                # Also rows of MPANs that have more changes than can be kept.
                rejected=before.rejected + read.count - merged.accepted,
                changed_at=microseconds(self._clock.now()),
            )
            return after, self._rejections.of(before, read.faults)

        await self._keeper.take_rows(read.rows, self.run, advance)
        self._faults += read.faults[: self._rejections.kept - len(self._faults)]
        self.run = after


def _lines(run: Run) -> int:
    return int(run.place or 0)
