"""Sequence diagrams of messages: what they are asked for, what they show, and to whom."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from dip.ground.clock import microseconds
from dip.http.portal.powers import Power
from dip.store.records import Status
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Mark, Portal
from tests.integration.portal.people import OURS, THEIRS, Meet, Person, add_user, with_companies

AT = microseconds(START)
SECOND = 1_000_000
MPAN = "2000056535971"
CORRELATION = "CI-20260321-00000000000000000000000000"
TO_REGISTRATION = (traffic.REGISTRATION, "REGS", "primary")
TO_FORMER = (traffic.FORMER_SUPPLIER, "SUP", "secondary")
TO_SUPPLIER = (traffic.SUPPLIER, "SUP", "primary")
FIRST, REPLY, OTHER = (
    f"T-IF-031-{traffic.SUPPLIER}-SUP-20260321-{1:026X}",
    f"T-IF-032-{traffic.REGISTRATION}-REGS-20260321-{2:026X}",
    f"T-IF-031-{traffic.SUPPLIER}-SUP-20260321-{5:026X}",
)


async def correlated(portal: Portal) -> None:
    """A request to two recipients, one of whom refuses it, its reply, and a message of another correlation later."""
    messages, digest = portal.store.messages, Mark().digest(MPAN)
    await traffic.arrive(messages, AT, traffic.message(1, AT, TO_REGISTRATION, TO_FORMER, digest=digest))
    await traffic.call(messages, AT + SECOND, traffic.REGISTRATION, "IF-031", Status.RETRYING, answer=503)
    await traffic.call(messages, AT + 2 * SECOND, traffic.REGISTRATION, "IF-031", Status.DELIVERED)
    await traffic.call(
        messages, AT + 3 * SECOND, traffic.FORMER_SUPPLIER, "IF-031", Status.DELIVERY_FAILURE, answer=400
    )
    at = AT + 60 * SECOND
    reply = traffic.message(
        2, at, TO_SUPPLIER, interface="IF-032", event="[DSAppInitialResp]", sender=traffic.REGISTRATION, role="REGS"
    )
    await traffic.arrive(messages, at, reply)
    at = AT + 3600 * SECOND
    await traffic.arrive(messages, at, traffic.message(5, at, TO_REGISTRATION))


def times(text: str) -> dict[str, int]:
    return {one: text.count(one) for one in (FIRST, REPLY, OTHER)}


def shown(mermaid: str) -> list[str]:
    """The arrows of a Mermaid text, without times."""
    found = re.findall(r"(P\d+)(\S+?)(P\d+): [\d:. -]*\d ((?:IF|REP)-.*)", mermaid)
    return [" ".join(one) for one in found]


@pytest.mark.requirement("FS-53", "FS-55")
async def test_a_correlation_is_drawn_with_its_reply_and_what_failed(portal: Portal) -> None:
    await correlated(portal)
    await portal.log_in()
    page = await portal.page(f"/diagrams?correlation={CORRELATION}")
    assert "2 messages" in page
    assert OTHER not in page
    assert f'href="/messages/{quote(FIRST)}"' in page
    for word in ("Ember Supply", "Registration North", "Flint Energy", "reply to 1", "✕ dead letter", "retried once"):
        assert word in page, word
    text = await portal.page(f"/diagrams/diagram.mmd?correlation={CORRELATION}")
    assert shown(text) == [
        "P1 ->> P2 IF-031 [DSApp]",
        "P2 ->> P3 IF-031 ✓ delivered (retried once)",
        "P2 -x P4 IF-031 ✕ dead letter (answer 400)",
        "P3 ->> P2 IF-032 [DSAppInitialResp] (reply to 1)",
        "P2 --) P1 IF-032 ○ waiting",
    ]
    assert "P1 as Ember Supply (SUP)" in text


@pytest.mark.requirement("FS-53", "FS-55")
async def test_one_mpan_one_message_or_a_time_is_drawn(portal: Portal) -> None:
    await correlated(portal)
    await portal.log_in()
    for query, there in (
        (f"mpan={MPAN}", {FIRST}),
        (f"mpan={MPAN[:4]} {MPAN[4:]}", {FIRST}),
        (f"transaction={REPLY}", {REPLY}),
        ("from=2026-03-21T19:05:30", {REPLY, OTHER}),
        ("from=2026-03-21T19:05:30&to=2026-03-21T19:10", {REPLY}),
        ("to=2026-03-21T19:06:00Z", {FIRST}),
        ("to=2026-03-21T19:06:00.000001%2B00:00", {FIRST, REPLY}),
        ("to=2026-03-21T20:06:00+01:00", {FIRST}),
        ("from=2026-03-21&to=2026-03-22", {FIRST, REPLY, OTHER}),
        (f"correlation={CORRELATION}&from=2026-03-21T19:05:30", {REPLY}),
        (f"transaction={REPLY}&mpan={MPAN}", set()),
        ("to=2026-03-20", set()),
        ("from=2026-03-23", set()),
    ):
        page = await portal.page(f"/diagrams?{query}")
        assert {one for one, many in times(page.partition("The same as a table")[2]).items() if many} == there, query
        assert ("No message fits" in page) is not bool(there), query


async def test_the_number_of_an_mpan_stands_in_the_form_alone(portal: Portal) -> None:
    await correlated(portal)
    await portal.log_in()
    page = await portal.page(f"/diagrams?mpan={MPAN}")
    files, head = 3, 3
    assert page.count(MPAN) == 1 + files + head, "the field, the links to files, the forms that lead back or save"
    assert len(re.findall(rf'(?:value|href)="[^"]*{MPAN}[^"]*"', page)) == page.count(MPAN)
    for name in ("diagram.svg", "diagram.mmd", "diagram.html"):
        assert MPAN not in await portal.page(f"/diagrams/{name}?mpan={MPAN}")
    assert MPAN not in portal.log.getvalue()


async def test_a_query_that_says_nothing_or_nonsense_is_answered_in_words(portal: Portal) -> None:
    await correlated(portal)
    await portal.log_in()
    assert "Nothing drawn yet" in await portal.page("/diagrams")
    for query, words in (
        ("mpan=12", "An MPAN has thirteen digits."),
        ("from=yesterday", "from is a time such as"),
        ("to=9999-12-31T23:59:59-23:59", "to is a time such as"),
        ("from=2026-03-22&to=2026-03-21", "from is before to."),
    ):
        assert words in await portal.page(f"/diagrams?{query}", 400), query
        assert words in await portal.page(f"/diagrams/diagram.svg?{query}", 400), query
    assert "A diagram needs" in await portal.page("/diagrams/diagram.mmd", 400)
    first, last = "0001-01-01T00:00:00%2B00:00", "9999-12-31T23:59:59"
    assert "3 messages" in await portal.page(f"/diagrams?from={first}&to={last}")


@pytest.mark.requirement("FS-53")
async def test_files_stand_alone(portal: Portal) -> None:
    await correlated(portal)
    await portal.log_in()
    for name, kind in (("svg", "image/svg+xml"), ("mmd", "text/plain"), ("html", "text/html")):
        answer = await portal.client.get(f"/diagrams/diagram.{name}?correlation={CORRELATION}")
        assert (answer.status, answer.content_type) == (200, kind)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="diagram.{name}"'
        text = await answer.text()
        assert CORRELATION in text
        for part in ("<script", "<link", "href=", "src=", "url(", "@import"):
            assert part not in text, (name, part)


@pytest.mark.requirement("FS-50", "FS-53")
async def test_a_company_sees_only_what_its_participants_sent_or_were_sent(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await correlated(portal)
    market = (traffic.MARKET_WIDE, "MDS", "secondary")
    at = AT + 7200 * SECOND
    foreign = traffic.message(6, at, TO_FORMER, market, sender=traffic.MARKET_WIDE, role="MDS")
    await traffic.arrive(portal.store.messages, at, foreign)
    await add_user(portal, "ours", Power.COMPANY_MESSAGES, company=OURS)
    await add_user(portal, "former", Power.COMPANY_MESSAGES, company=THEIRS, dip_ids=(traffic.FORMER_SUPPLIER,))
    ours, former = await meet("ours"), await meet("former")

    async def arrows(person: Person, query: str) -> str:
        answer = await person.ask("GET", f"/diagrams/diagram.mmd?{query}")
        assert answer.status == 200
        return str(await answer.text())

    whole = await arrows(ours, f"correlation={CORRELATION}")
    assert "Flint Energy" in whole, "a sender sees all its recipients, as on the message's page"
    theirs = await arrows(former, f"correlation={CORRELATION}")
    assert shown(theirs) == ["P1 ->> P2 IF-031 [DSApp]", "P2 -x P3 IF-031 ✕ dead letter (answer 400)"]
    assert "Registration North" not in theirs, "a recipient does not learn who else got it"
    for query in (f"mpan={MPAN}", f"transaction={FIRST}", "from=2026-03-21T19:00&to=2026-03-21T19:30"):
        assert shown(await arrows(former, query)) == shown(theirs), query
    assert shown(await arrows(former, f"transaction={REPLY}")) == []
    everything = await arrows(ours, "from=2026-03-21")
    assert "Market-wide" not in everything
    assert "Market-wide" in await arrows(former, "from=2026-03-21")


async def test_who_may_not_see_messages_sees_no_diagram(portal: Portal, meet: Meet) -> None:
    await add_user(portal, "keys", Power.CERTIFICATES)
    person = await meet("keys")
    for path in ("/diagrams", "/diagrams/diagram.svg", "/diagrams/diagram.mmd", "/diagrams/diagram.html"):
        assert (await person.ask("GET", f"{path}?correlation={CORRELATION}")).status == 403


@pytest.mark.requirement("FS-53")
async def test_pages_about_messages_lead_to_diagrams(portal: Portal) -> None:
    await correlated(portal)
    await portal.log_in()
    page = await portal.page(f"/messages/{FIRST}")
    assert f'href="/diagrams?correlation={CORRELATION}"' in page
    assert f'href="/diagrams?transaction={FIRST}"' in page
    assert f'href="/diagrams?correlation={CORRELATION}"' in await portal.page(f"/messages?correlation={CORRELATION}")
    both = f"correlation={CORRELATION}&channel=IF-031"
    assert 'href="/diagrams?' not in await portal.page(f"/messages?{both}"), "a diagram takes no channel"
    assert 'href="/diagrams?' not in await portal.page("/messages?correlation=CI-nothing")


async def test_the_first_message_of_a_time_is_found_among_many_with_gaps(portal: Portal) -> None:
    pages = portal.store.pages
    assert await pages.first_received_from(START) is None
    moments = [0, 0, 1, 5, 5, 5, 9]
    for number, seconds in enumerate(moments, 1):
        at = AT + seconds * SECOND
        await traffic.arrive(portal.store.messages, at, traffic.message(number, at))
    for seconds in range(-1, 11):
        found = await pages.first_received_from(START + timedelta(seconds=seconds))
        assert found == 1 + len([one for one in moments if one < seconds]), seconds
