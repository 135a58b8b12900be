"""What whoever hands messages out has in common."""

from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor

import msgspec

from dip.delivery.answers import Call
from dip.delivery.contents import Contents
from dip.delivery.delivery_faults import DeliveryFaults
from dip.delivery.endpoint import Endpoint
from dip.delivery.ledger import Ledger
from dip.delivery.outgoing import Bodies, Outgoing
from dip.delivery.renewing_caller import Caller
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.ground.steps import UNWATCHED, Steps
from dip.participants.registry import Participants
from dip.reporting.metrics import Metrics
from dip.security.signing import Signer
from dip.store.protocol import MessageStore


async def _nobody_is_told(endpoint: Endpoint, outgoing: Outgoing, call: Call, duration_us: int) -> None:
    """For who keeps no activity log."""


class Postman(msgspec.Struct, frozen=True):
    """What every worker shares."""

    settings: Settings
    clock: Clock
    store: MessageStore
    contents: Contents
    participants: Current[Participants]
    signer: Current[Signer]
    caller: Caller
    executor: Executor
    ledger: Ledger
    metrics: Metrics
    wake: Callable[[Iterable[int]], None]
    holds: Callable[[str], bool]
    """Whether nothing of a channel is to be delivered now."""
    paused: Callable[[Endpoint, int], None]
    """An endpoint was paused after so many failures; with 0 it goes on."""
    log: Log
    called: Callable[[Endpoint, Outgoing, Call, int], Awaitable[None]] = _nobody_is_told
    """Records a call to an endpoint: what was sent, what came of it, and how long it took, microseconds."""
    steps: Steps = UNWATCHED
    faults: DeliveryFaults | None = None
    bodies: Bodies = msgspec.field(default_factory=Bodies)
