"""Users: who makes, changes and removes whom, and what becomes of their sessions (5.12.2, 8.3)."""

import asyncio
import html
import re
from typing import Any

import pytest

from dip.http.portal.powers import Power
from tests.integration.portal import traffic
from tests.integration.portal.conftest import NAME, Portal
from tests.integration.portal.conftest import PASSWORD as ADMIN_PASSWORD
from tests.integration.portal.people import OURS, PASSWORD, THEIRS, Meet, Person, add_user, with_companies

USERS = "/admin/api/users"


@pytest.fixture
async def administrator(portal: Portal, meet: Meet) -> Person:
    with_companies(portal)
    person = await meet()
    assert await person.log_in(NAME, ADMIN_PASSWORD) == 303
    return person


@pytest.fixture
async def manager(portal: Portal, meet: Meet, administrator: Person) -> Person:
    """The user administrator of a company."""
    await add_user(portal, "manager", Power.COMPANY_USERS, company=OURS)
    return await meet("manager")


def order(name: str = "pat", *powers: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "powers": list(powers) or ["read-only"], **more}


@pytest.mark.requirement("FS-58")
@pytest.mark.requirement("FS-67")
async def test_an_administrator_makes_a_user_whose_password_is_said_once(
    administrator: Person, meet: Meet, portal: Portal
) -> None:
    answer = await administrator.ask("POST", USERS, order("pat", "operations"))
    made = await answer.json()
    assert answer.status == 201
    assert (made["mustChange"], made["author"], made["powers"]) == (True, NAME, ["operations"])
    shown = await administrator.get(f"{USERS}/pat")
    assert "password" not in shown
    assert made["password"] not in portal.log.getvalue()
    pat = await meet()
    assert await pat.log_in("pat", made["password"]) == 303


@pytest.mark.requirement("FS-67")
@pytest.mark.parametrize(
    "wrong",
    [
        order("2300000001"),
        order("Pat"),
        order("p" * 65),
        order("admin.token"),
        order("pat", "king"),
        {"name": "pat", "powers": []},
        order("pat", "operations", company=OURS),
        order("pat", "company-messages"),
        order("pat", "company-messages", company="00000000"),
        order("pat", "company-messages", company=OURS, dipIds=[traffic.REGISTRATION]),
        order("pat", "company-messages", company=OURS, dipIds=[]),
        order("pat", certificate="00"),
        order("pat", certificate="00" * 32),
        order("pat", colour="red"),
    ],
)
async def test_what_no_user_can_be_is_refused(administrator: Person, wrong: dict[str, Any]) -> None:
    assert (await administrator.ask("POST", USERS, wrong)).status == 400
    assert [one["name"] for one in (await administrator.get(USERS))["items"]] == [NAME]


async def test_a_name_is_given_once(administrator: Person) -> None:
    answers = await asyncio.gather(*(administrator.ask("POST", USERS, order()) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409]


@pytest.mark.requirement("FS-67")
async def test_a_company_looks_after_its_own_users_alone(portal: Portal, manager: Person) -> None:
    await add_user(portal, "theirs", Power.READ_ONLY, company=THEIRS)
    await add_user(portal, "platform", Power.SUPPORT)
    assert (await manager.ask("POST", USERS, order("mine", "company-messages", company=OURS))).status == 201
    assert [one["name"] for one in (await manager.get(USERS))["items"]] == ["manager", "mine"]
    for name in ("theirs", "platform", NAME, "nobody"):
        assert (await manager.ask("GET", f"{USERS}/{name}")).status == 404
        assert (await manager.ask("PATCH", f"{USERS}/{name}", {"newPassword": True})).status == 404
        assert (await manager.ask("DELETE", f"{USERS}/{name}")).status == 404
    for wrong in (
        order("spy", "company-messages", company=THEIRS),
        order("spy", "read-only"),
    ):
        assert (await manager.ask("POST", USERS, wrong)).status == 403
    assert (await manager.ask("POST", USERS, order("spy", "administrator", company=OURS))).status == 400
    assert (await manager.ask("POST", USERS, order("spy", "administrator"))).status == 403
    assert (await manager.ask("PATCH", f"{USERS}/mine", {"company": THEIRS})).status == 403
    assert (await manager.ask("PATCH", f"{USERS}/mine", {"company": None})).status in (400, 403)
    assert (await manager.ask("PATCH", f"{USERS}/mine", {"powers": ["support"]})).status == 400


@pytest.mark.requirement("FS-67")
async def test_whoever_is_bound_to_some_dip_ids_reaches_no_further(
    portal: Portal, meet: Meet, administrator: Person
) -> None:
    await add_user(portal, "narrow", Power.COMPANY_USERS, company=OURS, dip_ids=(traffic.SUPPLIER,))
    await add_user(portal, "whole", Power.COMPANY_MESSAGES, company=OURS)
    narrow = await meet("narrow")
    assert [one["name"] for one in (await narrow.get(USERS))["items"]] == ["narrow"]
    assert (await narrow.ask("PATCH", f"{USERS}/whole", {"newPassword": True})).status == 404
    assert (await narrow.ask("POST", USERS, order("a", "read-only", company=OURS))).status == 403
    own = order("a", "read-only", company=OURS, dipIds=[traffic.SUPPLIER])
    assert (await narrow.ask("POST", USERS, own)).status == 201
    assert (await narrow.ask("PATCH", f"{USERS}/a", {"dipIds": None})).status == 403


@pytest.mark.requirement("FS-67")
async def test_an_administrator_is_always_left(portal: Portal, administrator: Person) -> None:
    bearer = {"Authorization": "Bearer an-administration-token"}
    for change in ({"powers": ["support"]}, {"disabled": True}):
        answer = await portal.client.patch(f"{USERS}/{NAME}", json=change, headers=bearer)
        assert answer.status == 409
        assert "last administrator" in (await answer.json(content_type=None))["detail"]
    assert (await portal.client.delete(f"{USERS}/{NAME}", headers=bearer)).status == 409
    await add_user(portal, "second", Power.ADMINISTRATOR)
    first, second = await asyncio.gather(
        portal.client.delete(f"{USERS}/{NAME}", headers=bearer),
        portal.client.delete(f"{USERS}/second", headers=bearer),
    )
    assert sorted((first.status, second.status)) == [204, 409]


@pytest.mark.requirement("FS-67")
async def test_nobody_changes_an_account_of_ones_own(portal: Portal, administrator: Person, manager: Person) -> None:
    await add_user(portal, "second", Power.ADMINISTRATOR)
    for person, name in ((administrator, NAME), (manager, "manager")):
        assert (await person.ask("PATCH", f"{USERS}/{name}", {"powers": ["read-only"]})).status == 403
        assert (await person.ask("DELETE", f"{USERS}/{name}")).status == 403


@pytest.mark.requirement("FS-67")
@pytest.mark.parametrize(
    "change", [{"powers": ["support"]}, {"disabled": True}, {"newPassword": True}, {"company": OURS}, None]
)
async def test_a_changed_users_sessions_end_at_once(
    portal: Portal, administrator: Person, meet: Meet, change: dict[str, Any] | None
) -> None:
    await add_user(portal, "pat", Power.READ_ONLY)
    pat = await meet("pat")
    await pat.get("/admin/api/messages")
    method = "DELETE" if change is None else "PATCH"
    assert (await administrator.ask(method, f"{USERS}/pat", change)).status in (200, 204)
    await pat.get("/admin/api/messages", status=401)
    if change is not None and "disabled" in change:
        assert await pat.log_in("pat") == 403
        assert (await administrator.ask("PATCH", f"{USERS}/pat", {"disabled": False})).status == 200
        assert await pat.log_in("pat") == 303


async def test_a_user_made_anew_does_not_inherit_a_session(portal: Portal, administrator: Person, meet: Meet) -> None:
    await add_user(portal, "pat", Power.READ_ONLY)
    pat = await meet("pat")
    await administrator.ask("DELETE", f"{USERS}/pat")
    await administrator.ask("POST", USERS, order("pat", "support"))
    await pat.get("/admin/api/messages", status=401)


@pytest.mark.requirement("FS-67")
async def test_a_given_password_has_to_be_changed_before_anything_else(
    portal: Portal, meet: Meet, administrator: Person
) -> None:
    await add_user(portal, "pat", Power.OPERATIONS, must_change=True)
    pat = await meet("pat")
    page = await pat.ask("GET", "/messages", accept="text/html")
    assert (page.status, page.headers["Location"]) == (303, "/account/password")
    for method, path in (("GET", "/admin/api/messages"), ("POST", "/admin/api/clock"), ("GET", "/account")):
        answer = await pat.ask(method, path)
        assert answer.status == 403
        assert "Change the password first" in (await answer.json(content_type=None))["detail"]
    form = await (await pat.ask("GET", "/account/password", accept="text/html")).text()
    assert "Choose one of your own" in form
    assert 'href="/messages"' not in form
    changed = await pat.send("/account/password", old=PASSWORD, new="quite another word", again="quite another word")
    assert (changed.status, changed.headers["Location"]) == (303, "/account?changed=1")
    await pat.get("/admin/api/messages")
    other = await meet()
    assert await other.log_in("pat") == 403
    assert await other.log_in("pat", "quite another word") == 303


@pytest.mark.requirement("FS-67")
@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", "a longer password", "a longer password", "present password"),
        (PASSWORD, "short", "short", "at least 12"),
        (PASSWORD, "a longer password", "a longer passwort", "both times"),
        (PASSWORD, "longername-of-one", "longername-of-one", "not the name"),
        (PASSWORD, PASSWORD, PASSWORD, "old password"),
        (PASSWORD, "x" * 1001, "x" * 1001, "at least 12"),
    ],
)
async def test_a_password_that_is_none_is_refused(
    portal: Portal, meet: Meet, old: str, new: str, again: str, said: str
) -> None:
    await add_user(portal, "longername-of-one", Power.READ_ONLY)
    person = await meet("longername-of-one")
    answer = await person.send("/account/password", old=old, new=new, again=again)
    assert answer.status == 400
    assert said in html.unescape(await answer.text())
    assert await (await meet()).log_in("longername-of-one") == 303


@pytest.mark.requirement("FS-67")
async def test_a_changed_password_ends_the_other_sessions(portal: Portal, meet: Meet) -> None:
    await add_user(portal, "pat", Power.READ_ONLY)
    here, there = await meet("pat"), await meet("pat")
    await here.send("/account/password", old=PASSWORD, new="quite another word", again="quite another word")
    await here.get("/admin/api/messages")
    await there.get("/admin/api/messages", status=401)


@pytest.mark.requirement("FS-67")
async def test_users_forms_need_the_token_of_the_same_session(
    portal: Portal, meet: Meet, administrator: Person
) -> None:
    await add_user(portal, "second", Power.ADMINISTRATOR)
    other = await meet("second")
    form = {"do": "add", "name": "pat", "powers": "support"}
    for token in ("", "guessed", other.form_token):
        refused = await administrator.client.post("/users", data={**form, "form_token": token})
        assert refused.status == 403
        refused = await administrator.client.post("/account/password", data={"form_token": token})
        assert refused.status == 403
    foreign = await administrator.client.post(
        "/users", data={**form, "form_token": administrator.form_token}, headers={"Origin": "https://evil.example"}
    )
    assert foreign.status == 403
    assert "pat" not in {one["name"] for one in (await administrator.get(USERS))["items"]}


@pytest.mark.requirement("FS-58")
async def test_the_page_does_what_the_calls_do(portal: Portal, administrator: Person, meet: Meet) -> None:
    page = await administrator.send("/users", do="add", name="pat", powers="company-messages", company=OURS)
    text = await page.text()
    assert page.status == 200, portal.log.getvalue()
    found = re.search(r"of <strong>pat</strong> is <code>([^<]+)</code>", text)
    assert found is not None
    assert found[1] not in await (await administrator.ask("GET", "/users", accept="text/html")).text()
    assert await (await meet()).log_in("pat", found[1]) == 303
    await administrator.send(
        "/users", do="save", name="pat", powers="read-only", company=OURS, dip_ids=traffic.SUPPLIER
    )
    shown = await administrator.get(f"{USERS}/pat")
    assert (shown["powers"], shown["dipIds"]) == (["read-only"], [traffic.SUPPLIER])
    again = await administrator.send("/users", do="password", name="pat")
    assert "is shown this once" in await again.text()
    await administrator.send("/users", do="disable", name="pat")
    assert (await administrator.get(f"{USERS}/pat"))["disabledAt"] is not None
    refused = await administrator.send("/users", do="remove", name=NAME)
    assert refused.status == 403
    assert "account of its own" in html.unescape(await refused.text())
    await administrator.send("/users", do="remove", name="pat")
    await administrator.get(f"{USERS}/pat", status=404)


async def test_support_sees_the_users_and_has_no_form_to_change_them(portal: Portal, meet: Meet) -> None:
    await add_user(portal, "helper", Power.SUPPORT)
    helper = await meet("helper")
    page = await (await helper.ask("GET", "/users", accept="text/html")).text()
    assert "helper" in page
    assert 'action="/users"' not in page
    assert (await helper.ask("POST", USERS, order())).status == 403


async def test_an_account_says_who_one_is(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await add_user(portal, "pat", Power.COMPANY_MESSAGES, company=OURS, dip_ids=(traffic.SUPPLIER,))
    page = await (await (await meet("pat")).ask("GET", "/account", accept="text/html")).text()
    assert f"company {OURS}" in page
    assert traffic.SUPPLIER in page
    assert traffic.DATA_SERVICE not in page
