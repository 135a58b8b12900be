"""Faults on demand: which are switched on, whom they strike, how often they did (contract, faults)."""

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from dip.conformance.fault_kinds import KINDS, Group
from dip.ground.errors import BadRequest, NotFound, NotPermitted

PRODUCTION = "PRD"


class Subject(NamedTuple):
    """What a call carries: a message of a channel; event in square brackets, empty where it is not known."""

    channel: str
    event: str = ""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that is switched on, and how often it struck.

    participant, channel, event: only what is theirs; None for all. rate: the part of the calls, or of the messages,
    that it strikes; count: how many, then no more; it has one of the two. seconds, status: of the kinds that have them.
    """

    id: str
    kind: str
    participant: str | None = None
    channel: str | None = None
    event: str | None = None
    rate: float | None = None
    count: int | None = None
    seconds: float | None = None
    status: int | None = None
    struck: int = 0

    @property
    def group(self) -> Group:
        """What it strikes."""
        return KINDS[self.kind].group

    @property
    def spent(self) -> bool:
        """Whether it struck as often as it was to."""
        return self.count is not None and self.struck >= self.count

    def concerns(self, participant: str, subjects: Iterable[Subject]) -> bool:
        """Whether a call of or to the participant that carries this is one that it may strike."""
        if self.participant not in (None, participant):
            return False
        if self.channel is None and self.event is None:
            return True
        return any(
            self.channel in (None, subject.channel) and self.event in (None, subject.event) for subject in subjects
        )


class Faults:
    """The faults of a server, in memory; a restart clears them. In production there are none, and none can be added.

    The first of the list that concerns a call strikes it. The same seed and the same calls after a change of the
    list make the same ones strike.
    """

    def __init__(
        self, *, environment: str, seed: int, most: int, struck: Callable[[str], None] = lambda kind: None
    ) -> None:
        """most: how many there may be at once. struck: is told the kind of each strike."""
        self._environment = environment
        self._seed = seed
        self._most = most
        self._told = struck
        self._chance = random.Random(seed)  # noqa: S311 - decides on faults, keeps no secret
        self._faults: dict[str, Fault] = {}
        self._live: tuple[str, ...] = ()
        self._made = 0
        self._gone: dict[str, asyncio.Event] = {}
        self.active = False
        """Whether any of them may still strike."""

    def listed(self) -> Sequence[Fault]:
        """All of them, in the order in which they are asked. Raises NotPermitted in production."""
        self._permit()
        return list(self._faults.values())

    def replace(self, faults: Sequence[Fault]) -> None:
        """Have these and no others; one without an id gets one. Raises NotPermitted, BadRequest."""
        self._permit()
        self._room(len(faults))
        self.close()
        self._chance.seed(self._seed)
        self._faults, self._gone = {}, {}
        for fault in faults:
            self._put(fault)
        self._count_live()

    def add(self, fault: Fault) -> Fault:
        """Have one more, after the others; as it is kept. Raises NotPermitted, BadRequest."""
        self._permit()
        self._room(len(self._faults) + 1)
        kept = self._put(fault)
        self._count_live()
        return kept

    def remove(self, fault_id: str) -> None:
        """Have one less. Raises NotPermitted, NotFound."""
        self._permit()
        if self._faults.pop(fault_id, None) is None:
            raise NotFound("No fault has this id.")
        self._gone.pop(fault_id).set()
        self._count_live()

    def clear(self) -> None:
        """Have none, and let go of the calls that wait because of one. Raises NotPermitted."""
        self.replace(())

    def close(self) -> None:
        """Let go of every call that waits because of a fault."""
        for gone in self._gone.values():
            gone.set()

    async def pause(self, fault: Fault) -> None:
        """Wait as long as a fault that struck asks for, or until it is gone."""
        gone = self._gone.get(fault.id)
        if gone is None:
            return
        try:
            async with asyncio.timeout(fault.seconds or 0):
                await gone.wait()
        except TimeoutError:
            return

    def candidates(self, group: Group, participant: str, subjects: Sequence[Subject]) -> Iterator[Fault]:
        """Those that are to strike a call, or a message; it is struck by the first that can, with `strike`."""
        for fault_id in self._live:
            fault = self._faults[fault_id]
            if fault.group is not group or not fault.concerns(participant, subjects):
                continue
            if fault.rate is None or self._chance.random() < fault.rate:
                yield fault

    def strike(self, fault: Fault) -> None:
        """Count that it struck."""
        kept = self._faults.get(fault.id)
        if kept is not None:
            self._faults[fault.id] = msgspec.structs.replace(kept, struck=kept.struck + 1)
            self._count_live()
        self._told(fault.kind)

    def choose(self, group: Group, participant: str, subjects: Sequence[Subject]) -> Fault | None:
        """The fault that strikes a call, counted; None for no fault."""
        chosen = next(self.candidates(group, participant, subjects), None)
        if chosen is not None:
            self.strike(chosen)
        return chosen

    def _permit(self) -> None:
        if self._environment == PRODUCTION:
            raise NotPermitted(f"There are no faults on demand in {PRODUCTION}.")

    def _room(self, wanted: int) -> None:
        if wanted > self._most:
            raise BadRequest(f"/items: expected at most {self._most} faults at once.")

    def _put(self, fault: Fault) -> Fault:
        fault_id = fault.id
        while not fault_id or fault_id in self._faults:
            self._made += 1
            fault_id = f"fault-{self._made}"
        kept = msgspec.structs.replace(fault, id=fault_id, struck=0)
        self._faults[fault_id] = kept
        self._gone[fault_id] = asyncio.Event()
        return kept

    def _count_live(self) -> None:
        self._live = tuple(fault.id for fault in self._faults.values() if not fault.spent)
        self.active = bool(self._live)
