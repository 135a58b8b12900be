"""Deliveries handed on as they are committed, so that a queue that has caught up need not read them (5.5.10)."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

from dip.store.records import Waiting

MOST: Final = 5000
"""Deliveries held in memory for one endpoint; beyond, they are read from the store when their turn comes."""


class Fresh:
    """What a queue has in memory behind what it read: without a gap, or not at all.

    A lane's sequence numbers have no gaps, so a number shows whether anything is missing between what was read or
    held so far and what is offered.
    """

    def __init__(self) -> None:
        self._held: deque[Waiting] = deque()
        self._next: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def read(self, batch: Sequence[Waiting]) -> None:
        """These were read from the store."""
        for waiting in batch:
            self._next[waiting.lane] = max(self._next.get(waiting.lane, 1), waiting.sequence + 1)

    def take_in(self, offered: Sequence[Waiting]) -> bool:
        """Whether these, of one lane and in order, follow on what is known of it; if not, all is let go."""
        first, last = offered[0], offered[-1]
        follows = self._next.get(first.lane, 1) == first.sequence
        if not follows or last.sequence - first.sequence + 1 != len(offered) or len(self._held) + len(offered) > MOST:
            self.clear()
            return False
        self._held.extend(offered)
        self._next[last.lane] = last.sequence + 1
        return True

    def take_out(self, count: int) -> Sequence[Waiting]:
        """At most so many, in order."""
        held = self._held
        return [held.popleft() for _ in range(min(count, len(held)))]

    def put_back(self, rest: Sequence[Waiting]) -> None:
        """These were taken out and found no room."""
        self._held.extendleft(reversed(rest))

    def lanes(self) -> Iterable[int]:
        """The lanes of what is held, and perhaps others that were read lately."""
        return self._next.keys()

    def clear(self) -> None:
        """Hold nothing, and know nothing of what was."""
        self._held.clear()
        self._next.clear()
