"""The way of a message at a glance: circles, what was not activated, and the time in all against the limits."""

from datetime import timedelta

import msgspec
import pytest

from dip.http.portal.audit_strip import Limits, Strip, strip_of
from dip.http.portal.paths import path_of
from dip.messages.identifiers import DIP, DipId
from dip.store.page_records import MessageDetail, StatusRow
from dip.store.records import DeliveryState, Stage, Status
from tests.unit.http.test_paths import ONE, START, TWO, WHOLE, delivery, message, row

LIMITS = Limits(timedelta(seconds=3), timedelta(seconds=30))


def strip(detail: MessageDetail) -> Strip:
    return strip_of(detail, path_of(detail), LIMITS)


@pytest.mark.requirement("FS-55")
def test_a_step_that_was_not_activated_is_grey() -> None:
    found = strip(WHOLE)
    assert [mark.tone for mark in found.marks] == ["good", "good", "good", "good", "good", "waiting"]
    assert (found.dead_letters.tone, found.error_return.tone) == ("none", "none")
    nobody = strip(message((row(2, Stage.ADDRESSING, Status.FAILED),), ()))
    assert (nobody.marks[-1].tone, nobody.marks[-1].words, nobody.ends) == ("none", "not activated", [])
    gone = strip(msgspec.structs.replace(WHOLE, archived=False))
    assert gone.marks[3].tone == "none"


@pytest.mark.requirement("FS-55", "FS-49")
@pytest.mark.parametrize(
    ("after_ms", "within", "tone"),
    [
        (3000, "within 3 s", "good"),
        (3001, "within 30 s", "waiting"),
        (30_000, "within 30 s", "waiting"),
        (30_001, "more than 30 s", "bad"),
    ],
)
def test_the_time_in_all_is_compared_with_both_limits(after_ms: int, within: str, tone: str) -> None:
    (end,) = strip(message((), (delivery(ONE, DeliveryState.DELIVERED, after_ms),))).ends
    assert (end.since_receipt, end.within, end.within_tone) == (timedelta(milliseconds=after_ms), within, tone)


@pytest.mark.requirement("FS-55")
def test_dead_letters_and_the_error_return_are_marked() -> None:
    dead = message((), (delivery(ONE, DeliveryState.DEAD, 50), delivery(TWO, DeliveryState.DELIVERED, 50)))
    told = [
        StatusRow(at=START, code="MSG1000", recipient=DipId("2300000001"), state=state, origin=DIP)
        for state in (DeliveryState.DELIVERED, DeliveryState.WAITING)
    ]
    found = strip(msgspec.structs.replace(dead, status_messages=tuple(told[:1])))
    assert (found.dead_letters.tone, found.dead_letters.words) == ("bad", "written, 1 recipient")
    assert (found.error_return.tone, found.error_return.words) == ("returned", "1 status message by the DIP, 1 arrived")
    assert [end.words for end in found.ends] == ["dead letter", "delivered"]
    half = strip(msgspec.structs.replace(dead, status_messages=tuple(told)))
    assert half.error_return.tone == "waiting"
