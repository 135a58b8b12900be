"""Flow reports: the runs of a business flow, found page by page in what is stored (5.11.3, FS-53)."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import Final

import msgspec

from dip.channels.flow import Flow
from dip.ground.errors import DipError
from dip.messages.envelope import Envelope
from dip.messages.identifiers import DipId
from dip.reporting.flow_matrix import FlowRow, RunState, row_of
from dip.reporting.flow_responses import asking, response_of
from dip.reporting.flow_runs import Run, runs_of, start_kinds, telling_interfaces
from dip.store.page_records import MessageFilter, Parties
from dip.store.pages import SqlitePages
from dip.store.trail_records import FlowMessage
from dip.store.trails import NO_KEY

Opener = Callable[[str, bytes], Envelope]
"""Opens what the archive sealed, by transaction id. Raises SealBroken."""
_AT_ONCE: Final = 60
_LARGEST_ANSWER: Final = 64 * 1024
"""A message that answers a request is small; one that is larger is not opened."""


class FlowWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs: all that is given has to fit.

    since, until: when they began, until exclusive. mpan: as typed, mpan_digest: as it is kept. participant: who sent or
    got a message of them. before: only starts below this number. parties: whose messages may be seen; None: all.
    """

    since: datetime | None = None
    until: datetime | None = None
    mpan: str | None = None
    mpan_digest: bytes | None = None
    correlation: str | None = None
    participant: DipId | None = None
    state: RunState | None = None
    parties: Parties = None
    before: int | None = None
    limit: int = 50


class FlowPage(msgspec.Struct, frozen=True):
    """Runs, newest first, and the key from which to go on; where it looked far enough there may be few, or none."""

    rows: list[FlowRow]
    following: int | None


class FlowReports:
    """Puts pages of flow reports together.

    window: how long an MPAN ties messages to a start; scan: messages looked at for one page at most.
    """

    def __init__(self, *, pages: SqlitePages, opened: Opener, executor: Executor, window: timedelta, scan: int) -> None:
        self._pages = pages
        self._opened = opened
        self._executor = executor
        self._window = window
        self._scan = scan

    async def page(self, flow: Flow, wanted: FlowWanted) -> FlowPage:
        """One page of a flow's report."""
        first = 0 if wanted.since is None else await self._pages.first_received_from(wanted.since) or 0
        before = NO_KEY if wanted.before is None else wanted.before
        if wanted.until is not None:
            last = await self._pages.first_received_from(wanted.until)
            before = before if last is None else min(before, last)
        rows: list[FlowRow] = []
        looked = 0
        while looked < self._scan:
            numbers = await self._candidates(flow, wanted, first, before)
            looked += len(numbers)
            for number, run, responses in await self._runs(flow, wanted, numbers):
                row = row_of(flow, run, responses, mpan=wanted.mpan, sees_all=wanted.parties is None)
                if _fits(row, run, wanted):
                    rows.append(row)
                if len(rows) == wanted.limit:
                    return FlowPage(rows, number)
            if len(numbers) < _AT_ONCE:
                return FlowPage(rows, None)
            before = numbers[-1]
        return FlowPage(rows, before)

    async def _candidates(self, flow: Flow, wanted: FlowWanted, first: int, before: int) -> list[int]:
        """Numbers of the newest messages that may stand for a run, at most _AT_ONCE."""
        interfaces = self._interfaces(flow, wanted)
        pages = self._pages
        parties = wanted.parties
        if parties is None and wanted.participant is not None:
            parties = frozenset({wanted.participant})
        narrowed = MessageFilter(
            mpan_digest=wanted.mpan_digest,
            correlation_id=wanted.correlation,
            parties=parties,
            before=before,
            limit=_AT_ONCE,
        )
        if parties is None and wanted.mpan_digest is None and wanted.correlation is None:
            return await pages.trails.of_interfaces(interfaces, first=first, before=before, limit=_AT_ONCE)
        found = [
            number
            for interface in interfaces
            for number in await pages.numbers(msgspec.structs.replace(narrowed, interface=interface))
        ]
        return sorted((number for number in found if number >= first), reverse=True)[:_AT_ONCE]

    def _interfaces(self, flow: Flow, wanted: FlowWanted) -> Sequence[str]:
        """Who sees everything looks for starts; who does not, or knows a workflow alone, may know a run by others."""
        if wanted.parties is None and wanted.correlation is None and wanted.participant is None:
            return sorted({interface for interface, _ in start_kinds(flow)})
        return sorted(telling_interfaces(flow))

    async def _runs(
        self, flow: Flow, wanted: FlowWanted, numbers: Sequence[int]
    ) -> list[tuple[int, Run, Mapping[int, str]]]:
        """The runs for which these messages stand, each once: for the first of those that may stand for it."""
        interfaces = {step.interface for step in flow.messages()}
        trails = self._pages.trails
        asked = await trails.flow_messages(numbers, interfaces, wanted.parties)
        around = await trails.around(
            (one.mpan_digest, one.id) for one in asked if one.mpan_digest is not None and _ties_by_mpan(flow)
        )
        near = await trails.flow_messages({*around, *numbers}, interfaces, wanted.parties)
        workflows = {one.correlation_id for one in near if one.correlation_id is not None}
        mates = await trails.of_correlations(workflows)
        pool = await trails.flow_messages({*mates, *around, *numbers}, interfaces, wanted.parties)
        responses = await self._responses(flow, pool)
        loop = asyncio.get_running_loop()
        by_message = await loop.run_in_executor(self._executor, _by_message, flow, pool, self._window)
        standing = await self._standing(flow, wanted, pool)
        first_of: dict[int, int] = {}
        for message, run in by_message.items():
            if message in standing:
                first_of[run.start.id] = min(message, first_of.get(run.start.id, message))
        return [
            (number, by_message[number], responses)
            for number in numbers
            if number in by_message and first_of.get(by_message[number].start.id) == number
        ]

    async def _standing(self, flow: Flow, wanted: FlowWanted, pool: Sequence[FlowMessage]) -> frozenset[int]:
        """The messages of the pool by which `_candidates` would have found their runs."""
        kinds, interfaces = start_kinds(flow), frozenset(self._interfaces(flow, wanted))
        by_start = interfaces == {interface for interface, _ in kinds}
        known = pool
        if wanted.parties is None and wanted.participant is not None:
            numbers = [one.id for one in pool]
            known = await self._pages.trails.flow_messages(numbers, interfaces, frozenset({wanted.participant}))
        return frozenset(
            one.id
            for one in known
            if one.known
            and one.interface in interfaces
            and (not by_start or (one.interface, one.event) in kinds)
            and (wanted.mpan_digest is None or one.mpan_digest == wanted.mpan_digest)
            and (wanted.correlation is None or one.correlation_id == wanted.correlation)
        )

    async def _responses(self, flow: Flow, pool: Iterable[FlowMessage]) -> Mapping[int, str]:
        """Response codes of the known messages of the pool, where a stage depends on them."""
        channels = asking(flow)
        asked = {one.id: one.interface for one in pool if one.known and one.interface in channels}
        if not asked:
            return {}
        sealed = await self._pages.trails.sealed(asked, most_bytes=_LARGEST_ANSWER)

        def read() -> dict[int, str]:
            codes = {}
            for number, (transaction_id, content) in sealed.items():
                try:
                    code = response_of(flow, asked[number], self._opened(transaction_id, content))
                except DipError:
                    continue
                if code is not None:
                    codes[number] = code
            return codes

        return await asyncio.get_running_loop().run_in_executor(self._executor, read)


def _ties_by_mpan(flow: Flow) -> bool:
    return len(flow.links) != 1 or flow.links[0].by in ("mpan", "envelope") or flow.links[0].optional


def _by_message(flow: Flow, pool: Iterable[FlowMessage], window: timedelta) -> dict[int, Run]:
    """Each message's run. MPANs apart, with what shares a workflow with them: no run is of two."""
    groups: defaultdict[bytes | str, list[FlowMessage]] = defaultdict(list)
    homes: dict[str, bytes | str] = {}
    for one in pool:
        if one.correlation_id is not None and one.mpan_digest is not None:
            homes.setdefault(one.correlation_id, one.mpan_digest)
    for one in pool:
        alone = one.correlation_id or str(one.id)
        groups[one.mpan_digest or homes.get(alone) or alone].append(one)
    return {
        message.id: run
        for messages in groups.values()
        for run in runs_of(flow, messages, window)
        for message in run.messages
    }


def _fits(row: FlowRow, run: Run, wanted: FlowWanted) -> bool:
    known = [one for one in run.messages if one.known]
    if not known or (wanted.state is not None and row.state is not wanted.state):
        return False
    if wanted.parties is not None and wanted.participant is not None and wanted.participant not in wanted.parties:
        return any(one.sender == wanted.participant for one in known)
    return True
