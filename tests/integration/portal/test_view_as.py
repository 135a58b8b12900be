"""The DIP's own people view the portal as a participant: its affairs alone, on every page and call (5.12)."""

from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession, CookieJar

from dip.http.portal.permissions import API, RULES
from dip.http.portal.powers import Power
from dip.http.portal.scope import COMPANY_POWERS
from dip.participants.registry import Participants
from dip.store.users import User
from tests.conftest import Serve
from tests.integration.activity.test_requests import record_of
from tests.integration.portal import traffic
from tests.integration.portal.conftest import NAME, START, TOKEN, Portal
from tests.integration.portal.conftest import PASSWORD as ADMINISTRATORS
from tests.integration.portal.people import _HASH as HASH
from tests.integration.portal.people import COMPANIES, OURS, Meet, Person, add_user, with_companies
from tests.integration.portal.test_scope import arrivals, ids
from tests.support.platform import Platform, platform

SUPPLIER = str(traffic.SUPPLIER)
OTHER = str(traffic.FORMER_SUPPLIER)
OWN = {"views", "alarm-subscriptions"}
MOVING = {"balance", "throughput"}
"""Tells at which moment it was counted."""


async def view_as(person: Person, participant: str, back: str = "/messages") -> None:
    answer = await person.send("/view-as", participant=participant, back=back)
    assert (answer.status, answer.headers.get("Location")) == (303, back), await answer.text()


async def stop(person: Person) -> None:
    answer = await person.send("/view-as", do="stop", back="/")
    assert answer.status == 303


async def page(person: Person, path: str, status: int = 200) -> str:
    answer = await person.ask("GET", path, accept="text/html")
    assert answer.status == status, path
    return await answer.text()


@pytest.fixture
async def administrator(portal: Portal, meet: Meet) -> Person:
    """Somebody of the DIP with every power, where two companies have exchanged messages."""
    with_companies(portal)
    await arrivals(portal)
    person = await meet()
    assert await person.log_in(NAME, ADMINISTRATORS) == 303
    return person


@pytest.mark.requirement("FS-57", "FS-58", "FS-50")
async def test_another_participants_message_is_not_there_until_one_stops(
    administrator: Person,
) -> None:
    assert await ids(administrator) == [4, 3, 2, 1]
    found = await administrator.get("/admin/api/messages")
    foreign = next(one["transactionId"] for one in found["items"] if one["id"] == 3)
    await view_as(administrator, SUPPLIER)
    assert await ids(administrator) == [4, 1]
    shown = await page(administrator, "/messages")
    assert "You see the portal as" in shown and "Ember Supply" in shown
    for path in (f"/messages/{foreign}", f"/messages/{foreign}/content"):
        assert "You see the portal as" in await page(administrator, path, 404)
    await administrator.get(f"/admin/api/messages/{foreign}", 404)
    await administrator.get(f"/admin/api/participants/{OTHER}", 404)
    await administrator.get("/admin/api/activity", 403)
    await stop(administrator)
    assert await ids(administrator) == [4, 3, 2, 1]
    assert "You see the portal as" not in await page(administrator, "/messages")


@pytest.mark.requirement("FS-57")
async def test_every_call_answers_as_it_answers_that_participants_user(
    portal: Portal, meet: Meet, administrator: Person
) -> None:
    await add_user(portal, "user", *COMPANY_POWERS, company=OURS, dip_ids=(traffic.SUPPLIER,))
    user = await meet("user")
    await view_as(administrator, SUPPLIER)
    calls = [route.removeprefix("GET ") for route in RULES if route.startswith(f"GET {API}/") and "{" not in route]
    assert len(calls) > 20
    for path in calls:
        if path.rpartition("/")[2] in OWN:
            continue
        theirs, ours = await user.ask("GET", path), await administrator.ask("GET", path)
        assert ours.status == theirs.status, path
        assert await ours.read() == await theirs.read() or path.rpartition("/")[2] in MOVING, path


@pytest.mark.requirement("FS-58")
@pytest.mark.parametrize(
    ("power", "messages", "certificates", "requeue"),
    [
        (Power.OPERATIONS, 200, 403, 400),
        (Power.CERTIFICATES, 403, 200, 403),
        (Power.PARTICIPANTS, 403, 200, 403),
        (Power.SUPPORT, 200, 200, 403),
        (Power.READ_ONLY, 200, 200, 403),
    ],
)
async def test_nobody_may_more_than_with_ones_own_eyes(
    portal: Portal, meet: Meet, power: Power, messages: int, certificates: int, requeue: int
) -> None:
    with_companies(portal)
    await add_user(portal, "pat", power)
    pat = await meet("pat")
    for _ in range(2):
        assert (await pat.ask("GET", "/admin/api/messages")).status == messages
        assert (await pat.ask("GET", f"/admin/api/participants/{SUPPLIER}/certificates")).status == certificates
        assert (await pat.ask("POST", "/admin/api/requeues", {})).status == requeue
        assert (await pat.ask("GET", "/admin/api/users")).status == (200 if power is Power.SUPPORT else 403)
        if power is Power.SUPPORT:
            # A company's reader does not see its users.
            power = Power.READ_ONLY
        await view_as(pat, SUPPLIER)


async def test_what_takes_ones_own_person_is_not_done_as_another(administrator: Person) -> None:
    await view_as(administrator, SUPPLIER)
    order = {"title": "No", "description": "answers", "impact": "low", "urgency": "low"}
    answer = await administrator.ask("POST", "/admin/api/incidents", order)
    assert answer.status == 403
    assert "in person" in await answer.text()
    await stop(administrator)
    assert (await administrator.ask("POST", "/admin/api/incidents", order)).status == 201


async def test_a_company_user_and_the_token_are_told_that_there_is_no_such_page(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await add_user(portal, "kim", *COMPANY_POWERS, company=OURS)
    kim = await meet("kim")
    assert "view-as" not in await page(kim, "/")
    assert (await kim.ask("GET", "/view-as")).status == 404
    assert (await kim.send("/view-as", participant=OTHER)).status == 404
    token = {"Authorization": f"Bearer {TOKEN}"}
    answer = await portal.client.post("/view-as", data={"participant": OTHER}, headers=token)
    assert answer.status == 404


async def test_a_cookie_alone_widens_nothing_and_narrows_no_program(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await arrivals(portal)
    await add_user(portal, "kim", Power.COMPANY_MESSAGES, company=OURS, dip_ids=(traffic.SUPPLIER,))
    kim = await meet("kim")
    kim.client.cookie_jar.update_cookies({"dip_view_as": OTHER})
    assert await ids(kim) == [4, 1]
    headers = {"Authorization": f"Bearer {TOKEN}", "Cookie": f"dip_view_as={SUPPLIER}"}
    answer = await portal.client.get("/admin/api/messages", headers=headers)
    assert len((await answer.json())["items"]) == 4


async def test_one_is_led_back_to_this_portal_alone(administrator: Person) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example/"):
        answer = await administrator.send("/view-as", participant=SUPPLIER, back=elsewhere)
        assert (answer.status, answer.headers["Location"]) == (303, "/")


async def test_a_form_of_another_site_changes_no_eyes(administrator: Person) -> None:
    administrator.form_token = "guessed"
    answer = await administrator.send("/view-as", participant=SUPPLIER, back="/")
    assert answer.status == 403


async def test_the_cookie_is_kept_from_scripts_and_goes_with_the_session(administrator: Person) -> None:
    answer = await administrator.send("/view-as", participant=SUPPLIER, back="/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age" not in cookie
    answer = await administrator.send("/logout")
    assert any("dip_view_as=" in one and "Max-Age=0" in one for one in answer.headers.getall("Set-Cookie"))


async def test_a_name_that_fits_several_shows_them_and_one_that_fits_none_says_so(administrator: Person) -> None:
    answer = await administrator.send("/view-as", participant="North", back="/audit")
    assert answer.status == 303
    several = await administrator.send("/view-as", participant="Data", back="/audit")
    shown = await several.text()
    assert several.status == 200 and "Daybreak Data" in shown and "Market-wide Data" in shown
    assert 'name="back" value="/audit"' in shown
    none = await administrator.send("/view-as", participant="Nobody", back="/audit")
    assert none.status == 400 and "No participant that takes part" in await none.text()
    assert "Flint Energy" in await page(administrator, "/view-as?participant=flint")


async def test_when_the_participant_goes_one_sees_with_ones_own_eyes_and_is_told_once(
    portal: Portal, administrator: Person
) -> None:
    await view_as(administrator, SUPPLIER)
    gone = [
        msgspec.structs.replace(one, left_at=START) if one.dip_id == SUPPLIER else one
        for one in portal.participants.value
    ]
    portal.participants.value = Participants(gone, [])
    refused = await administrator.ask("POST", "/admin/api/requeues", {})
    assert refused.status == 403 and "takes no part any more" in await refused.text()
    assert "takes no part any more" in await page(administrator, "/messages")
    assert "takes no part any more" not in await page(administrator, "/messages")
    assert await ids(administrator) == [4, 3, 2, 1]


async def test_downloads_and_pages_without_a_power_are_narrowed_too(administrator: Person) -> None:
    await view_as(administrator, SUPPLIER)
    everything = await (await administrator.ask("GET", "/admin/api/participants")).text()
    assert SUPPLIER in everything
    assert not [one for one in COMPANIES if one != SUPPLIER and one in everything]
    assert OTHER not in await (await administrator.ask("GET", "/admin/api/dead-letters.csv")).text()
    assert OTHER not in await page(administrator, "/participants")


async def entered(made: Platform, stack: AsyncExitStack) -> Person:
    """Somebody of the DIP who operates it, at a whole server."""
    await made.dip.store.users.save_user(
        User(name="pat", password_hash=HASH, powers=("operations",), made_at=made.dip.clock.wall(), author="test")
    )
    session = ClientSession(made.dip.portal_url, cookie_jar=CookieJar(unsafe=True))
    person = Person(await stack.enter_async_context(session))
    assert await person.log_in("pat") == 303
    return person


@pytest.mark.requirement("FS-45", "FS-58")
async def test_the_activity_log_names_the_viewer_and_whom_it_viewed_as(serve: Serve) -> None:
    async with serve() as made, AsyncExitStack() as stack:
        pat = await entered(made, stack)
        own = await pat.ask("GET", "/admin/api/queues")
        await view_as(pat, "2300000001")
        seen = await pat.ask("GET", "/admin/api/queues")
        refused = await pat.ask("POST", "/admin/api/faults", {})
        assert refused.status == 403
        for answer, whom in ((own, None), (seen, "2300000001"), (refused, "2300000001")):
            found = (await record_of(made, answer.headers))["Attributes"]
            assert (found["user.id"], found.get("dip.viewed_as")) == ("pat", whom)


@pytest.mark.requirement("FS-58")
async def test_in_production_nobody_sees_with_other_eyes(tmp_path: Path) -> None:
    async with platform(tmp_path / "state", environment="PRD") as made, AsyncExitStack() as stack:
        pat = await entered(made, stack)
        assert "view-as" not in await page(pat, "/messages")
        assert (await pat.ask("GET", "/view-as")).status == 404
        assert (await pat.send("/view-as", participant="2300000001", back="/")).status == 404
        pat.client.cookie_jar.update_cookies({"dip_view_as": "2300000001"})
        assert "You see the portal as" not in await page(pat, "/messages")
        assert (await pat.ask("GET", "/admin/api/activity")).status == 200
