"""A message for a channel that is under maintenance: not now, and when again (5.13.5)."""

from datetime import datetime
from math import ceil
from typing import Final

from dip.intake.refusal import Refusal
from dip.messages.timestamps import wire_time
from dip.store.catalogue import ChannelPause

_OPEN_END_S: Final = 300
"""When to ask again where nobody has said how long it takes."""


def under_maintenance(pause: ChannelPause, at: datetime) -> Refusal:
    """The refusal of one message; the same message may be sent again."""
    if pause.ends is None:
        until, again_s = "until further notice", _OPEN_END_S
    else:
        until, again_s = f"until {wire_time(pause.ends)}", max(1, ceil((pause.ends - at).total_seconds()))
    note = (
        f"{pause.channel} is under maintenance {until}: {pause.reason}. The message was not taken; send it again then"
    )
    return Refusal("MSG1000", note=note, retry_after_s=again_s)
