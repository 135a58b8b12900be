"""What a store can do, in the domain's own verbs, so that another one can stand behind the same parts.

A store of several server processes keeps to the same words: taking in returns new / same / different
from the transaction itself; the order of receipt is a number given at commit; an endpoint, not a
message, is leased to a process.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dip.messages.identifiers import CorrelationId, InterfaceId, Mpan
from dip.participants.participant import HeldCertificate, Participant
from dip.store.catalogue import CatalogueVersion, ChannelPause
from dip.store.records import Appointment, Arrival, Done, Known, Lane, Settlement, Taken, Waiting, Webhook


class MessageStore(Protocol):
    """Messages, their queues, their journal."""

    async def take_in(self, arrival: Arrival) -> Taken:
        """Commit what is new of a request. Raises StoreUnavailable; then nothing of it is kept."""

    async def settle(self, settlement: Settlement) -> Done:
        """Commit what a call, or a step of the DIP's own, made of its deliveries. Raises StoreUnavailable."""

    def lanes(self) -> Mapping[int, Lane]:
        """Every lane."""

    def lane(self, number: int) -> Lane:
        """One lane."""

    def lane_of(self, recipient: str, channel: str) -> Lane | None:
        """A recipient's lane of a channel; None while nothing was ever queued in it."""

    def lanes_waiting(self) -> frozenset[int]:
        """The lanes in which something waits."""

    def lanes_leased(self) -> frozenset[int]:
        """The lanes in which something is handed out."""

    def leased(self, lane: int, limit: int) -> Sequence[Known]:
        """What is handed out of a lane, in order of receipt."""

    def of_transactions(self, lane: int, transactions: Iterable[str]) -> Sequence[Known]:
        """The deliveries of a lane for these transactions, in whatever state; the latest of each comes last."""

    def overdue(self, lane: int, before: int, limit: int) -> Sequence[Waiting]:
        """What waits in a lane since before a moment, oldest first, what was set aside included."""

    def oldest_waiting(self, lane: int) -> int | None:
        """Since when the oldest of what waits in a lane has been waiting."""

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


class PartyStore(Protocol):
    """Participants, their certificates and webhooks."""

    def participants(self) -> Sequence[Participant]:
        """Every participant."""

    def certificates(self) -> Sequence[HeldCertificate]:
        """Every certificate; private keys are still sealed."""

    async def save_parties(self, participants: Iterable[Participant], certificates: Iterable[HeldCertificate]) -> None:
        """Add or change participants and certificates; private keys must be sealed already."""

    def webhooks(self) -> Sequence[Webhook]:
        """Every webhook."""

    async def save_webhook(self, webhook: Webhook, at: datetime) -> None:
        """Set a webhook; a later one replaces the earlier."""

    async def remove_webhook(self, recipient: str, channel: str) -> None:
        """Withdraw a webhook; what waits stays."""


class AppointmentStore(Protocol):
    """Who holds which role for an MPAN, and when (5.5.14)."""

    def appointments(self, mpan: Mpan) -> Sequence[Appointment]:
        """Every appointment of an MPAN, by start."""

    async def save_appointments(self, rows: AsyncIterator[Sequence[tuple[Mpan, Appointment]]], known_at: int) -> int:
        """Add or change appointments, chunk by chunk; returns how many."""


class SweepStore(Protocol):
    """Forgetting what has outlived its archive time (5.5.7)."""

    def interfaces(self) -> Sequence[InterfaceId]:
        """The channels of which the store has messages."""

    async def sweep_messages(self, interface: InterfaceId, now: int, limit: int) -> int:
        """Forget at most so many messages of a channel whose time is over; returns how many."""

    async def sweep_exchanges(self, before: int, limit: int) -> int:
        """Forget at most so many calls made before a moment; returns how many."""


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

    async def save_pause(self, pause: ChannelPause) -> None:
        """Keep a channel's pause; a later one replaces the earlier."""

    async def remove_pause(self, channel: InterfaceId) -> None:
        """Forget a channel's pause."""
