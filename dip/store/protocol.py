"""What a store can do, in the domain's own verbs, so that another one can stand behind the same parts.

A store of several server processes keeps to the same words: taking in returns new / same / different
from the transaction itself; the order of receipt is a number given at commit; an endpoint, not a
message, is leased to a process.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dip.appointments.history import History
from dip.appointments.packing import Holder
from dip.messages.identifiers import CorrelationId, DipId, InterfaceId, TransactionId
from dip.participants.agency import Agency
from dip.participants.participant import Company, HeldCertificate, Participant, Qualification
from dip.store.alarms import Alarm, AlarmKind
from dip.store.catalogue import CatalogueVersion, ChannelPause
from dip.store.companies import Onboarded
from dip.store.dead_letters import DeadLetterFilter, Found
from dip.store.page_records import Parties
from dip.store.publication_records import Payload
from dip.store.records import (
    Arrival,
    Done,
    EndpointSetting,
    Exchange,
    Known,
    Lane,
    Overdue,
    Settlement,
    Taken,
    Waiting,
    Webhook,
)
from dip.store.replay import Selection, Span, Stretch
from dip.store.reports import Reportable, StatusArrival
from dip.store.requeue import NewRequeue, Requeue, Requeued, RequeueState, RequeueStep
from dip.store.sweep import ArchiveEnd, SweepStep
from dip.store.throughput import CountFilter, Throughput, ThroughputFilter
from dip.store.watch import Age, DeadCount, Ends, SpanBalance


class PublicationStore(Protocol):
    """Payloads, as intake sees them."""

    def payload(self, channel: str, name: str, version: str) -> Payload | None:
        """The payload at an address, in whatever state."""


class MessageStore(Protocol):
    """Messages, their queues, their journal."""

    async def take_in(self, arrival: Arrival) -> Taken:
        """Commit what is new of a request. Raises StoreUnavailable; then nothing of it is kept."""

    async def settle(self, settlement: Settlement, *, patient: bool = False) -> Done:
        """Commit what a call, or a step of the DIP's own, made of its deliveries. Raises StoreUnavailable."""

    def reference_known(self, sender: str, interface: str, reference: str) -> bool:
        """Whether a message with this reference came from the sender on the channel, as far as is committed."""

    def lanes(self) -> Mapping[int, Lane]:
        """Every lane."""

    def lane(self, number: int) -> Lane:
        """One lane."""

    def lane_of(self, recipient: str, channel: str) -> Lane | None:
        """A recipient's lane of a channel; None while nothing was ever queued in it."""

    def lanes_leased(self) -> frozenset[int]:
        """The lanes in which something is handed out."""

    def leased(self, lane: int, limit: int) -> Sequence[Known]:
        """What is handed out of a lane, in order of receipt."""

    def of_transactions(self, lane: int, transactions: Iterable[str]) -> Sequence[Known]:
        """The deliveries of a lane for these transactions, in whatever state; the latest of each comes last."""

    def overdue(self, lane: int, before: int, limit: int) -> Sequence[Overdue]:
        """What waits in a lane since before a moment, oldest first, what was set aside included."""

    def waiting(self, after: Mapping[int, int], limit: int) -> Sequence[Waiting]:
        """The next deliveries of these lanes, each behind a delivery of its own, without those set aside.

        In order of receipt, out of one view of the store: what is missing from it came in later.
        """

    def set_aside(self, lane: int, until: int, limit: int) -> Sequence[Waiting]:
        """The deliveries of a lane that were set aside, and are due by then."""

    def next_set_aside(self, lane: int) -> int | None:
        """When the next delivery set aside in this lane is due."""

    def contents(self, messages: Iterable[int]) -> Mapping[int, tuple[str, bytes]]:
        """Transaction id and sealed content of these messages."""

    def status_contents(self, numbers: Iterable[int]) -> Mapping[int, bytes]:
        """Sealed entries of these status messages."""

    def correlation_known(self, correlation: CorrelationId) -> bool:
        """Whether the DIP ever issued this correlation id."""

    def agent_of(self, message: int) -> DipId | None:
        """Who sent a message for its sender; None where that was itself (FS-42)."""


class ReportStore(Protocol):
    """Status messages from participants (5.5.9)."""

    def reportable(self, transactions: Iterable[str]) -> Mapping[str, Reportable]:
        """These messages, as far as the archive remembers them, by transaction id."""

    async def take_in(self, arrival: StatusArrival) -> Taken:
        """Commit what is new of a request.

        Raises StoreUnavailable, and NotPermitted where a message was forgotten meanwhile; then nothing is kept.
        """


class AgencyStore(Protocol):
    """Who acts for whom, and who did (FS-42)."""

    def in_force(self) -> Sequence[Agency]:
        """Every assignment that is not withdrawn."""

    def of_principal(self, principal: DipId, limit: int) -> Sequence[Agency]:
        """Who acts for a participant, then who did; each newest first."""

    def of_agent(self, agent: DipId, limit: int) -> Sequence[Agency]:
        """For whom an agent acts, then for whom it did; each newest first."""

    async def save(self, agencies: Iterable[Agency]) -> None:
        """Keep assignments, new or just withdrawn, in one transaction. Raises StoreUnavailable."""


class PartyStore(Protocol):
    """Participants, their certificates, agents and webhooks."""

    @property
    def agencies(self) -> AgencyStore:
        """Who acts for whom."""

    def participants(self) -> Sequence[Participant]:
        """Every participant."""

    def certificates(self) -> Sequence[HeldCertificate]:
        """Every certificate; private keys are still sealed."""

    async def save_parties(self, participants: Iterable[Participant], certificates: Iterable[HeldCertificate]) -> None:
        """Add or change participants and certificates; private keys must be sealed already."""

    async def replace_drills(self, holder: DipId, certificates: Iterable[HeldCertificate]) -> None:
        """Forget the certificates that were made for a participant's drills, and keep these in their place."""

    def webhooks(self) -> Sequence[Webhook]:
        """Every webhook."""

    async def save_webhook(self, webhook: Webhook, at: datetime) -> None:
        """Set a webhook; a later one replaces the earlier."""

    async def remove_webhook(self, recipient: str, channel: str) -> None:
        """Withdraw a webhook; what waits stays."""

    async def remove_webhooks(self, recipient: str, channels: Iterable[str] | None) -> None:
        """Withdraw a recipient's webhooks; what waits stays. channels: None for all, with their addresses' settings."""

    def endpoint_settings(self) -> Sequence[EndpointSetting]:
        """How addresses are served that have settings of their own."""

    async def save_endpoint_setting(self, setting: EndpointSetting) -> None:
        """Say how an address is to be served."""


class CompanyStore(Protocol):
    """Companies, and the roles that the central feed tells of (5.7.1)."""

    def companies(self) -> Mapping[str, Company]:
        """Every company by its number."""

    def qualifications(self) -> Mapping[DipId, Sequence[Qualification]]:
        """What the central feed said of the roles of participants, by DIP id."""

    async def save(self, onboarded: Onboarded) -> None:
        """Commit a step of onboarding, all of it or nothing. Raises StoreUnavailable."""


class AppointmentStore(Protocol):
    """Who holds which role for an MPAN, and when (5.5.14)."""

    def history(self, mpan: int) -> History:
        """Everything known of an MPAN's appointments."""

    def standing(self, mpan: int) -> Sequence[tuple[Holder, int, int]]:
        """The appointments that stand, past and future: holder, start and end in seconds; empty for an unknown MPAN."""


class ReplayStore(Protocol):
    """What was sent to a recipient once (5.5.11)."""

    def sequences(self, lane: int, transactions: Iterable[TransactionId]) -> Mapping[TransactionId, int]:
        """The sequence numbers under which these transactions were addressed; others are missing."""

    def span(self, lane: int, selection: Selection) -> Span:
        """The stretch of the lane that holds all that is selected and was addressed up to now."""

    def stretch(self, lane: int, selection: Selection, span: Span, limit: int) -> Stretch:
        """What is selected among the next rows of a span, at most so many of them."""


class RequeueStore(Protocol):
    """Requeues and how far they are (5.5.11)."""

    async def begin(self, new: NewRequeue, exchange: Exchange) -> None:
        """Keep a requeue and the call that asked for it. Raises RequeueRunning, StoreUnavailable."""

    async def count(self, run: Requeue, total: int) -> None:
        """Say how many deliveries a requeue covers."""

    async def step(self, step: RequeueStep) -> Requeued:
        """Put the next deliveries into the queue, with their journal and the progress. Raises StoreUnavailable."""

    async def end(self, run: Requeue, status: RequeueState, at: int) -> None:
        """End a requeue that can't go on."""

    def running(self) -> Sequence[Requeue]:
        """The requeues that are not at their end, in order."""

    def of(self, recipient: str, channel: str, name: str | None, limit: int) -> Sequence[Requeue]:
        """The last requeues of a recipient and channel, newest first; or the one of that name."""

    def newest(self, before: int | None, limit: int, parties: Parties = None) -> Sequence[Requeue]:
        """The last requeues of the parties, newest first, below a number."""


class SweepStore(Protocol):
    """Forgetting what has outlived its archive time (5.5.7)."""

    async def sweep_messages(self, now: int, after: ArchiveEnd, limit: int) -> SweepStep:
        """Look at so many messages whose time is over, behind a place in their order, and forget those that may go.

        A message for which something still waits stays.
        """

    async def sweep_exchanges(self, before: int, limit: int) -> int:
        """Forget at most so many calls made before a moment; returns how many."""

    async def sweep_requeues(self, before: int, limit: int) -> int:
        """Forget at most so many requeues that ended before a moment; returns how many."""

    async def sweep_throughput(self, span: int, before: int, limit: int) -> int:
        """Forget figures of buckets of so many seconds, from before a moment; returns how many."""

    async def sweep_alarms(self, before: int, limit: int, *, most: int) -> int:
        """Forget at most so many alarms that were over before a moment, or are over and beyond the last `most`.

        Returns how many.
        """


class CatalogueStore(Protocol):
    """What was changed of the catalogue while it served, and the pauses of channels."""

    def latest_versions(self) -> Sequence[CatalogueVersion]:
        """The last version of every part that was ever changed."""

    def versions(self, name: str) -> Sequence[CatalogueVersion]:
        """The versions of one part, newest first."""

    async def add_version(self, version: CatalogueVersion) -> None:
        """Keep a further version."""

    def pauses(self) -> Sequence[ChannelPause]:
        """Every pause, under way or announced."""

    async def save_pauses(self, pauses: Iterable[ChannelPause]) -> None:
        """Keep the pauses of some channels, all of them or none; a later one of a channel replaces the earlier."""

    async def remove_pause(self, channel: InterfaceId) -> None:
        """Forget a channel's pause."""


class WatchStore(Protocol):
    """What the background duties look at; reading takes no time from messages."""

    async def ages(self) -> Sequence[Age]:
        """Every lane in which something waits, and since when."""

    async def dead_by_lane(self) -> Sequence[DeadCount]:
        """How many dead letters there are, by recipient and channel."""

    async def ends(self, after: int) -> Ends:
        """Where the messages behind a number begin and end."""

    async def balance(self, first: int, last: int) -> SpanBalance:
        """The balance of the messages with these numbers, both included, out of one view of the store."""


class ThroughputStore(Protocol):
    """What passed, by minute, hour and day (5.11.1)."""

    async def passed(self, wanted: ThroughputFilter) -> Sequence[Throughput]:
        """What passed, by bucket and as far as asked by channel and party, in order."""

    async def count(self, wanted: CountFilter) -> int:
        """How much passed."""


class DeadLetterStore(Protocol):
    """Dead letters (5.5.8)."""

    async def newest(self, wanted: DeadLetterFilter, *, before: int | None, limit: int) -> Sequence[Found]:
        """Dead letters that fit, newest first, below a number."""

    async def in_order(self, wanted: DeadLetterFilter, *, after: int, limit: int) -> Sequence[Found]:
        """Dead letters that fit, in order of receipt, behind a number."""

    async def one(self, number: int) -> Found | None:
        """A delivery, in whatever state."""


class AlarmStore(Protocol):
    """Alarms (5.11.4)."""

    def open(self) -> Sequence[Alarm]:
        """The alarms that are not over."""

    async def listed(
        self,
        *,
        before: int | None,
        is_open: bool | None,
        limit: int,
        parties: Parties = None,
        kind: AlarmKind | None = None,
        about: str | None = None,
    ) -> Sequence[Alarm]:
        """Alarms, newest first, below a number. is_open: only those that go on, or only those that are over.

        parties: only those whose subject begins with the DIP id of one of them; about: with this one.
        """

    async def save(self, alarms: Iterable[Alarm]) -> Sequence[int]:
        """Write alarms, new or changed, in this order; returns their numbers. Raises StoreUnavailable."""
