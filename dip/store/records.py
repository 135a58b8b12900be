"""What goes into the store and comes out of it. Moments are microseconds since 1970 UTC."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final

import msgspec

from dip.appointments.changes import Change
from dip.messages.identifiers import DIP, CorrelationId, DipId, EventCode, InterfaceId, RoleCode, TransactionId
from dip.store.publication_records import NewPublication

STATUS_CHANNEL = "statusmessage"
"""The channel name of status messages: they never mix with the business channels."""
ALL_CHANNELS = "all"
"""The channel name of a webhook for every channel that has none of its own."""


NO_CHANNEL = "none"
"""Stands for the channel of what is refused and names none that is served, or came to the address of several."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    LEASED = "leased"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    DEAD = "dead"
    WITHDRAWN = "withdrawn"


class Stage(StrEnum):
    """The stages of a message's journal (live API 2.2.1, DIPStage)."""

    INBOUND = "Inbound"
    MPAN_UPDATE_QUEUE = "MPANUpdateQueue"
    ADDRESSING = "Addressing"
    OUTBOUND = "Outbound"
    STATUS_MESSAGE = "StatusMessage"


def stage_of(*, for_status: bool) -> Stage:
    """The stage in which a delivery's journal is kept: of a status message, or of a business channel's message."""
    return Stage.STATUS_MESSAGE if for_status else Stage.OUTBOUND


class Status(StrEnum):
    """How a stage ended (live API 2.2.1, Status, and four of our own)."""

    GOOD_TO_GO = "GoodToGo"
    INBOUND_RULE_FAILURE = "InboundRuleFailure"
    INTERNAL_SERVER_ERROR = "InternalServerError"
    EXCEPTION = "Exception"
    OK = "OK"
    SENT_TO_TOPIC = "SentToTopic"
    FAILED = "Failed"
    DELIVERED = "Delivered"
    DELIVERY_FAILURE = "DeliveryFailure"
    REJECTED_BY_RECIPIENT = "RejectedByRecipient"
    RETRYING = "Retrying"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    UNKNOWN_DELIVERY_STATUS = "UnknownDeliveryStatus"
    PAUSED = "Paused"
    LEASED = "Leased"
    """Our own: handed out by pull or stream; its acknowledgement is awaited."""
    REQUEUED = "Requeued"
    """Our own: what was given up waits again, under its number."""
    QUEUED_AGAIN = "QueuedAgain"
    """Our own: a message sent before is to be sent once more, under a new number."""
    WITHDRAWN = "Withdrawn"
    """Our own: nobody is to get it any more."""


OPEN: Final = (DeliveryState.WAITING, DeliveryState.LEASED)
"""States in which a delivery still has its way before it."""
GIVEN_UP: Final = (DeliveryState.DEAD, DeliveryState.WITHDRAWN)


class Step(msgspec.Struct, frozen=True):
    """The state that a journal entry leads to, and those that it may follow."""

    state: DeliveryState
    from_states: tuple[DeliveryState, ...]


STEPS: Final[Mapping[Status, Step]] = {
    Status.DELIVERED: Step(DeliveryState.DELIVERED, (*OPEN, *GIVEN_UP)),
    Status.REJECTED_BY_RECIPIENT: Step(DeliveryState.REJECTED, (*OPEN, *GIVEN_UP)),
    Status.RETRYING: Step(DeliveryState.WAITING, OPEN),
    Status.PAUSED: Step(DeliveryState.WAITING, OPEN),
    Status.UNKNOWN_DELIVERY_STATUS: Step(DeliveryState.WAITING, OPEN),
    Status.LEASED: Step(DeliveryState.LEASED, (DeliveryState.WAITING,)),
    Status.DELIVERY_FAILURE: Step(DeliveryState.DEAD, OPEN),
    Status.RETRIES_EXHAUSTED: Step(DeliveryState.DEAD, (DeliveryState.WAITING,)),
    Status.REQUEUED: Step(DeliveryState.WAITING, GIVEN_UP),
    Status.WITHDRAWN: Step(DeliveryState.WITHDRAWN, (*OPEN, DeliveryState.DEAD)),
}
"""Every step that a delivery can take, by its journal status.

What a call found out counts even where the delivery was given up while the call was under way.
"""


class Verdict(StrEnum):
    """What the store found when a message came in."""

    NEW = "new"
    SAME = "same"
    DIFFERENT = "different"
    LEFT = "left"
    """Not taken because another message of its request was refused."""


class Exchange(msgspec.Struct, kw_only=True):
    """One HTTP call in or out, kept as evidence: hash of the exact bytes, signature headers, certificates, answer."""

    direction: str
    """`in`, `out`, or `own` for a step that the DIP takes by itself."""
    at: int
    party: DipId
    method: str
    url: str
    content_hash: str
    signature: str
    signature_date: str
    signing_certificate: str
    """SHA-256 fingerprint, hex."""
    tls_certificate: str
    """SHA-256 fingerprint, hex."""
    status: int | None = None
    answer: bytes = b""
    """Its body, packed and sealed."""
    note: str | None = None
    """What is remarkable about it, such as an answer without entries."""
    duration_us: int = 0


class NewDelivery(msgspec.Struct):
    """One recipient of a message; `hidden` lists the item paths removed for it."""

    recipient: DipId
    hidden: tuple[str, ...] = ()


class NewStatus(msgspec.Struct):
    """A status message to a sender about one of its messages; `sealed` is its StandardResponse entry.

    origin: who says it; digest: by which the same one from the same origin is known again.
    """

    recipient: DipId
    code: str
    sealed: bytes
    origin: DipId = DIP
    digest: bytes | None = None


class NewUpdate(msgspec.Struct, frozen=True):
    """What a message says about the appointments of its MPANs; committed with it, applied after it."""

    mpans: tuple[int, ...]
    changes: tuple[Change, ...]


class NewMessage(msgspec.Struct, kw_only=True):
    """A checked, wrapped and routed message, ready to be committed."""

    transaction_id: TransactionId
    correlation_id: CorrelationId | None
    interface: InterfaceId
    event: EventCode
    sender: DipId
    sender_role: RoleCode
    reference: str
    envelope_reference: str | None
    mpan_digest: bytes | None
    received_at: int
    same_content: Callable[[str, bytes], bool]
    """Whether an earlier message (its transaction id and sealed content) has equal content."""
    sealed: bytes
    protected: bool
    """Whether its CustomBlock travels as a JWE."""
    archive_until: int
    deliveries: Sequence[NewDelivery]
    statuses: Sequence[NewStatus] = ()
    checked_us: int
    """How long its checks took."""
    addressed: Status
    """SENT_TO_TOPIC, or FAILED where nobody gets it."""
    addressing: str
    """Who gets it and why, as JSON."""
    update: NewUpdate | None = None
    publication: NewPublication | None = None


class Outcome(msgspec.Struct):
    """What became of one message of an arrival."""

    verdict: Verdict
    message: int | None
    transaction_id: TransactionId | None
    correlation_id: CorrelationId | None


class Arrival(msgspec.Struct, kw_only=True):
    """What one request brings to the store; all of it is committed in one transaction.

    `conclude` turns the outcomes into the HTTP status and body of the answer; it runs within the
    transaction, so that the answer is part of the evidence.
    """

    exchange: Exchange
    messages: Sequence[NewMessage]
    all_or_nothing: bool
    """A repeat among them, and none is taken."""
    conclude: Callable[[Sequence[Outcome]], tuple[int, bytes]]
    seal: Callable[[bytes], bytes]
    """How the body of the answer is kept."""
    none_taken: bool = False
    """Another message of the request is refused already, and with it these; repeats are told apart all the same."""
    refused: Sequence[tuple[str, DipId]] = ()
    """Channel and sender of each message that was refused before."""


class Taken(msgspec.Struct):
    """The store's answer to an arrival: committed. `lanes`: where something new waits.

    fresh: the new messages' deliveries by lane, in order, so that nobody has to read them again.
    """

    status: int
    answer: bytes
    outcomes: Sequence[Outcome]
    lanes: frozenset[int]
    fresh: "Mapping[int, Sequence[Waiting]]" = msgspec.field(default_factory=dict)


class Lane(msgspec.Struct, frozen=True):
    """One recipient's messages of one channel, or its status messages."""

    id: int
    recipient: DipId
    channel: str

    @property
    def for_status(self) -> bool:
        """Whether it carries status messages."""
        return self.channel == STATUS_CHANNEL

    @property
    def stage(self) -> Stage:
        """The stage in which the journal of its deliveries is kept."""
        return stage_of(for_status=self.for_status)


class Waiting(msgspec.Struct):
    """A delivery whose turn has come."""

    id: int
    message: int
    status_message: int | None
    sequence: int
    attempts: int
    hidden: str | None
    protected: int
    received_at: int
    reference: str
    transaction_id: TransactionId
    correlation_id: CorrelationId | None
    sender: DipId
    lane: int
    replay: int = 0
    """Whether it goes out with replayIndicator true."""


class Known(Waiting):
    """A delivery in whatever state. exchange: the call in which it was last handed out or settled."""

    state: DeliveryState = DeliveryState.WAITING
    exchange: int | None = None


class Overdue(Waiting):
    """A delivery that has been waiting since before some moment. queued_at: since when."""

    queued_at: int = 0


class Settled(msgspec.Struct):
    """One delivery's step to a state, and the status that its journal gives it.

    A step that the delivery's present state does not allow is left out, with its journal entry and its status message.
    """

    delivery: int
    message: int
    status: Status
    set_aside_until: int | None = None
    detail: str | None = None
    returned: NewStatus | None = None
    """The status message that tells its sender."""
    lane: int | None = None
    """Where the delivery waits again, if somebody is to be woken for it."""
    recipient: DipId | None = None
    """Whose delivery it is; None for the settlement's recipient."""
    stage: Stage | None = None
    """None for the settlement's stage."""

    @property
    def state(self) -> DeliveryState:
        """The state that the step leads to."""
        return STEPS[self.status].state


class Settlement(msgspec.Struct, kw_only=True):
    """A call, or a step of the DIP's own, and what it made of each delivery; committed in one transaction."""

    exchange: Exchange
    recipient: DipId
    stage: Stage
    settled: Sequence[Settled] = ()
    delivered: Sequence[int] = ()
    """The deliveries that simply arrived with a webhook call."""


class Done(msgspec.Struct, frozen=True):
    """What a settlement did. exchange: the number of its call; taken: the deliveries of `settled` that took their step.

    lanes: where something new waits, or something waits again; again: those of them where it waits again.
    """

    exchange: int
    taken: frozenset[int]
    lanes: frozenset[int]
    again: frozenset[int] = frozenset()


class Webhook(msgspec.Struct, frozen=True):
    """Where a recipient wants a channel's messages."""

    recipient: DipId
    channel: str
    url: str
    max_message_count: int | None = None
    max_payload_kb: int | None = None


class EndpointSetting(msgspec.Struct, frozen=True):
    """How one address of a recipient is to be served, where that differs from the server's settings (FS-15).

    payload_kb: kB; calls_a_second: calls; retry_first_s, retry_longest_s: seconds; retry_jitter: part of one;
    pause_after: failed calls in a row; held: paused by hand; told: mail addresses.
    """

    recipient: DipId
    url: str
    for_status: bool
    name: str = ""
    message_count: int | None = None
    payload_kb: int | None = None
    calls_in_flight: int | None = None
    calls_a_second: float | None = None
    retry_first_s: float | None = None
    retry_longest_s: float | None = None
    retry_jitter: float | None = None
    pause_after: int | None = None
    held: bool = False
    told: tuple[str, ...] = ()
