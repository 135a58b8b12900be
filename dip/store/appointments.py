"""The MPAN table in SQLite: one history for each MPAN, and the queue of what messages say of it (5.5.14)."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from dip.appointments.changes import Change
from dip.appointments.history import NOTHING, History
from dip.appointments.packing import Holder, unpack, unpack_standing
from dip.messages.identifiers import DipId, EventCode, InterfaceId, TransactionId
from dip.store.holders import HolderNumbers
from dip.store.queries import queries
from dip.store.records import Status
from dip.store.rows import insert_many
from dip.store.warming import warm
from dip.store.writer import Writer

_ROWS_OF_A_PAGE: Final = 1_000


class AppointmentUpdate(msgspec.Struct, frozen=True):
    """What a message says about the appointments of its MPANs. known_at: microsecond of its receipt."""

    message: int
    mpans: tuple[int, ...]
    changes: tuple[Change, ...]
    known_at: int


class FailedUpdate(msgspec.Struct, frozen=True):
    """An update that could not be applied, with its message."""

    update: AppointmentUpdate
    fault: str
    failed_at: int
    transaction_id: TransactionId
    interface: InterfaceId
    event: EventCode
    sender: DipId


class UpdateResult(msgspec.Struct, frozen=True):
    """What became of an update at a microsecond. fault: why it could not be applied, all or in part."""

    message: int
    at: int
    fault: str | None = None


class Run(msgspec.Struct, kw_only=True):
    """An import of a file, or a pull from a registration service, and how far it is.

    name: by which it is known again and goes on. place: where, as whoever runs it wrote. state: running, finished,
    failed or stopped. as_of, started_at, changed_at: microseconds. rows counts all that were read.
    """

    id: int
    name: str
    source: str
    state: str
    place: str | None
    since: str | None
    as_of: int | None
    rows: int = 0
    accepted: int = 0
    unchanged: int = 0
    rejected: int = 0
    started_at: int
    changed_at: int
    reason: str | None = None


class Rejection(msgspec.Struct, frozen=True):
    """A row that a run rejected. number: of the rejection within the run."""

    number: int
    line: int
    sealed_mpan: bytes
    reason: str


class SqliteAppointments:
    """AppointmentStore over SQLite.

    `history` and `standing` read on the event loop: a point read, microseconds. `packed` reads on a connection of
    its own, for whoever changes histories in a thread of its own; there is one such at a time.
    """

    def __init__(self, writer: Writer, reading: sqlite3.Connection, changing: sqlite3.Connection, file: Path) -> None:
        self._writer = writer
        self._file = file
        self._reading = reading
        self._changing = changing
        self.holders = HolderNumbers(reading)

    def warm(self) -> int:
        """Have the system read what leads to the MPANs, for whoever runs this in a thread; how many pages that were.

        After a start a look-up then waits for one page of the disk at most.
        """
        return warm(self._file, "mpan")

    def close(self) -> None:
        """Let go of the connections."""
        self._reading.close()
        self._changing.close()

    def history(self, mpan: int) -> History:
        """Everything known of an MPAN's appointments."""
        row = self._reading.execute(queries()["history"], (mpan,)).fetchone()
        return NOTHING if row is None else unpack(row[0], self.holders)

    def standing(self, mpan: int) -> Sequence[tuple[Holder, int, int]]:
        """The appointments that stand, past and future: holder, start and end in seconds; empty for an unknown MPAN."""
        row = self._reading.execute(queries()["history"], (mpan,)).fetchone()
        return () if row is None else list(unpack_standing(row[0], self.holders))

    def packed(self, mpans: Iterable[int]) -> dict[int, bytes]:
        """The packed histories of those of these MPANs that have one."""
        query, found = queries()["history"], {}
        for mpan in mpans:
            row = self._changing.execute(query, (mpan,)).fetchone()
            if row is not None:
                found[mpan] = row[0]
        return found

    async def save(
        self,
        histories: Sequence[tuple[int, bytes]],
        *,
        results: Sequence[UpdateResult] = (),
        run: Run | None = None,
        rejections: Sequence[Rejection] = (),
    ) -> None:
        """Commit packed histories, with what became of updates, or how far a run is. Raises StoreUnavailable."""
        holders = self.holders.unwritten()

        def job(connection: sqlite3.Connection) -> None:
            insert_many(connection, "add_holder", holders)
            connection.executemany(queries()["save_history"], histories)
            _settle(connection, results)
            if run is not None:
                _advance(connection, run, rejections)

        await self._writer.ask(job, weight=len(histories) or 1, what="appointments")
        self.holders.written(holders)

    def waiting_updates(self, after: int, limit: int) -> Sequence[AppointmentUpdate]:
        """Updates that wait, in order of receipt, behind a message."""
        rows = self._reading.execute(queries()["appointment_updates_waiting"], (after, limit))
        return [_update(row) for row in rows]

    def failed_updates(self, before: int, limit: int) -> Sequence[FailedUpdate]:
        """Updates that could not be applied, newest first, before a message."""
        rows = self._reading.execute(queries()["appointment_updates_failed"], (before, limit))
        return [FailedUpdate(_update(row[:4]), *row[4:]) for row in rows]

    def count_updates(self) -> tuple[int, int]:
        """How many updates wait, and how many could not be applied."""
        waiting, failed = self._reading.execute(queries()["count_appointment_updates"]).fetchone()
        return waiting, failed

    def failed_by_sender(self) -> Sequence[tuple[DipId, InterfaceId, EventCode, int]]:
        """How many of the newest thousand updates that could not be applied each sender has, by channel and event."""
        return list(self._reading.execute(queries()["appointment_updates_failed_by_sender"], (_ROWS_OF_A_PAGE,)))

    async def retry_update(self, message: int, known_at: int) -> bool:
        """Let an update that could not be applied wait again, as known from now on; whether there was one."""
        return await self._changed("retry_appointment_update", known_at, message)

    async def forget_update(self, message: int) -> bool:
        """Give up an update; whether there was one."""
        return await self._changed("forget_appointment_update", message)

    async def _changed(self, query: str, *values: int) -> bool:
        def job(connection: sqlite3.Connection) -> bool:
            return connection.execute(queries()[query], values).rowcount > 0

        return await self._writer.ask(job)

    async def begin_run(
        self, name: str, source: str, since: str | None, at: int, kept: int, *, anew: bool = False
    ) -> Run:
        """The run of that name: the one that was begun before and did not end, or a new one.

        kept: how many runs are remembered. A finished run of the same name is begun anew, and any with `anew`.
        """

        def job(connection: sqlite3.Connection) -> Run:
            row = connection.execute(queries()["appointment_run"], (name,)).fetchone()
            if row is not None and row[3] != "finished" and not anew:
                return _run(row)
            # The number is a new one, so that no rejection of the earlier run is taken for one of this run.
            number = connection.execute(queries()["last_appointment_run"]).fetchone()[0] + 1
            if row is not None:
                connection.execute("DELETE FROM appointment_run WHERE id = ?", (row[0],))
            run = Run(
                id=number,
                name=name,
                source=source,
                state="running",
                place=None,
                since=since,
                as_of=None,
                started_at=at,
                changed_at=at,
            )
            connection.execute(queries()["add_appointment_run"], (number, name, source, None, since, None, at, at))
            connection.execute(queries()["forget_appointment_runs"], (kept,))
            connection.execute(queries()["forget_appointment_rejections"])
            return run

        return await self._writer.ask(job)

    async def save_run(self, run: Run, rejections: Sequence[Rejection] = ()) -> None:
        """Commit how far a run is."""
        await self._writer.ask(lambda connection: _advance(connection, run, rejections))

    def run(self, name: str) -> Run | None:
        """The run of that name."""
        row = self._reading.execute(queries()["appointment_run"], (name,)).fetchone()
        return None if row is None else _run(row)

    def runs(self, limit: int) -> Sequence[Run]:
        """The newest runs."""
        return [_run(row) for row in self._reading.execute(queries()["appointment_runs"], (limit,))]

    def rejections(self, run: int, after: int = 0, limit: int = _ROWS_OF_A_PAGE) -> Sequence[Rejection]:
        """The rows that a run rejected, as far as they are kept, behind a number."""
        rows = self._reading.execute(queries()["appointment_rejections"], (run, after, limit))
        return [Rejection(*row) for row in rows]


def _settle(connection: sqlite3.Connection, results: Sequence[UpdateResult]) -> None:
    """Take what was applied out of the queue, mark what was not, and write both into the journal."""
    applied = [result for result in results if result.fault is None]
    if applied:
        messages = msgspec.json.encode([result.message for result in applied]).decode()
        connection.execute(queries()["forget_appointment_updates"], (messages,))
        connection.execute(queries()["journal_appointment_updates"], (messages, applied[0].at, Status.OK, None))
    for result in results:
        if result.fault is not None:
            connection.execute(queries()["fail_appointment_update"], (result.fault, result.at, result.message))
            journal = (f"[{result.message}]", result.at, Status.EXCEPTION, result.fault)
            connection.execute(queries()["journal_appointment_updates"], journal)


def _advance(connection: sqlite3.Connection, run: Run, rejections: Sequence[Rejection]) -> None:
    connection.execute(
        queries()["advance_appointment_run"],
        (
            run.id,
            run.state,
            run.place,
            run.as_of,
            run.rows,
            run.accepted,
            run.unchanged,
            run.rejected,
            run.changed_at,
            run.reason,
        ),
    )
    rows = [(run.id, one.number, one.line, one.sealed_mpan, one.reason) for one in rejections]
    connection.executemany(queries()["add_appointment_rejection"], rows)


def _update(row: Sequence[Any]) -> AppointmentUpdate:
    message, mpans, changes, known_at = row
    return AppointmentUpdate(
        message,
        msgspec.json.decode(mpans, type=tuple[int, ...]),
        msgspec.msgpack.decode(changes, type=tuple[Change, ...]),
        known_at,
    )


def _run(row: Sequence[Any]) -> Run:
    names = Run.__struct_fields__
    return Run(**dict(zip(names, row, strict=True)))
