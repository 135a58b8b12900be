"""What a webhook's answer says of each message (contract, Answers; live API 2.2.1, Webhook answers and retries)."""

from collections.abc import Sequence
from enum import Enum, auto

import msgspec

from dip.messages.standard_response import (
    SUCCESS_CODES,
    ReceivedEntry,
    ReceivedResponse,
    code_of,
)
from dip.store.records import Waiting

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_WITH_ENTRIES = frozenset({200, 201, 207, 400})
_TAKEN = frozenset({200, 201, 202, 204})
_DECODER = msgspec.json.Decoder(ReceivedResponse)


class Fate(Enum):
    """What the answer makes of one delivery."""

    DELIVERED = auto()
    REJECTED = auto()
    """By the recipient: returned to the sender, not sent again."""
    UNKNOWN = auto()
    """The answer says nothing of it: sent again."""
    FAILED = auto()
    """A status that is not retried: dead at once."""
    RETRIED = auto()


class Call(msgspec.Struct, frozen=True):
    """How a webhook call went; status None: no answer in time."""

    status: int | None
    answer: bytes = b""
    reason: str = ""
    retry_after_s: float | None = None
    tls_certificate: str = ""
    """Fingerprint of the DIP's certificate on the connection."""


class Judgement(msgspec.Struct, frozen=True):
    """The fate of one delivery and, where the recipient rejected it, its entry."""

    fate: Fate
    entry: ReceivedEntry | None = None
    note: str = ""


_ARRIVED = Judgement(Fate.DELIVERED)


def judge(call: Call, batch: Sequence[Waiting]) -> list[Judgement]:
    """The fate of each delivery of a call, in order."""
    status = call.status
    if status is None or status in RETRIED:
        note = call.reason or f"answered {status}"
        return [Judgement(Fate.RETRIED, note=note)] * len(batch)
    entries = entries_of(call.answer) if status in _WITH_ENTRIES else None
    if entries:
        return _by_entry(entries, batch)
    if status in _TAKEN:
        return [Judgement(Fate.DELIVERED, note=f"answered {status} without entries")] * len(batch)
    return [Judgement(Fate.FAILED, note=f"answered {status}, which is not retried")] * len(batch)


def entries_of(answer: bytes) -> list[ReceivedEntry] | None:
    """The entries of a StandardResponse; None where it is something else."""
    try:
        return _DECODER.decode(answer).message_array
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def judgement_of(entry: ReceivedEntry) -> Judgement:
    """What a recipient's entry says of the delivery that it is about."""
    return _ARRIVED if code_of(entry.message) in SUCCESS_CODES else Judgement(Fate.REJECTED, entry)


def _by_entry(entries: Sequence[ReceivedEntry], batch: Sequence[Waiting]) -> list[Judgement]:
    good = {entry.transaction_id for entry in entries if code_of(entry.message) in SUCCESS_CODES}
    if len(good) == len(entries) and good.issuperset([waiting.transaction_id for waiting in batch]):
        return [_ARRIVED] * len(batch)
    by_transaction = {entry.transaction_id: entry for entry in entries if entry.transaction_id}
    by_reference = {
        entry.sender_unique_reference: entry
        for entry in entries
        if entry.sender_unique_reference and not entry.transaction_id
    }
    judged: list[Judgement] = []
    for waiting in batch:
        entry = by_transaction.get(waiting.transaction_id) or by_reference.get(waiting.reference)
        if entry is None:
            judged.append(Judgement(Fate.UNKNOWN, note="the answer has no entry for it"))
        else:
            judged.append(judgement_of(entry))
    return judged
