"""The next call of an endpoint, made ready while the last one is under way (5.5.10)."""

import asyncio

from dip.delivery.logical_queue import Turn
from dip.delivery.outgoing import Outgoing
from dip.participants.registry import Participants


class Ahead:
    """Holds at most one call that is taken out of its queue already, and is being built and signed."""

    def __init__(self) -> None:
        self._held: tuple[Turn, asyncio.Task[Outgoing]] | None = None
        self._participants: Participants | None = None

    def put(self, turn: Turn, building: "asyncio.Task[Outgoing]", participants: Participants) -> None:
        """This comes next, made for these participants. Whatever was held must have been taken or dropped."""
        self._held, self._participants = (turn, building), participants

    def is_stale(self, participants: Participants) -> bool:
        """Whether participants, certificates or agents have changed since the last one was put."""
        return self._participants is not participants

    def take(self) -> "tuple[Turn, asyncio.Task[Outgoing]] | None":
        """What comes next; None where nothing was made ready."""
        held, self._held = self._held, None
        return held

    def drop(self) -> bool:
        """Let go of it, and say whether there was any: then its queue must be read again."""
        held = self.take()
        if held is not None:
            held[1].cancel()
        return held is not None
