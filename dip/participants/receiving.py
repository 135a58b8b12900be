"""Who may receive a channel's messages: the participants of the roles that it goes to (5.5.3, 5.7.1)."""

from collections.abc import Iterable

from dip.channels.channel import EVERY_ROLE, Channel
from dip.ground.errors import NotPermitted
from dip.participants.participant import Participant


def receives(channel: Channel, recipient: Participant) -> bool:
    """Whether a channel goes to a role of a participant; to an optional one only where it signed up (FS-41)."""
    if recipient.left_at is not None:
        return False
    if EVERY_ROLE in channel.recipients:
        return True
    roles = channel.recipients & set(recipient.roles)
    return bool(roles - channel.optional_roles) or (bool(roles) and channel.id in recipient.optional_channels)


def received_by(recipient: Participant, channels: Iterable[Channel]) -> frozenset[str]:
    """The ids of the channels that a participant receives."""
    return frozenset(channel.id for channel in channels if receives(channel, recipient))


def offered_to(recipient: Participant, channels: Iterable[Channel]) -> frozenset[str]:
    """The ids of the channels that reach a participant in one of its roles only where it signs up for them."""
    return frozenset(
        channel.id for channel in channels if channel.optional_roles & channel.recipients & set(recipient.roles)
    )


def check_receives(channel: Channel | None, recipient: Participant) -> None:
    """Raise NotPermitted where a channel goes to no role of a participant. None: every channel there is."""
    if recipient.left_at is not None:
        raise NotPermitted(f"{recipient.dip_id} takes no part any more.")
    if channel is None or receives(channel, recipient):
        return
    if channel.recipients & set(recipient.roles):
        raise NotPermitted(f"{channel.id} is optional; {recipient.dip_id} has not signed up for it.")
    receiving = ", ".join(sorted(channel.recipients))
    raise NotPermitted(f"{channel.id} goes to {receiving}; {recipient.dip_id} has none of these roles.")
