"""The general audit report: columns, marks, searches, scope (FS-54, FS-50)."""

from typing import Any

import pytest

from dip.ground.clock import microseconds
from dip.http.portal.powers import Power
from dip.store.records import Status
from tests.conftest import Serve
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Mark, Portal, meet, portal, registry
from tests.integration.portal.people import OURS, THEIRS, Meet, Person, add_user, with_companies
from tests.integration.trails.stage import MPAN, SUPPLIER, Office, appointment, say

__all__ = ("meet", "portal", "registry")
AT = microseconds(START)
TO_REGISTRATION = (traffic.REGISTRATION, "REGS", "primary")
TO_DATA_SERVICE = (traffic.DATA_SERVICE, "SDS", "primary")
TO_FORMER = (traffic.FORMER_SUPPLIER, "SUP", "secondary")
TO_MARKET = (traffic.MARKET_WIDE, "MDS", "always")
WORKFLOW = f"CI-20260321-{0:026X}"


async def arrivals(portal: Portal) -> None:
    """1: IF-031, one takes it, one refuses, one is not reached. 2: IF-033 of its workflow. 3: another, to nobody."""
    digest, messages = Mark().digest(MPAN), portal.store.messages
    asked: dict[str, Any] = {"interface": "IF-033", "event": "[DSAppSPRequest]", "sender": traffic.REGISTRATION}
    await traffic.arrive(
        messages,
        AT,
        traffic.message(1, AT, TO_REGISTRATION, TO_FORMER, TO_MARKET, digest=digest),
        traffic.message(2, AT, TO_DATA_SERVICE, role="REGS", digest=digest, **asked),
        traffic.message(8, AT),
    )
    await traffic.call(messages, AT, traffic.REGISTRATION, "IF-031", Status.DELIVERED)
    await traffic.call(messages, AT, traffic.FORMER_SUPPLIER, "IF-031", Status.REJECTED_BY_RECIPIENT)
    await traffic.call(messages, AT, traffic.MARKET_WIDE, "IF-031", Status.DELIVERY_FAILURE, answer=400)


def numbers(found: dict[str, Any]) -> list[int]:
    return [row["id"] for row in found["items"]]


@pytest.mark.requirement("FS-54")
async def test_a_line_marks_what_became_of_a_message_and_names_who_did_not_get_it(portal: Portal) -> None:
    await arrivals(portal)
    *_, row = (await portal.ask("audit"))["items"]
    assert (row["sent"], row["dip"], row["mpan"]) == (True, True, None)
    assert (row["received"], row["failed"], row["undelivered"], row["waiting"]) == (
        [traffic.REGISTRATION],
        [traffic.FORMER_SUPPLIER],
        [traffic.MARKET_WIDE],
        [],
    )
    newest, second, _ = (await portal.ask("audit"))["items"]
    assert (newest["dip"], newest["received"]) == (False, [])
    assert second["waiting"] == [traffic.DATA_SERVICE]
    await portal.log_in()
    page = await portal.page("/audit")
    for shown in ("Date/time", "Sent", "DIP", "Received", "Failed", "Undelivered", "Details", row["reference"]):
        assert shown in page, shown
    assert f'href="/messages/{row["transactionId"]}"' in page and MPAN not in page
    assert "1 waiting" in page


@pytest.mark.requirement("FS-54")
async def test_the_report_is_searched_by_any_id_sender_channel_process_and_time(portal: Portal) -> None:
    await arrivals(portal)
    reference = f"S-IF-031-{traffic.SUPPLIER}-SUP-20260321-00000008"
    transaction = f"T-IF-033-{traffic.REGISTRATION}-REGS-20260321-{2:026X}"
    for query, expected in (
        (f"id={MPAN}", [2, 1]),
        ("id=2000%20056535%20971", [2, 1]),
        (f"mpan={MPAN}&channel=IF-033", [2]),
        (f"id={WORKFLOW}", [2, 1]),
        (f"correlation={WORKFLOW}&sender={traffic.SUPPLIER}", [1]),
        (f"id={reference}", [3]),
        (f"id={transaction}", [2]),
        ("id=nothing-of-the-kind", []),
        (f"sender={traffic.SUPPLIER}", [3, 1]),
        (f"sender={traffic.SUPPLIER}&process=BP002", [3, 1]),
        (f"sender={traffic.SUPPLIER}&channel=IF-033", []),
        ("process=BP002", [3, 2, 1]),
        ("process=BP007", []),
        ("process=BP002&channel=IF-033", [2]),
        (f"process=BP002&correlation={WORKFLOW}", [2, 1]),
        ("from=2026-03-21&to=2026-03-21", [3, 2, 1]),
        ("to=2026-03-20", []),
        ("from=2026-03-22", []),
        ("from=2026-03-22&process=BP002", []),
    ):
        assert numbers(await portal.ask(f"audit?{query}")) == expected, query
    assert {row["mpan"] for row in (await portal.ask(f"audit?id={MPAN}"))["items"]} == {MPAN}
    for query in ("from=today", "id=12", f"mpan={MPAN}&correlation={WORKFLOW}", "form=xml", "limit=0"):
        await portal.ask(f"audit?{query}", 400)
    await portal.log_in()
    assert "MPAN report" in await portal.page(f"/audit?id={MPAN}")
    assert "Correlation id report" in await portal.page(f"/audit?id={WORKFLOW}")
    assert "Sender report" in await portal.page(f"/audit?sender={traffic.SUPPLIER}")
    assert "thirteen digits" in await portal.page("/audit?id=12", 400)


@pytest.mark.requirement("FS-54")
async def test_the_report_is_paged_by_key_and_exported(portal: Portal) -> None:
    await arrivals(portal)
    for query in ("", f"&id={MPAN}", "&process=BP002", f"&sender={traffic.SUPPLIER}"):
        whole = numbers(await portal.ask(f"audit?{query}"))
        found: list[int] = []
        following: int | None = 2**62
        while following is not None:
            page = await portal.ask(f"audit?limit=1{query}&next={following}")
            found += numbers(page)
            following = page["next"]
        assert found == whole, query
    answer = await portal.client.get(
        "/admin/api/audit?form=csv&limit=2", headers={"Authorization": "Bearer an-administration-token"}
    )
    lines = (await answer.text()).splitlines()
    assert lines[0].startswith("dateTime,senderUniqueReference,transactionId,correlationId,MPAN")
    assert len(lines) == 3 and answer.headers["X-Next"] == "2"


@pytest.mark.requirement("FS-54")
async def test_messages_are_found_by_their_envelope_reference(serve: Serve) -> None:
    async with serve() as platform:
        opening = appointment(platform).opening()
        await say(platform, SUPPLIER, opening, envelope="E-2026-1")
        await say(platform, SUPPLIER, opening, envelope="E-2026-2")
        office = Office(platform)
        for query in ("id=E-2026-1", "envelope=E-2026-1", f"envelope=E-2026-1&sender={SUPPLIER}"):
            (row,) = (await office.ask(f"audit?{query}"))["items"]
            assert row["envelopeReference"] == "E-2026-1"
        assert (await office.ask("audit?envelope=E-2026-1&sender=2300000002"))["items"] == []


@pytest.fixture
async def people(portal: Portal, meet: Meet) -> tuple[Person, Person, Person]:
    """A reader of each company, and one of the data service alone."""
    with_companies(portal)
    await arrivals(portal)
    await add_user(portal, "ours", Power.COMPANY_MESSAGES, company=OURS, dip_ids=(traffic.SUPPLIER,))
    await add_user(portal, "theirs", Power.COMPANY_MESSAGES, company=THEIRS)
    await add_user(portal, "service", Power.READ_ONLY, company=OURS, dip_ids=(traffic.DATA_SERVICE,))
    return await meet("ours"), await meet("theirs"), await meet("service")


@pytest.mark.requirement("FS-50")
async def test_each_company_audits_its_own_messages_and_recipients(people: tuple[Person, Person, Person]) -> None:
    ours, theirs, service = people
    assert numbers(await ours.get("/admin/api/audit")) == [3, 1]
    assert numbers(await theirs.get("/admin/api/audit")) == [2, 1]
    assert numbers(await service.get("/admin/api/audit")) == [2]
    for query in (f"id={MPAN}", f"id={WORKFLOW}", "process=BP002", f"sender={traffic.REGISTRATION}"):
        assert numbers(await service.get(f"/admin/api/audit?{query}")) == [2], query
    for query in (f"sender={traffic.SUPPLIER}", f"sender={traffic.SUPPLIER}&process=BP002", "channel=IF-031"):
        assert numbers(await service.get(f"/admin/api/audit?{query}")) == [], query
    _, row = (await theirs.get("/admin/api/audit"))["items"]
    assert (row["received"], row["failed"], row["undelivered"]) == (
        [traffic.REGISTRATION],
        [traffic.FORMER_SUPPLIER],
        [],
    )


@pytest.mark.requirement("FS-50", "FS-53")
async def test_a_run_shows_a_visitor_only_the_stages_that_it_sent_or_got(
    portal: Portal, people: tuple[Person, Person, Person]
) -> None:
    ours, theirs, service = people

    async def row(person: Person, query: str = "") -> dict[str, Any]:
        found = (await person.get(f"/admin/api/flows/change-of-service?{query}"))["items"]
        return {
            cell["stage"]: cell["state"]
            for cell in found[-1]["cells"]
            if cell["state"] in ("reached", "failed", "unseen")
        }

    asked, passed_on = "Service appointment requested", "Service appointment sent to agent"
    assert await row(ours) == {asked: "failed"}
    assert (await row(theirs)).keys() >= {asked, passed_on}
    seen = await row(service)
    assert seen[passed_on] == "reached" and seen[asked] == "unseen"
    assert await row(service, f"mpan={MPAN}") == seen == await row(service, f"participant={traffic.REGISTRATION}")
    (found,) = (await service.get("/admin/api/flows/change-of-service"))["items"]
    assert found["participants"] == [traffic.REGISTRATION]
    assert (await service.get(f"/admin/api/flows/change-of-service?participant={traffic.SUPPLIER}"))["items"] == []
    own = "flows/own?link=correlation&message=IF-031%20DSApp"
    assert (await service.get(f"/admin/api/{own}"))["items"] == []
    page = await (await service.ask("GET", "/flows/change-of-service", accept="text/html")).text()
    assert "not among your messages" in page and f"T-IF-031-{traffic.SUPPLIER}" not in page
    assert len((await portal.ask("flows/change-of-service"))["items"]) == 2


@pytest.mark.requirement("FS-53")
async def test_the_pages_of_flows_show_stages_lanes_and_the_form_for_a_report_of_ones_own(portal: Portal) -> None:
    await arrivals(portal)
    await portal.log_in()
    assert 'href="/flows/acquisition"' in await portal.page("/flows")
    page = await portal.page(f"/flows/change-of-service?mpan={MPAN}")
    for shown in (
        "Service appointment requested",
        "Data service",
        "MPAN <code>2000056535971",
        "not delivered to everybody",
    ):
        assert shown in page, shown
    assert "Nobody has gone through this flow yet" in await portal.page("/flows/metering-activity")
    assert "No business flow has this name" in await portal.page("/flows/nothing", 404)
    form = await portal.page("/flows/own")
    assert "Stage 1" in form and "IF-031 DSApp" in form
    own = "/flows/own?title=Mine&link=correlation&message=IF-031+DSApp&response=&stage=Asked&message=&response=&stage="
    page = await portal.page(own)
    assert "<h1>Mine</h1>" in page and ">Asked</th>" in page
    assert "no channel of this id" in await portal.page("/flows/own?message=IF-999", 400)
