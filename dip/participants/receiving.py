"""Who may receive a channel's messages: the participants of the roles that it goes to (5.5.3)."""

from dip.channels.channel import EVERY_ROLE, Channel
from dip.ground.errors import NotPermitted
from dip.participants.participant import Participant


def check_receives(channel: Channel | None, recipient: Participant) -> None:
    """Raise NotPermitted where a channel never goes to any role of a participant. None: every channel there is."""
    if channel is None or EVERY_ROLE in channel.recipients or channel.recipients & set(recipient.roles):
        return
    receiving = ", ".join(sorted(channel.recipients))
    raise NotPermitted(f"{channel.id} goes to {receiving}; {recipient.dip_id} has none of these roles.")
