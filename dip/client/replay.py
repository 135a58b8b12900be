"""What a participant asks for a replay or a requeue with, and what it hears of a requeue (5.5.11)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

STATUS_MESSAGES: Final = "statusmessage"
_KEYS: Final = ("datetimeFrom", "datetimeTo", "eventCode", "MPAN", "version")


class RequeueProgress(msgspec.Struct, frozen=True, rename="camel"):
    """How far a requeue is. status: Processing, Completed, Failed or PartialCompletion."""

    requeue_id: str
    percent_complete: int
    total_transactions: int
    processed_transactions: int
    status: str


def request_body(channel_id: str, wanted: Mapping[str, Any]) -> bytes:
    """The body for a request; of a MessageRequest every key that has to be there is."""
    known = {} if channel_id == STATUS_MESSAGES else dict.fromkeys(_KEYS)
    return msgspec.json.encode({**known, **wanted})


def sent_path(channel_id: str, verb: str, dip_id: str) -> str:
    """The path of a call about what was sent before: replay, requeue, requeueStatus."""
    if channel_id == STATUS_MESSAGES:
        return f"/statusmessage/{verb}/{dip_id}"
    return f"/dip-channel/{channel_id}/{verb}/{dip_id}"
