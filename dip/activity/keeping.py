"""What of the activity log is old moves into files, and files that are older still are removed; on business time."""

import asyncio
import calendar
from collections.abc import Sequence
from datetime import UTC, datetime, time

from dip.activity.files import FileWriter, file_name, line_of
from dip.activity.packing import RecordUnreadable, unpack
from dip.ground.clock import Clock, microseconds
from dip.ground.errors import DipError
from dip.ground.log import Log
from dip.ground.rounds import make_rounds
from dip.ground.settings import Settings
from dip.store.activity import START, ActivityFile, ActivityReader, Head, SqliteActivity, StoredRecord, link


class ChainBroken(DipError):
    """A record of the activity log does not follow from the one before; `python run.py audit verify` names it."""

    code = "chain_broken"


class ActivityKeeping:
    """Moves whole days of the log into files, in small steps; a background task of the server.

    A file is on disk in full before it is noted, and noted before the first of its records is deleted: who dies
    between two lines leaves a file that is written again, or records that are deleted by the next one.
    """

    def __init__(
        self, *, settings: Settings, clock: Clock, store: SqliteActivity, reader: ActivityReader, log: Log
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._reader = reader
        self._log = log
        self._sweeping = asyncio.Lock()

    async def run(self) -> None:
        """Sweep now and then, until cancelled."""
        every_s = self._settings.retention_sweep_s
        await make_rounds(self._look, every_s=every_s, what="activity_archiving", log=self._log)

    async def sweep(self) -> None:
        """Move what is older than `activity_months`, and remove files `activity_archive_months` after that.

        Raises StoreUnavailable, OSError, ChainBroken: then nothing is deleted that does not stand in a file.
        """
        async with self._sweeping:
            await self._forget_filed()
            now, settings = self._clock.now(), self._settings
            # Whole days: a file for each, and not one a minute.
            before = datetime.combine(months_before(now, settings.activity_months).date(), time.min, UTC)
            while await self._move(microseconds(before)):
                await self._forget_filed()
            months = settings.activity_months + settings.activity_archive_months
            await self._remove(microseconds(months_before(now, months)))

    async def _look(self) -> None:
        try:
            await self.sweep()
        except ChainBroken as exc:
            self._log.error("activity_chain_broken", reason=exc.message)

    async def _move(self, before: int) -> bool:
        """Write the oldest records, made before a moment, to a file; whether there were any."""
        files = await asyncio.to_thread(self._reader.files)
        made = await asyncio.to_thread(self._write, files, before)
        if made is None:
            return False
        await self._store.add_file(made)
        self._log.info("activity_archived", file=made.name, records=made.last - made.first + 1)
        return True

    def _write(self, files: Sequence[ActivityFile], before: int) -> ActivityFile | None:
        """Runs in a thread of its own."""
        head = Head(files[-1].last, files[-1].last_at, files[-1].hash) if files else START
        rows = self._old(head.number + 1, before)
        if not rows:
            return None
        number = files[-1].number + 1 if files else 1
        name, first, first_at = file_name(number), rows[0].number, rows[0].at
        writer = FileWriter(self._reader.directory / name)
        try:
            while rows:
                for row in rows:
                    head = self._add(writer, row, head)
                room = self._settings.activity_file_records - (head.number - first + 1)
                rows = self._old(head.number + 1, before)[: max(0, room)]
            digest = writer.finish()
        except BaseException:
            writer.abandon()
            raise
        return ActivityFile(
            number=number,
            name=name,
            first=first,
            last=head.number,
            first_at=first_at,
            last_at=head.at,
            hash=head.hash,
            digest=digest,
        )

    def _old(self, first: int, before: int) -> list[StoredRecord]:
        return [row for row in self._reader.rows(first, self._settings.retention_step) if row.at < before]

    def _add(self, writer: FileWriter, row: StoredRecord, head: Head) -> Head:
        """A damaged record is never moved: it stays where the audit names it."""
        try:
            text = unpack(row.packed)
        except RecordUnreadable as exc:
            raise ChainBroken(f"Record {row.number} of the activity log can't be read.") from exc
        if row.number != head.number + 1 or link(head.hash, row.number, row.at, text) != row.hash:
            raise ChainBroken(f"Record {row.number} of the activity log does not follow from the one before.")
        writer.add(line_of(row.number, row.at, row.hash, text))
        return Head(row.number, row.at, row.hash)

    async def _forget_filed(self) -> None:
        limit = self._settings.retention_step
        while await self._store.forget_filed(limit) == limit:
            pass

    async def _remove(self, before: int) -> None:
        """Remove files whose last record was made before a moment; noted first, so that nobody misses them."""
        for file in await asyncio.to_thread(self._reader.files):
            if file.removed_at is None and file.last_at < before:
                await self._store.removed(file.number, microseconds(self._clock.now()))
                self._log.info("activity_file_removed", file=file.name)
            elif file.removed_at is None:
                break
            path = self._reader.directory / file.name
            if path.exists():
                await asyncio.to_thread(path.unlink, missing_ok=True)


def months_before(moment: datetime, months: int) -> datetime:
    """The same day of an earlier month, or its last one."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)
