"""Incidents by call: raised, seen by whom they concern, owned, resolved, confirmed, never reopened."""

import sqlite3
from datetime import timedelta
from typing import Any

import pytest

from dip.http.portal.powers import Power
from dip.store.incidents import Incident
from tests.integration.portal import traffic
from tests.integration.portal.conftest import Portal
from tests.integration.portal.people import OURS, THEIRS, Meet, Person, add_user, with_companies

ALL = "/admin/api/incidents"
NEW = {"title": "No answers", "description": "IF-031 is not answered", "impact": "medium", "urgency": "medium"}
MAJOR = {**NEW, "impact": "high", "urgency": "high"}
REVIEW = {
    "heldOn": "2026-03-23",
    "text": "It was seen late.",
    "actions": [{"what": "Watch it", "who": "operations", "due": "2026-04-01"}],
}


class People:
    """A user of each company, one that only reads, and the service desk."""

    def __init__(self, ours: Person, theirs: Person, reader: Person, desk: Person) -> None:
        self.ours = ours
        self.theirs = theirs
        self.reader = reader
        self.desk = desk


@pytest.fixture
async def people(portal: Portal, meet: Meet) -> People:
    with_companies(portal)
    await add_user(portal, "ours", Power.COMPANY_MESSAGES, company=OURS)
    await add_user(portal, "theirs", Power.COMPANY_MESSAGES, company=THEIRS)
    await add_user(portal, "reader", Power.READ_ONLY, company=OURS)
    await add_user(portal, "desk", Power.SUPPORT)
    return People(*[await meet(name) for name in ("ours", "theirs", "reader", "desk")])


async def do(person: Person, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """A call below the incidents; its answer."""
    answer = await person.ask(method, f"{ALL}{path}", body)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None) if status != 204 else None


async def raised(person: Person, new: dict[str, Any] = NEW) -> int:
    made = await do(person, "POST", "", new, 201)
    return int(made["number"])


async def resolved(people: People, number: int) -> None:
    await do(people.desk, "PATCH", f"/{number}", {"owner": "desk"})
    await do(people.desk, "POST", f"/{number}/resolve", {"resolution": "Restarted", "rootCause": "A full disk"})


async def numbers(person: Person, query: str = "") -> list[int]:
    found = await do(person, "GET", f"?{query}")
    return [one["number"] for one in found["items"]]


@pytest.mark.requirement("FS-63")
async def test_an_incident_goes_its_way_to_the_confirmation_of_the_one_who_raised_it(people: People) -> None:
    made = await do(people.ours, "POST", "", {**NEW, "channels": ["IF-031"]}, 201)
    number = made["number"]
    assert (made["priority"], made["state"], made["company"], made["raisedBy"]) == (3, "open", OURS, "ours")
    assert (await do(people.desk, "PATCH", f"/{number}", {"owner": "desk"}))["state"] == "assigned"
    assert (await do(people.desk, "PATCH", f"/{number}", {"team": "network"}))["state"] == "escalated"
    await do(people.desk, "POST", f"/{number}/contacts", {"way": "phone", "person": "Pat", "text": "Told"}, 204)
    after = await do(people.desk, "POST", f"/{number}/resolve", {"resolution": "Restarted", "rootCause": "A full disk"})
    assert after["state"] == "resolved"
    assert (await do(people.ours, "POST", f"/{number}/confirm", {"solved": False, "text": "Not yet"}))[
        "state"
    ] == "assigned"
    await resolved(people, number)
    closed = await do(people.ours, "POST", f"/{number}/confirm", {"solved": True})
    assert (closed["state"], closed["confirmedBy"]) == ("closed", "ours")
    history = (await do(people.ours, "GET", f"/{number}/history"))["items"]
    assert [one["number"] for one in history] == list(range(len(history), 0, -1))
    assert [one["text"] for one in history if one["kind"] == "contact"] == ["Told"]
    states = [one["changes"]["state"][1] for one in reversed(history) if "state" in one["changes"]]
    assert states == ["assigned", "escalated", "resolved", "assigned", "resolved", "closed"]
    assert {one["author"] for one in history} == {"ours", "desk"}


@pytest.mark.requirement("FS-63")
async def test_a_closed_incident_is_never_reopened_but_followed_by_a_related_one(
    people: People, portal: Portal
) -> None:
    number = await raised(people.ours)
    await resolved(people, number)
    await do(people.ours, "POST", f"/{number}/confirm", {"solved": True})
    for method, path, body in (
        ("PATCH", "", {"owner": "desk"}),
        ("PATCH", "", {"notice": "Everybody"}),
        ("POST", "/resolve", {"resolution": "Again"}),
        ("POST", "/contacts", {"way": "page", "text": "Again"}),
        ("POST", "/review", REVIEW),
    ):
        said = await do(people.desk, method, f"/{number}{path}", body, 409)
        assert "never reopened" in said["detail"]
    await do(people.ours, "POST", f"/{number}/confirm", {"solved": False, "text": "No"}, 409)
    following = await raised(people.ours, {**NEW, "related": [number]})
    assert (await do(people.ours, "GET", f"/{number}"))["related"] == [following]
    assert (await do(people.ours, "GET", f"/{following}"))["related"] == [number]
    stored = portal.store.incidents.one(number)
    assert isinstance(stored, Incident)
    # What the server itself might try: the store refuses it.
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        await portal.store.incidents.save(stored, [])


@pytest.mark.requirement("FS-63")
async def test_only_the_one_who_raised_it_confirms(people: People, meet: Meet, portal: Portal) -> None:
    number = await raised(people.ours)
    await resolved(people, number)
    await do(people.desk, "POST", f"/{number}/confirm", {"solved": True}, 403)
    await do(people.reader, "POST", f"/{number}/confirm", {"solved": True}, 403)
    await do(people.theirs, "POST", f"/{number}/confirm", {"solved": True}, 404)
    await portal.store.users.remove_user("ours")
    # Nobody could close it any more: another user of the company speaks for it.
    assert (await do(people.reader, "POST", f"/{number}/confirm", {"solved": True}))["state"] == "closed"


@pytest.mark.requirement("FS-63")
async def test_what_the_desk_raises_for_a_participant_its_company_confirms(people: People) -> None:
    number = await raised(people.desk, {**NEW, "participant": traffic.SUPPLIER})
    assert (await do(people.ours, "GET", f"/{number}"))["company"] == OURS
    await do(people.theirs, "GET", f"/{number}", status=404)
    await resolved(people, number)
    assert (await do(people.ours, "POST", f"/{number}/confirm", {"solved": True}))["state"] == "closed"


@pytest.mark.requirement("FS-64")
async def test_a_major_incident_is_closed_with_its_review_alone(people: People) -> None:
    number = await raised(people.ours, MAJOR)
    await do(people.desk, "POST", f"/{number}/review", REVIEW, 409)
    await resolved(people, number)
    confirmed = await do(people.ours, "POST", f"/{number}/confirm", {"solved": True})
    assert (confirmed["priority"], confirmed["state"], confirmed["confirmedBy"]) == (1, "resolved", "ours")
    await do(people.desk, "PATCH", f"/{number}", {"owner": "desk"}, 409)
    closed = await do(people.desk, "POST", f"/{number}/review", REVIEW)
    assert closed["state"] == "closed"
    assert closed["review"]["actions"] == REVIEW["actions"]


@pytest.mark.requirement("FS-63")
async def test_each_company_sees_its_own_and_what_is_published(people: People) -> None:
    own, other = await raised(people.ours), await raised(people.theirs)
    assert (await numbers(people.ours), await numbers(people.theirs)) == ([own], [other])
    assert await numbers(people.desk) == [other, own]
    for path in (f"/{own}", f"/{own}/history"):
        await do(people.theirs, "GET", path, status=404)
    await do(people.theirs, "POST", f"/{own}/contacts", {"way": "page", "text": "Hello"}, 404)
    await do(people.theirs, "POST", "", {**NEW, "related": [own]}, 404)
    await do(people.theirs, "POST", "", {**NEW, "participant": traffic.SUPPLIER}, 404)
    await do(people.desk, "PATCH", f"/{own}", {"notice": "IF-031 is slow; we are working on it."})
    assert await numbers(people.theirs) == [other, own]
    seen = await do(people.theirs, "GET", f"/{own}")
    assert (seen["notice"], seen["own"]) == ("IF-031 is slow; we are working on it.", False)
    assert not {"description", "raisedBy", "company", "owner", "rootCause"} & set(seen)
    await do(people.theirs, "GET", f"/{own}/history", status=404)
    await do(people.desk, "PATCH", f"/{own}", {"notice": None})
    assert await numbers(people.theirs) == [other]


@pytest.mark.requirement("FS-63")
async def test_a_user_of_some_participants_does_not_see_those_of_others(
    people: People, portal: Portal, meet: Meet
) -> None:
    await add_user(portal, "narrow", Power.COMPANY_MESSAGES, company=OURS, dip_ids=(traffic.DATA_SERVICE,))
    narrow = await meet("narrow")
    of_company = await raised(people.ours)
    of_supplier = await raised(people.ours, {**NEW, "participant": traffic.SUPPLIER})
    of_data_service = await raised(people.ours, {**NEW, "participant": traffic.DATA_SERVICE})
    assert await numbers(narrow) == [of_data_service, of_company]
    await do(narrow, "GET", f"/{of_supplier}", status=404)


@pytest.mark.requirement("FS-63")
async def test_users_of_a_company_manage_nothing(people: People) -> None:
    number = await raised(people.ours)
    await do(people.ours, "PATCH", f"/{number}", {"impact": "high"}, 403)
    await do(people.ours, "POST", f"/{number}/resolve", {"resolution": "Done"}, 403)
    await do(people.ours, "POST", f"/{number}/contacts", {"way": "phone", "person": "the desk", "text": "Hello"}, 204)
    (last, _) = (await do(people.ours, "GET", f"/{number}/history"))["items"]
    assert (last["way"], last["person"], last["author"]) == ("page", "ours", "ours")


@pytest.mark.requirement("FS-63")
async def test_the_escalation_queue_has_what_is_escalated_and_what_is_late(people: People, portal: Portal) -> None:
    late, other = await raised(people.ours, MAJOR), await raised(people.ours)
    assert await numbers(people.desk, "queue=escalation") == []
    portal.clock.time += timedelta(minutes=61)
    assert await numbers(people.desk, "queue=escalation") == [late]
    assert (await do(people.ours, "GET", f"/{late}"))["overdue"] is True
    await do(people.desk, "PATCH", f"/{other}", {"team": "network"})
    assert await numbers(people.desk, "queue=escalation") == [other, late]
    await resolved(people, late)
    assert await numbers(people.desk, "queue=escalation") == [other]


async def test_lists_are_paged_by_number_and_filtered(people: People) -> None:
    made = [await raised(people.ours, MAJOR if number == 2 else NEW) for number in range(5)]
    first = await do(people.ours, "GET", "?limit=2")
    assert ([one["number"] for one in first["items"]], first["next"]) == ([made[4], made[3]], made[3])
    assert await numbers(people.ours, f"limit=2&next={first['next']}") == [made[2], made[1]]
    assert await numbers(people.ours, "priority=1") == [made[2]]
    assert await numbers(people.ours, "state=closed") == []
    for wrong in ("state=open", "priority=5", "queue=x", "limit=0"):
        await do(people.ours, "GET", f"?{wrong}", status=400)


async def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(people: People) -> None:
    number = await raised(people.ours)
    version = (await do(people.desk, "GET", f"/{number}"))["version"]
    changed = await do(people.desk, "PATCH", f"/{number}", {"impact": "high", "version": version})
    assert (changed["priority"], changed["version"]) == (2, version + 1)
    await do(people.desk, "PATCH", f"/{number}", {"urgency": "high", "version": version}, 409)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"title": "x" * 121},
        {"description": ""},
        {"description": "a\x00b"},
        {"impact": "terrible"},
        {"related": [0]},
        {"related": [999]},
        {"alarm": 2**63},
        {"participant": "0000000000"},
        {"unknown": 1},
    ],
)
async def test_what_can_not_be_kept_is_refused(people: People, wrong: dict[str, Any]) -> None:
    answer = await people.desk.ask("POST", ALL, {**NEW, **wrong})
    assert answer.status in (400, 404), await answer.text()
    assert await numbers(people.desk) == []


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "9" * 30])
async def test_a_number_that_there_is_not_is_not_found(people: People, number: str) -> None:
    await do(people.desk, "GET", f"/{number}", status=404)
