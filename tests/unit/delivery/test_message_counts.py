"""Counts of messages, and how much they grew within a period."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dip.delivery.message_counts import MessageCounts, Window
from dip.messages.identifiers import DipId
from dip.store.records import STATUS_CHANNEL, Lane, Taken

START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
ONE, OTHER = DipId("2200000001"), DipId("0800000001")
LANES = {
    1: Lane(1, ONE, "IF-031"),
    2: Lane(2, OTHER, "IF-031"),
    3: Lane(3, ONE, "IF-032"),
    4: Lane(4, ONE, STATUS_CHANNEL),
}


class Queued:
    """A delivery, as far as counting looks at it."""

    def __init__(self, message: int) -> None:
        self.message = message


def taken(**lanes: tuple[int, ...]) -> Taken:
    fresh: Any = {int(lane[1:]): [Queued(message) for message in messages] for lane, messages in lanes.items()}
    return Taken(202, b"", (), frozenset(fresh), fresh)


@pytest.mark.requirement("FS-56")
def test_a_message_counts_once_for_its_channel_and_once_for_each_recipient() -> None:
    counts = MessageCounts(LANES.__getitem__)
    counts.taken(taken(_1=(7, 8), _2=(8,), _3=(9,), _4=(7,)))
    assert counts.of("", "IF-031") == 2
    assert counts.of("", "") == 3
    assert counts.of(ONE, "") == 3
    assert counts.of(OTHER, "") == 1
    assert counts.of(ONE, "IF-032") == 1
    assert counts.of("", STATUS_CHANNEL) == 0


@pytest.mark.requirement("FS-56")
def test_nothing_is_said_of_a_period_before_the_whole_of_it_was_watched() -> None:
    window = Window(timedelta(minutes=10))
    assert window.grown(START, 5) is None
    assert window.grown(START + timedelta(minutes=9), 9) is None
    assert window.grown(START + timedelta(minutes=10), 9) == 4
    assert window.grown(START + timedelta(minutes=19), 9) == 0
    assert window.grown(START + timedelta(minutes=60), 12) == 3


def test_a_window_keeps_few_marks_however_often_one_looks() -> None:
    window = Window(timedelta(hours=1))
    for second in range(20_000):
        window.grown(START + timedelta(seconds=second), second)
    assert len(window._seen) <= 62
    grown = window.grown(START + timedelta(seconds=20_000), 20_000)
    assert grown is not None
    assert 3600 <= grown <= 3660
