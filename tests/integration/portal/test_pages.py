"""What the pages show."""

from datetime import timedelta

import pytest

from dip.ground.clock import microseconds
from dip.store.records import NewStatus, Status
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Mark, Portal

MPAN = "2000056535971"
AT = microseconds(START)
TO_REGISTRATION = (traffic.REGISTRATION, "REGS", "primary")


async def test_an_empty_list_says_what_to_do_next(portal: Portal) -> None:
    await portal.log_in()
    page = await portal.page("/messages")
    assert "python run.py listen --as 2200000001" in page
    assert "python run.py send --as 2300000001 data/seed/samples/if-031-dsapp.json" in page


@pytest.mark.requirement("FS-54")
async def test_the_list_shows_messages_newest_first_with_their_deliveries(portal: Portal) -> None:
    first, second = traffic.message(1, AT, TO_REGISTRATION), traffic.message(2, AT + 1, TO_REGISTRATION)
    await traffic.arrive(portal.store.messages, AT, first, second)
    await traffic.call(
        portal.store.messages,
        AT,
        traffic.REGISTRATION,
        "IF-031",
        Status.DELIVERED,
    )
    await portal.log_in()
    page = await portal.page("/messages")
    assert page.index(second.transaction_id) < page.index(first.transaction_id)
    assert "1 delivered" in page and "1 waiting" in page
    assert "Ember Supply" in page and "Request to Appoint Service Provider" in page


@pytest.mark.requirement("FS-54")
async def test_a_search_by_mpan_finds_its_messages_and_leaves_no_trace(portal: Portal) -> None:
    mine = traffic.message(1, AT, TO_REGISTRATION, digest=Mark().digest(MPAN))
    other = traffic.message(2, AT, TO_REGISTRATION, digest=Mark().digest("1234567890123"))
    await traffic.arrive(portal.store.messages, AT, mine, other)
    await portal.log_in()
    page = await portal.page(f"/messages?mpan={MPAN}")
    assert mine.transaction_id in page and other.transaction_id not in page
    assert MPAN not in portal.log.getvalue()


async def test_a_search_that_finds_nothing_says_so(portal: Portal) -> None:
    await portal.log_in()
    assert "No message fits" in await portal.page("/messages?channel=IF-036")


async def test_a_search_that_can_mean_nothing_shows_what_is_wrong(portal: Portal) -> None:
    await portal.log_in()
    assert "An MPAN has thirteen digits." in await portal.page("/messages?mpan=12", 400)


async def test_older_messages_are_one_link_away(portal: Portal) -> None:
    new = [traffic.message(number, AT, TO_REGISTRATION) for number in range(1, 53)]
    await traffic.arrive(portal.store.messages, AT, *new)
    await portal.log_in()
    page = await portal.page("/messages")
    assert new[2].transaction_id in page and new[1].transaction_id not in page
    assert 'href="/messages?next=3"' in page
    page = await portal.page("/messages?next=3")
    assert new[1].transaction_id in page and new[2].transaction_id not in page


async def test_a_watched_list_asks_to_be_loaded_again(portal: Portal) -> None:
    await portal.log_in()
    answer = await portal.client.get("/messages?watch=1")
    assert answer.headers["Refresh"] == "5"


@pytest.mark.requirement("FS-55")
async def test_a_message_shows_its_path_to_each_recipient(portal: Portal) -> None:
    messages = portal.store.messages
    sent = traffic.message(
        1,
        AT,
        TO_REGISTRATION,
        (traffic.MARKET_WIDE, "MDS", "always"),
        statuses=(NewStatus(traffic.SUPPLIER, "MSG1033", b"sealed"),),
    )
    await traffic.arrive(messages, AT, sent)
    await traffic.call(
        messages,
        AT + 50_000,
        traffic.REGISTRATION,
        "IF-031",
        Status.RETRYING,
        answer=503,
    )
    await traffic.call(
        messages,
        AT + 1_060_000,
        traffic.REGISTRATION,
        "IF-031",
        Status.DELIVERED,
    )
    await portal.log_in()
    page = await portal.page(f"/messages/{sent.transaction_id}")
    stages = ["Received", "Checked", "Wrapped", "Routed", "Committed", "Queued", "Sent", "Status message"]
    places = [page.index(f"<h3>{stage}</h3>") for stage in stages]
    assert places == sorted(places)
    for shown in (
        "19:05:00.000",
        "19:05:01.060",
        "answer 503",
        "delivered after 1.1 s",
        "always recipient by rule",
        "CustomBlock.B909.appointmentCode",
        "MSG1033",
        "5f" * 32,
    ):
        assert shown in page, shown


async def test_what_a_recipient_answers_is_shown_as_text(portal: Portal) -> None:
    sent = traffic.message(1, AT, TO_REGISTRATION)
    await traffic.arrive(portal.store.messages, AT, sent)
    await traffic.call(
        portal.store.messages,
        AT,
        traffic.REGISTRATION,
        "IF-031",
        Status.REJECTED_BY_RECIPIENT,
        detail="<script>alert(1)</script>",
    )
    await portal.log_in()
    page = await portal.page(f"/messages/{sent.transaction_id}")
    assert "&lt;script&gt;" in page and "<script" not in page


async def test_every_page_shows_where_one_is_and_the_moved_clock(portal: Portal) -> None:
    page = await portal.page("/login")
    assert "DEV" in page and "spec" in page and "0.1.0" in page
    assert "The clock runs" not in page
    portal.clock.offset = timedelta(days=14)
    page = await portal.page("/login")
    assert "<strong>14 d</strong> ahead: business time is 2026-04-04 19:05:00 UTC" in page


async def test_an_unknown_message_is_a_page_that_says_so(portal: Portal) -> None:
    await portal.log_in()
    assert "No message has this transaction id" in await portal.page("/messages/T-1", 404)


async def test_an_unknown_address_is_a_page_for_people_and_a_problem_for_programs(portal: Portal) -> None:
    assert "There is nothing at this address." in await portal.page("/nothing", 404)
    answer = await portal.client.get("/admin/api/nothing", headers={"Accept": "text/html"})
    assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_a_fault_of_our_own_names_a_request_id_that_the_log_knows(portal: Portal) -> None:
    await portal.log_in()
    await portal.store.pages.close()
    reader = portal.store.pages._reader
    reader._path = reader._path / "gone"
    page = await portal.page("/messages", 500)
    request_id = page.partition("<code>")[2].partition("</code>")[0]
    assert f'"request_id": "{request_id}"' in portal.log.getvalue()
