"""Certificates and channels as the administration API shows them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from dip.channels.channel import Channel, Event, Routing
from dip.channels.registry import Registry
from dip.messages.identifiers import EventCode, InterfaceId, RoleCode
from dip.participants.participant import HeldCertificate
from dip.security.pki import CertificateUse
from dip.store.catalogue import ChannelPause


class CertificateView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A certificate without its key. fingerprint: SHA-256, hexadecimal."""

    fingerprint: str
    use: CertificateUse
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None


class ChannelView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A channel in a list. events: codes in square brackets."""

    id: InterfaceId
    name: str
    publication: str
    category: int
    signed: bool
    encrypted: bool
    senders: list[RoleCode]
    recipients: list[RoleCode]
    events: list[EventCode]
    version: int
    """How often it was changed since the files; 0: as they have it."""
    paused: "PauseView | None"
    """Its maintenance, where that is under way."""


class PauseView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A channel's maintenance in business time. until: None where nobody knows yet."""

    channel: InterfaceId
    name: str
    starts: datetime = msgspec.field(name="from")
    until: datetime | None
    reason: str
    in_force: bool


class Window(msgspec.Struct, frozen=True):
    """Channels with the same maintenance."""

    channels: Sequence[PauseView]

    @property
    def first(self) -> PauseView:
        """What all of them have in common."""
        return self.channels[0]


class RoutingView(msgspec.Struct, frozen=True, kw_only=True):
    """The roles that a sender's message goes to, by class (5.5.3)."""

    primary: tuple[RoleCode, ...]
    secondary: tuple[RoleCode, ...]
    always: tuple[RoleCode, ...]


class EventView(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An event of a channel; routing and correlation by the sender's role."""

    code: EventCode
    meaning: str
    routing: dict[RoleCode, RoutingView]
    correlation: dict[RoleCode, str]
    appointments: list[str]
    """What its messages say about who is appointed, in words."""


class ChannelDetail(ChannelView, frozen=True, rename="camel", kw_only=True):
    """A channel with its events. Durations are ISO 8601; hidden: item paths that a role does not get."""

    archive_for: timedelta
    dead_letter_after: timedelta
    hidden: dict[RoleCode, tuple[str, ...]]
    event_details: list[EventView]
    definition: str
    """Its YAML."""


def channel_in_list(channel: Channel, version: int, pause: PauseView | None) -> ChannelView:
    """A channel as a line of a list."""
    return ChannelView(
        id=channel.id,
        name=channel.name,
        publication=channel.publication,
        category=channel.category,
        signed=channel.signed,
        encrypted=channel.encrypted,
        senders=sorted(channel.senders),
        recipients=sorted(channel.recipients),
        events=sorted(channel.events),
        version=version,
        paused=pause if pause is not None and pause.in_force else None,
    )


def channel_in_full(channel: Channel, version: int, pause: PauseView | None, definition: str) -> ChannelDetail:
    """A channel with its events and its times."""
    return ChannelDetail(
        **msgspec.structs.asdict(channel_in_list(channel, version, pause)),
        archive_for=channel.archive_for,
        dead_letter_after=channel.dead_letter_after,
        hidden=dict(channel.hidden),
        event_details=[_event(event) for _, event in sorted(channel.events.items())],
        definition=definition,
    )


def pause_in_list(pause: ChannelPause, registry: Registry, now: datetime) -> PauseView:
    """A channel's maintenance, under way or announced."""
    channel = registry.find(pause.channel)
    return PauseView(
        channel=pause.channel,
        name=channel.name if channel is not None else "",
        starts=pause.starts,
        until=pause.ends,
        reason=pause.reason,
        in_force=pause.starts <= now,
    )


def windows_of(pauses: Sequence[PauseView]) -> Sequence[Window]:
    """The pauses, those for the same time and reason together."""
    gathered: dict[tuple[datetime, datetime | None, str], list[PauseView]] = {}
    for pause in pauses:
        gathered.setdefault((pause.starts, pause.until, pause.reason), []).append(pause)
    return [Window(channels) for channels in gathered.values()]


def _event(event: Event) -> EventView:
    senders = sorted(event.senders)
    return EventView(
        code=event.code,
        meaning=event.meaning,
        routing={sender: _routing(event.routing(sender)) for sender in senders},
        correlation={sender: event.correlation(sender).value for sender in senders},
        appointments=[str(rule) for rule in event.appointments],
    )


def _routing(routing: Routing) -> RoutingView:
    return RoutingView(primary=routing.primary, secondary=routing.secondary, always=routing.always)


def certificate_view(held: HeldCertificate) -> CertificateView:
    """A certificate, never its key."""
    return CertificateView(
        fingerprint=held.fingerprint,
        use=held.use,
        not_before=held.not_before,
        not_after=held.not_after,
        revoked_at=held.revoked_at,
    )
