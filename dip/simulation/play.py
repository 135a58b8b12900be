"""What a play is: who takes part, who begins, who answers what, and who should hear it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from dip.client import Received
from dip.messages.identifiers import DipId, EventCode, InterfaceId
from dip.simulation.line import Line


class Receipt(NamedTuple):
    """That a participant receives an event."""

    interface: InterfaceId
    event: EventCode
    recipient: DipId

    def __str__(self) -> str:
        return f"{self.interface} {self.event} at {self.recipient}"


class Play(Protocol):
    """A process of the market, in which each message but the first answers one that was received."""

    @property
    def title(self) -> str:
        """What happens, in a few words."""
        ...

    @property
    def cast(self) -> Sequence[DipId]:
        """Everybody who takes part; the first one begins."""
        ...

    @property
    def metering_point(self) -> Mapping[str, Any]:
        """Block M0 of every message: MPAN, distributor, GSP group."""
        ...

    @property
    def expected(self) -> frozenset[Receipt]:
        """All receipts of a play that succeeds; nothing else may arrive."""
        ...

    def opening(self) -> Line:
        """The first message."""
        ...

    def answers(self, actor: DipId, received: Received) -> Sequence[Line]:
        """What this participant sends when it has received this, in order."""
        ...
