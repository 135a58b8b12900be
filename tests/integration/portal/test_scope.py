"""A company's users see what concerns their company, and everybody's totals (FS-50)."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from dip.ground.clock import microseconds
from dip.http.portal.powers import Power
from dip.store.alarms import Alarm, AlarmKind
from dip.store.dead_letters import DeadLetterFilter
from dip.store.records import Status
from tests.integration.portal import traffic
from tests.integration.portal.conftest import START, Mark, Portal
from tests.integration.portal.people import OURS, THEIRS, Meet, Person, add_user, with_companies

AT = microseconds(START)
MPAN = "2000056535971"
TO_REGISTRATION = (traffic.REGISTRATION, "REGS", "primary")
TO_DATA_SERVICE = (traffic.DATA_SERVICE, "SDS", "secondary")
TO_FORMER = (traffic.FORMER_SUPPLIER, "SUP", "secondary")


async def arrivals(portal: Portal) -> None:
    """1: ours to theirs; 2: theirs to ours and to theirs; 3: of nobody's company to theirs; 4: ours to nobody."""
    digest = Mark().digest(MPAN)
    other: dict[str, Any] = {
        "interface": "IF-032",
        "event": "[DSAppInitialResp]",
        "sender": traffic.REGISTRATION,
        "role": "REGS",
    }
    market: dict[str, Any] = {
        "interface": "IF-032",
        "event": "[DSAppInitialResp]",
        "sender": traffic.MARKET_WIDE,
        "role": "MDS",
    }
    await traffic.arrive(
        portal.store.messages,
        AT,
        traffic.message(1, AT, TO_REGISTRATION, digest=digest),
        traffic.message(2, AT, TO_DATA_SERVICE, TO_FORMER, digest=digest, **other),
        traffic.message(3, AT, TO_FORMER, digest=digest, **market),
        traffic.message(4, AT, digest=digest),
    )


async def dead_letter(portal: Portal) -> int:
    """The first message dies in its queue, of their company; the number of the delivery."""
    await traffic.call(portal.store.messages, AT, traffic.REGISTRATION, "IF-031", Status.DELIVERY_FAILURE, answer=400)
    (found,) = await portal.store.dead_letters.newest(DeadLetterFilter(), before=None, limit=10)
    return found.letter.id


async def ids(person: Person, query: str = "") -> list[int]:
    found = await person.get(f"/admin/api/messages?{query}")
    return [one["id"] for one in found["items"]]


@pytest.fixture
async def people(portal: Portal, meet: Meet) -> tuple[Person, Person]:
    """A reader of each company."""
    with_companies(portal)
    await arrivals(portal)
    await add_user(portal, "ours", Power.COMPANY_MESSAGES, company=OURS)
    await add_user(portal, "theirs", Power.COMPANY_MESSAGES, company=THEIRS)
    return await meet("ours"), await meet("theirs")


@pytest.mark.requirement("FS-50")
async def test_each_company_finds_its_own_messages_by_every_mark(people: tuple[Person, Person]) -> None:
    ours, theirs = people
    assert await ids(ours) == [4, 2, 1]
    assert await ids(theirs) == [3, 2, 1]
    assert await ids(ours, f"mpan={MPAN}") == [4, 2, 1]
    assert await ids(theirs, f"mpan={MPAN}") == [3, 2, 1]
    assert await ids(ours, "channel=IF-032") == [2]
    assert await ids(theirs, "channel=IF-031") == [1]
    assert await ids(ours, f"sender={traffic.REGISTRATION}") == [2]
    assert await ids(ours, f"sender={traffic.MARKET_WIDE}") == []
    assert await ids(theirs, f"sender={traffic.MARKET_WIDE}") == [3]
    assert await ids(ours, f"sender={traffic.SUPPLIER}") == [4, 1]
    assert await ids(theirs, f"sender={traffic.SUPPLIER}") == [1]
    assert await ids(ours, "correlation=CI-20260321-00000000000000000000000000") == [2, 1]
    transaction = f"T-IF-032-{traffic.MARKET_WIDE}-MDS-20260321-{3:026X}"
    assert await ids(ours, f"transaction={transaction}") == []
    assert await ids(theirs, f"transaction={transaction}") == [3]


@pytest.mark.requirement("FS-50")
async def test_pages_are_full_though_others_messages_lie_between(portal: Portal, people: tuple[Person, Person]) -> None:
    ours, _ = people
    for number in range(5, 45):
        mine = number % 4 == 0
        route = TO_DATA_SERVICE if mine else TO_FORMER
        await traffic.arrive(
            portal.store.messages, AT, traffic.message(number, AT, route, sender=traffic.MARKET_WIDE, role="MDS")
        )
    found: list[int] = []
    following: Any = ""
    while following is not None:
        page = await ours.get(f"/admin/api/messages?limit=3&next={following}")
        assert len(page["items"]) == 3 or page["next"] is None
        found += [one["id"] for one in page["items"]]
        following = page["next"]
    assert found == [*range(44, 4, -4), 4, 2, 1]


@pytest.mark.requirement("FS-50")
async def test_anothers_message_is_as_unknown_as_none(people: tuple[Person, Person]) -> None:
    ours, theirs = people
    path = f"/admin/api/messages/T-IF-032-{traffic.MARKET_WIDE}-MDS-20260321-{3:026X}"
    refused, unknown = await ours.ask("GET", path), await ours.ask("GET", "/admin/api/messages/T-nothing")
    assert (refused.status, await refused.json()) == (unknown.status, await unknown.json())
    assert refused.status == 404
    await theirs.get(path)
    page = await ours.ask("GET", path.removeprefix("/admin/api"), accept="text/html")
    assert page.status == 404


@pytest.mark.requirement("FS-50")
async def test_a_recipient_sees_not_who_else_got_a_message_but_its_sender_does(people: tuple[Person, Person]) -> None:
    ours, theirs = people
    path = f"/admin/api/messages/T-IF-032-{traffic.REGISTRATION}-REGS-20260321-{2:026X}"
    seen, sent = await ours.get(path), await theirs.get(path)
    assert [one["recipient"] for one in seen["deliveries"]] == [traffic.DATA_SERVICE]
    assert {one["recipient"] for one in sent["deliveries"]} == {traffic.DATA_SERVICE, traffic.FORMER_SUPPLIER}
    assert traffic.FORMER_SUPPLIER not in str(seen)
    (row,) = [one for one in (await ours.get("/admin/api/messages"))["items"] if one["id"] == 2]
    assert row["deliveries"] == {"waiting": 1}
    page = await ours.ask("GET", path.removeprefix("/admin/api"), accept="text/html")
    assert page.status == 200
    assert traffic.FORMER_SUPPLIER not in await page.text()


@pytest.mark.requirement("FS-50")
async def test_a_user_of_some_dip_ids_sees_those_alone(
    portal: Portal, meet: Meet, people: tuple[Person, Person]
) -> None:
    await add_user(portal, "narrow", Power.READ_ONLY, company=OURS, dip_ids=(traffic.DATA_SERVICE,))
    assert await ids(await meet("narrow")) == [2]


async def test_a_company_without_participants_sees_nothing(portal: Portal, meet: Meet, people: Any) -> None:
    await add_user(portal, "empty", Power.READ_ONLY, company="00000000")
    assert await ids(await meet("empty")) == []


@pytest.mark.requirement("FS-50")
async def test_queues_endpoints_and_alarms_are_ones_own(portal: Portal, people: tuple[Person, Person]) -> None:
    ours, theirs = people
    ours_queues, theirs_queues = await ours.get("/admin/api/queues"), await theirs.get("/admin/api/queues")
    assert {one["recipient"] for one in ours_queues["items"]} == {traffic.DATA_SERVICE}
    assert {one["recipient"] for one in theirs_queues["items"]} == {traffic.REGISTRATION, traffic.FORMER_SUPPLIER}
    assert ours_queues["endpoints"] == []
    (endpoint,) = theirs_queues["endpoints"]
    assert (await ours.get("/admin/api/endpoints"))["items"] == []
    known, unknown = (
        await ours.ask("GET", f"/admin/api/endpoints/{endpoint['id']}"),
        await ours.ask("GET", "/admin/api/endpoints/nothing"),
    )
    assert (known.status, await known.json()) == (404, await unknown.json())
    assert (await ours.ask("POST", f"/admin/api/endpoints/{endpoint['id']}/pause")).status == 404
    assert (await theirs.ask("POST", f"/admin/api/endpoints/{endpoint['id']}/pause")).status == 200
    order = {"recipient": traffic.REGISTRATION, "url": "https://localhost:9000/", "channels": ["IF-031"]}
    assert (await ours.ask("POST", "/admin/api/endpoints", order)).status == 400
    await portal.store.alarms.save(
        [
            Alarm(kind=AlarmKind.DEAD_LETTERS, subject=f"{one} IF-031", raised_at=START, updated_at=START, detail="x")
            for one in (traffic.DATA_SERVICE, traffic.REGISTRATION)
        ]
    )
    assert [one["subject"][:10] for one in (await ours.get("/admin/api/alarms"))["items"]] == [traffic.DATA_SERVICE]


@pytest.mark.requirement("FS-50")
async def test_totals_are_everybodys(people: tuple[Person, Person]) -> None:
    ours, theirs = people
    first, second = await ours.get("/admin/api/balance"), await theirs.get("/admin/api/balance")
    assert [one["accepted"] for one in first["items"]] == [one["accepted"] for one in second["items"]]
    assert sum(one["accepted"] for one in first["items"]) == 4


@pytest.mark.requirement("FS-50")
async def test_dead_letters_are_seen_by_sender_and_recipient_and_moved_by_the_recipient(
    portal: Portal, people: tuple[Person, Person]
) -> None:
    ours, theirs = people
    number = await dead_letter(portal)
    path = f"/admin/api/dead-letters/{number}"
    for person in people:
        (one,) = (await person.get("/admin/api/dead-letters"))["items"]
        assert one["id"] == number
        await person.get(path)
    assert (await ours.ask("POST", f"{path}/requeue")).status == 403
    answer = await ours.ask("POST", "/admin/api/dead-letters/requeue", {})
    assert (await answer.json())["requeued"] == 0
    answer = await theirs.ask("POST", "/admin/api/dead-letters/requeue", {})
    assert (await answer.json())["requeued"] == 1


@pytest.mark.requirement("FS-50")
async def test_dead_letters_of_others_are_unknown(portal: Portal, meet: Meet, people: tuple[Person, Person]) -> None:
    number = await dead_letter(portal)
    await add_user(portal, "narrow", Power.COMPANY_MESSAGES, company=OURS, dip_ids=(traffic.DATA_SERVICE,))
    narrow = await meet("narrow")
    assert (await narrow.get("/admin/api/dead-letters"))["items"] == []
    for action in ("", "/requeue", "/withdraw"):
        method = "POST" if action else "GET"
        assert (await narrow.ask(method, f"/admin/api/dead-letters/{number}{action}")).status == 404
    assert str(number) not in await (await narrow.ask("GET", "/admin/api/dead-letters.csv")).text()


@pytest.mark.requirement("FS-57")
async def test_a_replay_is_asked_for_ones_own_participants_alone(people: tuple[Person, Person]) -> None:
    ours, _ = people
    answer = await ours.ask("POST", "/admin/api/requeues", {"recipient": traffic.REGISTRATION, "channel": "IF-031"})
    assert (answer.status, (await answer.json())["detail"][:10]) == (400, "/recipient")
    page = await (await ours.ask("GET", "/replay", accept="text/html")).text()
    assert traffic.REGISTRATION not in page


async def test_what_was_queued_again_stands_where_it_was_received(
    portal: Portal, people: tuple[Person, Person], tmp_path: Path
) -> None:
    ours, _ = people
    before = await ids(ours)
    with contextlib.closing(sqlite3.connect(tmp_path / "dip.sqlite")) as connection, connection:
        lane, sequence, message = connection.execute(
            "SELECT lane, sequence, message FROM delivery d JOIN lane l ON l.id = d.lane WHERE l.recipient = ?",
            (traffic.DATA_SERVICE,),
        ).fetchone()
        rows = [(message, lane, sequence + number, AT, 7) for number in range(1, 60)]
        connection.executemany(
            "INSERT INTO delivery (message, lane, sequence, queued_at, replay, requeue) VALUES (?, ?, ?, ?, 1, ?)", rows
        )
    assert await ids(ours, "limit=3") == before
