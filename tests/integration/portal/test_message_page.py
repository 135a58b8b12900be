"""The page of a message tells every step, also those that the published journal has no word for."""

import pytest

from dip.ground.clock import microseconds
from dip.store.records import NewStatus, Status
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Portal

AT = microseconds(START)
DAY = 86_400_000_000
TO_REGISTRATION = (traffic.REGISTRATION, "REGS", "primary")


@pytest.mark.requirement("FS-17", "FS-28")
async def test_a_dead_letter_is_marked_and_later_steps_show_their_date(portal: Portal) -> None:
    messages = portal.store.messages
    sent = traffic.message(1, AT, TO_REGISTRATION)
    await traffic.arrive(messages, AT, sent)
    for at, status in ((AT + 1000, Status.PAUSED), (AT + 14 * DAY, Status.RETRIES_EXHAUSTED)):
        await traffic.call(messages, at, traffic.REGISTRATION, "IF-031", status, answer=503)
    await portal.log_in()
    text = await portal.page(f"/messages/{sent.transaction_id}")
    assert "Dead letter" in text
    assert "RetriesExhausted" in text
    assert "2026-04-04 19:05:00.000" in text


@pytest.mark.requirement("FS-17", "FS-29")
async def test_a_status_message_shows_who_reports_it(portal: Portal) -> None:
    messages = portal.store.messages
    told = NewStatus(traffic.SUPPLIER, "RCP1061", b"sealed", origin=traffic.REGISTRATION)
    sent = traffic.message(1, AT, TO_REGISTRATION, statuses=(told,))
    await traffic.arrive(messages, AT, sent)
    await traffic.call(messages, AT + 1000, traffic.REGISTRATION, "IF-031", Status.LEASED)
    await portal.log_in()
    text = await portal.page(f"/messages/{sent.transaction_id}")
    assert "RCP1061" in text
    assert text.partition("<h3>Status message</h3>")[2].count(traffic.REGISTRATION) == 1
    assert "Handed out" in text


@pytest.mark.requirement("FS-17", "FS-34")
async def test_a_fault_on_demand_stands_beside_the_rejection_that_it_led_to(portal: Portal) -> None:
    messages = portal.store.messages
    sent = traffic.message(1, AT, TO_REGISTRATION)
    await traffic.arrive(messages, AT, sent)
    note = "fault: wrong_version"
    await traffic.call(
        messages, AT + 1000, traffic.REGISTRATION, "IF-031", Status.REJECTED_BY_RECIPIENT, answer=207, note=note
    )
    await portal.log_in()
    text = await portal.page(f"/messages/{sent.transaction_id}")
    assert note in text.partition("RejectedByRecipient")[2]
    assert text.count(note) == 1


@pytest.mark.requirement("FS-55")
async def test_of_very_many_attempts_the_first_and_the_last_are_shown(portal: Portal) -> None:
    messages = portal.store.messages
    sent = traffic.message(1, AT, TO_REGISTRATION)
    await traffic.arrive(messages, AT, sent)
    for number in range(70):
        await traffic.call(messages, AT + number * 1_000_000, traffic.REGISTRATION, "IF-031", Status.PAUSED, answer=503)
    await portal.log_in()
    shown = (await portal.page(f"/messages/{sent.transaction_id}")).partition('<ol class="attempts">')[2]
    shown = shown.partition("</ol>")[0]
    assert shown.count("answer 503") == 50
    assert "20 more between these" in shown
