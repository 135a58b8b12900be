"""The one who changes the MPAN table: by rows of imports and pulls, by what messages say, in turns (5.5.14)."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor

import msgspec

from dip.appointments.changes import Change, Kind, amend
from dip.appointments.history import NOTHING, OPEN, Knowledge
from dip.appointments.packing import Packable, append, is_imported, pack, pack_first, stands, unpack
from dip.ground.clock import Clock, microseconds
from dip.ground.current import Current
from dip.messages.identifiers import Mpan
from dip.participants.registry import Participants
from dip.registration.reading import role_of
from dip.store.appointments import AppointmentUpdate, Rejection, Run, SqliteAppointments, UpdateResult
from dip.store.holders import TooManyHolders

Rows = Mapping[int, Sequence[Packable]]
"""By MPAN: holder's number, start and end in seconds since 1970 UTC (OPEN where it has none), in order of the file."""


class Merged(msgspec.Struct, frozen=True):
    """What became of rows. stale: MPANs of rows that a message has overtaken, once for each row."""

    histories: Sequence[tuple[int, bytes]]
    accepted: int
    unchanged: int
    stale: Sequence[int]


class Keeper:
    """Changes histories in a thread of its own and has them committed; the look-up reads anew what changed."""

    def __init__(
        self,
        *,
        store: SqliteAppointments,
        executor: Executor,
        clock: Clock,
        participants: Current[Participants],
        changed: Callable[[Iterable[Mpan]], None],
    ) -> None:
        """executor: of one thread. changed: told of MPANs whose appointments have changed."""
        self._store = store
        self._executor = executor
        self._clock = clock
        self._participants = participants
        self._changed = changed
        self.turn = asyncio.Lock()
        """Who has it changes the table alone: rows and updates take turns."""

    async def warm(self) -> None:
        """Make the first look-ups after a start quick; for the background."""
        await asyncio.to_thread(self._store.warm)

    async def take_rows(
        self,
        rows: Rows,
        run: Run,
        advance: Callable[[Merged], tuple[Run, Sequence[Rejection]]],
        *,
        as_of: int | None = None,
    ) -> Merged:
        """Commit rows of a run, and with them how far it is. Raises StoreUnavailable; then nothing of them is kept.

        as_of: the microsecond at which a registration service read them; what a message said later stands.
        advance: makes of what became of the rows the run as it is then, and what it rejected.
        """
        async with self.turn:
            knowledge = Knowledge(microseconds(self._clock.now()), run=run.id)
            loop = asyncio.get_running_loop()
            merged = await loop.run_in_executor(self._executor, self._merge, rows, knowledge, as_of)
            after, rejections = advance(merged)
            await self._store.save(merged.histories, run=after, rejections=rejections)
            self._changed(Mpan(f"{mpan:013}") for mpan, _ in merged.histories)
            return merged

    async def apply(self, updates: Sequence[AppointmentUpdate]) -> Sequence[UpdateResult]:
        """Commit what messages say, in this order, with what became of each. Raises StoreUnavailable."""
        async with self.turn:
            loop = asyncio.get_running_loop()
            histories, faults = await loop.run_in_executor(self._executor, self._apply, updates)
            at = microseconds(self._clock.now())
            results = [UpdateResult(update.message, at, fault) for update, fault in zip(updates, faults, strict=True)]
            await self._store.save(histories, results=results)
            return results

    async def refuse(self, update: AppointmentUpdate, fault: str) -> UpdateResult:
        """Commit that an update can't be applied. Raises StoreUnavailable."""
        result = UpdateResult(update.message, microseconds(self._clock.now()), fault)
        await self._store.save((), results=[result])
        return result

    def _merge(self, rows: Rows, knowledge: Knowledge, as_of: int | None) -> Merged:
        known = self._store.packed(rows)
        histories: list[tuple[int, bytes]] = []
        accepted = unchanged = 0
        stale: list[int] = []
        for mpan in sorted(rows):
            mine = rows[mpan]
            packed = known.get(mpan)
            quick = self._quickly(packed, self._simple(mine), knowledge, as_of)
            if quick is not None:
                accepted += len(mine)
                if quick is packed:
                    unchanged += len(mine)
                else:
                    histories.append((mpan, quick))
                continue
            history = unpack(packed, self._store.holders) if packed is not None else NOTHING
            changes: list[Change] = []
            for number, starts, ends in mine:
                role, dip_id = self._store.holders.named(number)
                if as_of is not None and any(
                    row.role == role and _said_by_message(history.knowledge[row.known], as_of) for row in history.rows
                ):
                    stale.append(mpan)
                    continue
                changes.append(Change(Kind.APPOINT, starts, (role,), role, dip_id, ends))
            amended = amend(history, changes, knowledge)
            accepted += len(changes)
            unchanged += amended.idle if amended.is_new else len(changes)
            if amended.is_new:
                histories.append((mpan, pack(amended.history, self._store.holders)))
        return Merged(histories, accepted, unchanged, stale)

    def _quickly(
        self, packed: bytes | None, rows: Sequence[Packable] | None, knowledge: Knowledge, as_of: int | None
    ) -> bytes | None:
        """The history with these rows, where that can be told without unpacking it: for most rows of most files.

        The rows are the MPAN's first, or stand in it already, or are of roles that nobody in it has; None otherwise.
        """
        if rows is None:
            return None
        if packed is None:
            return pack_first(rows, knowledge)
        if stands(packed, rows) and (as_of is None or is_imported(packed)):
            return packed
        named = self._store.holders.named
        roles = {named(number)[0] for number, _, _ in rows}
        return append(packed, rows, knowledge, lambda number: named(number)[0] in roles)

    def _simple(self, rows: Sequence[Packable]) -> Sequence[Packable] | None:
        """The rows as an MPAN without a history takes them, in order; None where the file's order counts."""
        named = self._store.holders.named
        ordered = sorted([(named(number)[0], starts, ends, number) for number, starts, ends in rows])
        found: list[tuple[int, str, int, int]] = []
        role, end = "", 0
        for row_role, starts, ends, number in ordered:
            if row_role == role:
                if end == OPEN == ends and starts > found[-1][0]:
                    before = found[-1]
                    found[-1] = (before[0], before[1], starts, before[3])
                elif starts < end:
                    return None
            found.append((starts, row_role, ends, number))
            role, end = row_role, ends
        found.sort()
        return [(number, starts, ends) for starts, _, ends, number in found]

    def _apply(self, updates: Sequence[AppointmentUpdate]) -> tuple[list[tuple[int, bytes]], list[str | None]]:
        holders = self._store.holders
        packed = self._store.packed({mpan for update in updates for mpan in update.mpans})
        histories = {mpan: unpack(found, holders) for mpan, found in packed.items()}
        changed: dict[int, bytes] = {}
        faults: list[str | None] = []
        for update in updates:
            said: list[str] = []
            changes = [self._resolved(change) for change in update.changes]
            for mpan in update.mpans:
                knowledge = Knowledge(update.known_at, update.message)
                amended = amend(histories.get(mpan, NOTHING), changes, knowledge)
                said.extend(amended.faults)
                if amended.is_new:
                    try:
                        changed[mpan] = pack(amended.history, holders)
                    except TooManyHolders as refused:
                        said.append(refused.message)
                    else:
                        histories[mpan] = amended.history
            faults.append("; ".join(dict.fromkeys(said)) or None)
        return list(changed.items()), faults

    def _resolved(self, change: Change) -> Change:
        """A change whose party was no participant when its message came may be one by now."""
        if change.role is not None or change.party is None:
            return change
        return msgspec.structs.replace(
            change, role=role_of(change.among, change.party, self._participants.value.roles_of)
        )


def _said_by_message(knowledge: Knowledge, as_of: int) -> bool:
    return knowledge.message is not None and knowledge.at > as_of
