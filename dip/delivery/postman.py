"""What whoever hands messages out has in common."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor

import msgspec

from dip.delivery.caller import WebhookCaller
from dip.delivery.contents import Contents
from dip.delivery.delivery_faults import DeliveryFaults
from dip.delivery.endpoint import Endpoint
from dip.delivery.ledger import Ledger
from dip.delivery.outgoing import Bodies
from dip.ground.clock import Clock
from dip.ground.current import Current
from dip.ground.log import Log
from dip.ground.settings import Settings
from dip.ground.steps import UNWATCHED, Steps
from dip.participants.registry import Participants
from dip.reporting.metrics import Metrics
from dip.security.signing import Signer
from dip.store.protocol import MessageStore


class Postman(msgspec.Struct, frozen=True):
    """What every worker shares."""

    settings: Settings
    clock: Clock
    store: MessageStore
    contents: Contents
    participants: Current[Participants]
    signer: Signer
    caller: WebhookCaller
    executor: Executor
    ledger: Ledger
    metrics: Metrics
    wake: Callable[[Iterable[int]], None]
    holds: Callable[[str], bool]
    """Whether nothing of a channel is to be delivered now."""
    paused: Callable[[Endpoint, int], None]
    """An endpoint was paused after so many failures; with 0 it goes on."""
    log: Log
    steps: Steps = UNWATCHED
    faults: DeliveryFaults | None = None
    bodies: Bodies = msgspec.field(default_factory=Bodies)
