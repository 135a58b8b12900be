"""A run of a business flow as a row of stages, in one lane or in several side by side (5.11.3, figure 15)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from dip.channels.flow import Choice, Flow, MessageStep, Step
from dip.messages.identifiers import CorrelationId, DipId, EventCode, InterfaceId, RoleCode, TransactionId
from dip.reporting.flow_runs import Run
from dip.store.trail_records import FlowMessage


class StageState(StrEnum):
    """How a stage stands. unseen: passed over, as far as the visitor's own messages tell."""

    REACHED = "reached"
    FAILED = "failed"
    OPEN = "open"
    SKIPPED = "skipped"
    UNSEEN = "unseen"


class RunState(StrEnum):
    """How a run stands. stopped: at a stage behind which the flow does not go on, such as a rejection."""

    OPEN = "open"
    COMPLETE = "complete"
    STOPPED = "stopped"
    FAILED = "failed"


class StageMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The message that reached a stage."""

    at: datetime
    interface: InterfaceId
    event: EventCode
    by: DipId
    role: RoleCode
    transaction_id: TransactionId
    response: str | None


class StageCell(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A stage of a run in a lane; lane None: the same for all of them. ends: the flow does not go on behind it."""

    stage: str
    lane: str | None
    state: StageState
    ends: bool = False
    optional: bool = False
    message: StageMessage | None = None
    again: int = 0
    """How many more messages came for it."""


class FlowRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A run of a flow. id: the number of its first message; mpan: only where it was searched for."""

    id: int
    started_at: datetime
    state: RunState
    correlation_ids: tuple[CorrelationId, ...]
    participants: tuple[DipId, ...]
    mpan: str | None
    cells: tuple[StageCell, ...]

    def of_stage(self, stage: str) -> Sequence[StageCell]:
        """The cells of one column, a cell for each lane, or one for all."""
        return [cell for cell in self.cells if cell.stage == stage]

    @property
    def lanes(self) -> Sequence[str]:
        """The lanes that the row has."""
        return tuple(dict.fromkeys(cell.lane for cell in self.cells if cell.lane is not None))


def row_of(
    flow: Flow, run: Run, responses: Mapping[int, str], *, mpan: str | None = None, sees_all: bool = True
) -> FlowRow:
    """The row of a run, from the messages that are known to who asks.

    responses: response codes by message number. sees_all: False where some messages may be others' affairs.
    """
    known = [one for one in run.messages if one.known]
    every = [_Lane(flow, lane, known, responses) for lane in flow.lanes or (None,)]
    drawn = [lane for lane in every if lane.is_begun] or every
    shared = {stage for stage in flow.stages() if _is_shared(flow, stage)}
    cells = [
        lane.cell(stage, is_shared=stage in shared, sees_all=sees_all)
        for stage in flow.stages()
        for lane in (drawn[:1] if stage in shared else drawn)
    ]
    return FlowRow(
        id=run.start.id,
        started_at=known[0].received_at if known else run.start.received_at,
        state=_state(cells),
        correlation_ids=tuple(dict.fromkeys(one.correlation_id for one in known if one.correlation_id is not None)),
        participants=tuple(dict.fromkeys(one.sender for one in known)),
        mpan=mpan,
        cells=tuple(cells),
    )


def _state(cells: Sequence[StageCell]) -> RunState:
    if any(cell.state is StageState.FAILED for cell in cells):
        return RunState.FAILED
    if any(cell.ends and cell.state is StageState.REACHED for cell in cells):
        return RunState.STOPPED
    waits = any(cell.state is StageState.OPEN and not cell.optional for cell in cells)
    return RunState.OPEN if waits else RunState.COMPLETE


def _is_shared(flow: Flow, stage: str) -> bool:
    return all(way.lane is None for step in flow.messages() if step.stage == stage for way in step.ways)


class _Lane:
    """What the messages of a run make of the stages in one lane."""

    def __init__(
        self, flow: Flow, lane: str | None, messages: Sequence[FlowMessage], responses: Mapping[int, str]
    ) -> None:
        self._lane = lane
        self._responses = responses
        self._messages = messages
        self._order = {stage: place for place, stage in enumerate(flow.stages())}
        self._optional = dict.fromkeys(self._order, True)
        self._found: dict[str, list[FlowMessage]] = {}
        self._ends: set[str] = set()
        self._closed: set[str] = set()
        self.is_begun = False
        for step in flow.messages():
            self._optional[step.stage] &= step.optional
            found = self._of_step(step)
            if found:
                self._found.setdefault(step.stage, []).extend(found)
                self.is_begun |= any(way.lane == lane and lane is not None for way in step.ways)
        self._over = self._walk(flow.steps)
        self._last = max((self._order[stage] for stage in self._found), default=-1)

    def cell(self, stage: str, *, is_shared: bool, sees_all: bool) -> StageCell:
        found = sorted(self._found.get(stage, ()), key=lambda one: one.id)
        message = found[0] if found else None
        return StageCell(
            stage=stage,
            lane=None if is_shared else self._lane,
            state=self._state(stage, message, sees_all),
            ends=stage in self._ends and message is not None,
            optional=self._optional[stage],
            message=None if message is None else self._told(message),
            again=max(0, len(found) - 1),
        )

    def _state(self, stage: str, message: FlowMessage | None, sees_all: bool) -> StageState:
        if message is not None:
            return StageState.FAILED if message.lost or message.to_nobody else StageState.REACHED
        if stage in self._closed or self._over:
            return StageState.SKIPPED
        if self._order[stage] < self._last:
            return StageState.SKIPPED if sees_all else StageState.UNSEEN
        return StageState.OPEN

    def _told(self, message: FlowMessage) -> StageMessage:
        return StageMessage(
            at=message.received_at,
            interface=message.interface,
            event=message.event,
            by=message.sender,
            role=message.sender_role,
            transaction_id=message.transaction_id,
            response=self._responses.get(message.id),
        )

    def _of_step(self, step: MessageStep) -> list[FlowMessage]:
        events = {code for way in step.ways if way.lane in (None, self._lane) for code in way.events}
        return [
            one
            for one in self._messages
            if one.interface == step.interface
            and one.event in events
            and (step.response is None or self._responses.get(one.id) == step.response)
        ]

    def _walk(self, steps: Sequence[Step]) -> bool:
        """Close the branches that were not gone; whether the lane came to an end before the flow's own."""
        over = False
        for step in steps:
            if not isinstance(step, Choice):
                continue
            gone = [branch for branch in step.branches if self._reaches(branch.steps)]
            for branch in step.branches:
                if branch in gone:
                    over |= self._walk(branch.steps)
                    if branch.ends:
                        self._ends |= _stages(branch.steps)
                elif gone:
                    # What another branch reaches as well stays as it is.
                    self._closed |= _stages(branch.steps) - {stage for one in gone for stage in _stages(one.steps)}
            over |= bool(gone) and all(branch.ends for branch in gone)
        return over

    def _reaches(self, steps: Sequence[Step]) -> bool:
        return any(stage in self._found for stage in _stages(steps))


def _stages(steps: Sequence[Step]) -> set[str]:
    found: set[str] = set()
    for step in steps:
        if isinstance(step, Choice):
            for branch in step.branches:
                found |= _stages(branch.steps)
        else:
            found.add(step.stage)
    return found
