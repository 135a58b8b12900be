"""The way of a message at a glance: a circle for each step, and how long it took in all (5.11.3, figure 19)."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from dip.http.portal.paths import Branch, MessagePath, Tone, tone_of_state
from dip.messages.identifiers import DIP, DipId
from dip.store.page_records import MessageDetail
from dip.store.records import DeliveryState

MarkTone: TypeAlias = Tone | Literal["none", "returned"]
"""`none`: a step that was not activated; `returned`: an error that was sent back."""

_ENDED: Final = frozenset({DeliveryState.DEAD, DeliveryState.REJECTED, DeliveryState.WITHDRAWN})


class Limits(msgspec.Struct, frozen=True):
    """How long a message may take from receipt to delivery (5.10.3): most of them, and all of them."""

    soon: timedelta
    latest: timedelta


class Mark(msgspec.Struct, frozen=True):
    """A step: its circle, what is said of it, and how long after receipt it was."""

    title: str
    tone: MarkTone
    words: str
    since_receipt: timedelta | None = None


class End(msgspec.Struct, frozen=True):
    """A recipient at the end of the way. within: how the time compares with the limits, in words."""

    recipient: DipId
    tone: MarkTone
    words: str
    since_receipt: timedelta | None = None
    within: str = ""
    within_tone: Tone = "good"


class Strip(msgspec.Struct, frozen=True):
    """Everything at a glance: the steps in order, the recipients, and what was done where something failed."""

    marks: Sequence[Mark]
    ends: Sequence[End]
    dead_letters: Mark
    error_return: Mark


def strip_of(message: MessageDetail, way: MessagePath, limits: Limits) -> Strip:
    """The strip of a message, as far as `message` tells of it."""
    call = message.evidence
    came = "called the API" if call.url else "the DIP wrote it itself"
    answered = f"answered {call.status}" if call.status else "no answer"
    return Strip(
        marks=(
            Mark("Sender's call", "good" if call.url else "none", came),
            Mark("Receipt", "good", answered if call.url else "taken", timedelta()),
            Mark(
                "Checks", way.checked.tone, "passed" if way.checked.tone == "good" else "failed", _at(message, way, 0)
            ),
            _archive(message),
            Mark("Routing", way.routed.tone, _many(len(way.branches), "recipient"), _at(message, way, 1)),
            _queue(way),
        ),
        ends=[_end(message, branch, limits) for branch in way.branches],
        dead_letters=_dead_letters(way.branches),
        error_return=_error_return(message),
    )


def _at(message: MessageDetail, way: MessagePath, place: int) -> timedelta | None:
    at = (way.checked.at, way.routed.at)[place]
    return None if at is None else max(at - message.received_at, timedelta())


def _archive(message: MessageDetail) -> Mark:
    if message.archived:
        return Mark("Archive", "good", "written")
    return Mark("Archive", "none", "content no longer kept")


def _queue(way: MessagePath) -> Mark:
    queued = [branch.delivery for branch in way.branches if branch.delivery is not None]
    if not queued:
        return Mark("Queue", "none", "not activated")
    waiting = sum(one.state in (DeliveryState.WAITING, DeliveryState.LEASED) for one in queued)
    return Mark("Queue", "waiting" if waiting else "good", f"{waiting} waiting" if waiting else "left")


def _end(message: MessageDetail, branch: Branch, limits: Limits) -> End:
    delivery = branch.delivery
    if delivery is None:
        return End(branch.recipient, "none", "not queued")
    tone = tone_of_state(delivery.state)
    words = "dead letter" if delivery.state is DeliveryState.DEAD else delivery.state.value
    if delivery.settled_at is None:
        return End(branch.recipient, tone, words)
    # What was requeued began anew with its new place in the queue.
    began = delivery.queued_at if branch.earlier else message.received_at
    took = max(delivery.settled_at - began, timedelta())
    if delivery.state in _ENDED:
        return End(branch.recipient, tone, words, took)
    within, within_tone = _within(took, limits)
    return End(branch.recipient, tone, words, took, within, within_tone)


def _within(took: timedelta, limits: Limits) -> tuple[str, Tone]:
    soon, latest = (f"{limit.total_seconds():g} s" for limit in (limits.soon, limits.latest))
    if took <= limits.soon:
        return f"within {soon}", "good"
    return (f"within {latest}", "waiting") if took <= limits.latest else (f"more than {latest}", "bad")


def _dead_letters(branches: Iterable[Branch]) -> Mark:
    dead = sum(branch.dead_letter for branch in branches)
    if not dead:
        return Mark("Dead letters", "none", "not activated")
    return Mark("Dead letters", "bad", f"written, {_many(dead, 'recipient')}")


def _error_return(message: MessageDetail) -> Mark:
    told = message.status_messages
    if not told:
        return Mark("Error return", "none", "not activated")
    arrived = sum(one.state is DeliveryState.DELIVERED for one in told)
    by_dip = any(one.origin == DIP for one in told)
    words = f"{_many(len(told), 'status message')}{' by the DIP' if by_dip else ''}, {arrived} arrived"
    return Mark("Error return", "returned" if arrived == len(told) else "waiting", words)


def _many(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
