"""What happened to some messages, in order of time."""

from datetime import timedelta
from typing import Any

import pytest

from dip.messages.identifiers import DIP
from dip.reporting.sequence import Act, Outcome, message_sequence
from dip.store.records import DeliveryState
from tests.support.happenings import DATA_SERVICE, REGISTRATION, SUPPLIER, after, message, sent


@pytest.mark.requirement("FS-53")
def test_a_request_and_its_reply_stand_in_order_of_time_with_the_dip_between() -> None:
    reply = message(2, 900, sender=REGISTRATION, role="REGS", interface="IF-032")
    found = message_sequence([reply, message(1, 0)], [sent(1, 40), sent(2, 950, SUPPLIER, role="SUP")])
    assert [(one.sender, one.recipient, one.act, one.number) for one in found.events] == [
        (SUPPLIER, DIP, Act.SENT, 1),
        (DIP, REGISTRATION, Act.HANDED_ON, 1),
        (REGISTRATION, DIP, Act.SENT, 2),
        (DIP, SUPPLIER, Act.HANDED_ON, 2),
    ]
    assert [one.after for one in found.events] == [
        None,
        *(timedelta(milliseconds=gap) for gap in (40, 860, 50)),
    ]
    assert [one.answers for one in found.events] == [None, None, 1, None]
    assert [(one.dip_id, one.roles) for one in found.parties] == [
        (SUPPLIER, ("SUP",)),
        (DIP, ()),
        (REGISTRATION, ("REGS",)),
    ]


@pytest.mark.requirement("FS-53")
def test_a_message_of_another_correlation_is_no_reply() -> None:
    other = message(2, 900, sender=REGISTRATION, correlation="CI-2")
    none = message(3, 901, sender=REGISTRATION, correlation=None)
    found = message_sequence([message(1, 0), other, none], [sent(1, 40)])
    assert {one.answers for one in found.events} == {None}


@pytest.mark.requirement("FS-55")
@pytest.mark.parametrize(
    ("state", "outcome", "failed", "under_way"),
    [
        (DeliveryState.WAITING, Outcome.WAITING, False, True),
        (DeliveryState.LEASED, Outcome.HANDED_OUT, False, True),
        (DeliveryState.DELIVERED, Outcome.DELIVERED, False, False),
        (DeliveryState.REJECTED, Outcome.REJECTED, True, False),
        (DeliveryState.DEAD, Outcome.DEAD, True, False),
        (DeliveryState.WITHDRAWN, Outcome.WITHDRAWN, True, False),
    ],
)
def test_every_state_of_a_delivery_has_its_outcome(
    state: DeliveryState, outcome: Outcome, failed: bool, under_way: bool
) -> None:
    last = message_sequence([message(1, 0)], [sent(1, 40, state=state, attempts=3)]).events[-1]
    assert (last.outcome, last.outcome.failed, last.outcome.under_way) == (outcome, failed, under_way)
    assert (last.at, last.attempts) == (after(40), 3)


@pytest.mark.requirement("FS-55")
def test_what_a_recipient_reports_comes_in_once_and_goes_to_everybody() -> None:
    about: dict[str, Any] = {"code": "RCP1061", "origin": REGISTRATION, "reported_at": after(500)}
    deliveries = [sent(1, 40), sent(1, 520, SUPPLIER, **about), sent(1, 560, DATA_SERVICE, **about)]
    found = message_sequence([message(1, 0)], deliveries)
    assert [(one.sender, one.recipient, one.act) for one in found.events[2:]] == [
        (REGISTRATION, DIP, Act.REPORTED),
        (DIP, SUPPLIER, Act.RETURNED),
        (DIP, DATA_SERVICE, Act.RETURNED),
    ]
    assert {one.code for one in found.events[2:]} == {"RCP1061"}


def test_a_status_message_of_the_dip_itself_is_only_sent() -> None:
    about: dict[str, Any] = {"code": "DIP1000", "origin": DIP, "reported_at": after(500)}
    found = message_sequence([message(1, 0)], [sent(1, 520, SUPPLIER, **about)])
    assert [one.act for one in found.events] == [Act.SENT, Act.RETURNED]


def test_a_message_for_nobody_says_so() -> None:
    (only,) = message_sequence([message(1, 0, recipients=0)], []).events
    assert (only.outcome, only.outcome.failed) == (Outcome.NOBODY, True)


def test_what_the_dip_wrote_itself_is_sent_by_nobody_else() -> None:
    found = message_sequence([message(1, 0, sender=DIP)], [sent(1, 40, SUPPLIER)])
    assert [(one.sender, one.recipient) for one in found.events] == [(DIP, SUPPLIER)]


def test_without_messages_nothing_happened_and_the_dip_stands_alone() -> None:
    found = message_sequence([], [])
    assert found.events == ()
    assert [one.dip_id for one in found.parties] == [DIP]
