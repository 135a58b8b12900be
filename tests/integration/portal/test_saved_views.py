"""Views that users keep: their own, shared within a company, sealed at rest, gone with their user (FS-54)."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from dip.http.portal.powers import Power
from tests.integration.portal.conftest import TOKEN, Portal
from tests.integration.portal.people import OURS, THEIRS, Meet, Person, add_user, with_companies

MPAN = "2000056535971"
ADDRESS = f"/messages?mpan={MPAN}&channel=IF-031"
VIEWS = "/admin/api/views"

pytestmark = pytest.mark.requirement("FS-54")


async def keep(person: Person, name: str = "Mine", address: str = ADDRESS, *, shared: bool = False) -> Any:
    answer = await person.ask("POST", VIEWS, {"name": name, "address": address, "shared": shared})
    assert answer.status == 201, await answer.text()
    return await answer.json()


async def open_view(person: Person, number: int) -> tuple[int, str]:
    answer = await person.ask("GET", f"/views/{number}", accept="text/html")
    return answer.status, answer.headers.get("Location", "")


def written_in(directory: Path) -> bytes:
    """Every byte of the database and its log."""
    return b"".join(path.read_bytes() for path in directory.glob("dip.sqlite*"))


@pytest.fixture
async def kim(portal: Portal, meet: Meet) -> Person:
    with_companies(portal)
    await add_user(portal, "kim", Power.COMPANY_MESSAGES, company=OURS)
    return await meet("kim")


async def test_a_page_with_conditions_is_kept_by_its_form_and_opened_by_its_link(kim: Person) -> None:
    page = await (await kim.ask("GET", ADDRESS, accept="text/html")).text()
    assert "Save this view" in page
    assert f'name="address" value="{ADDRESS.replace("&", "&amp;")}"' in page
    assert "Save this view" not in await (await kim.ask("GET", "/messages", accept="text/html")).text()
    assert (await kim.send("/views", name="My meter", address=ADDRESS)).headers["Location"] == "/views?done=add"
    listed = await (await kim.ask("GET", "/views?done=add", accept="text/html")).text()
    assert "My meter" in listed and "The view is kept." in listed
    (view,) = (await kim.get(VIEWS))["items"]
    assert (view["name"], view["address"], view["shared"], view["user"]) == ("My meter", ADDRESS, False, "kim")
    assert await open_view(kim, view["id"]) == (303, ADDRESS)


async def test_how_far_one_turned_the_pages_is_not_kept(kim: Person) -> None:
    page = await (await kim.ask("GET", "/messages?channel=IF-031&next=7", accept="text/html")).text()
    assert 'name="address" value="/messages?channel=IF-031"' in page
    assert "Save this view" not in await (await kim.ask("GET", "/messages?next=7", accept="text/html")).text()


async def test_a_shared_view_is_a_colleagues_and_nobody_elses(portal: Portal, meet: Meet, kim: Person) -> None:
    await add_user(portal, "lee", Power.READ_ONLY, company=OURS)
    await add_user(portal, "mo", Power.COMPANY_MESSAGES, company=THEIRS)
    await add_user(portal, "dip", Power.ADMINISTRATOR)
    lee, mo, dip = [await meet(name) for name in ("lee", "mo", "dip")]
    own, shared = await keep(kim), await keep(kim, "Ours", shared=True)
    assert await open_view(lee, shared["id"]) == (303, ADDRESS)
    assert [one["name"] for one in (await lee.get(VIEWS))["shared"]] == ["Ours"]
    assert "Ours" in await (await lee.ask("GET", "/views", accept="text/html")).text()
    assert (await open_view(lee, own["id"]))[0] == 404
    for stranger in (mo, dip):
        assert (await open_view(stranger, shared["id"]))[0] == 404
        assert (await stranger.get(VIEWS))["shared"] == []
    for other in (lee, mo, dip):
        assert (await other.ask("DELETE", f"{VIEWS}/{shared['id']}")).status == 404
        assert (await other.send(f"/views/{shared['id']}", do="remove")).status == 404
        assert (await other.send(f"/views/{shared['id']}", do="change", name="Theirs")).status == 404
    assert [one["name"] for one in (await kim.get(VIEWS))["items"]] == ["Mine", "Ours"]


async def test_who_views_as_a_participant_keeps_its_own_views_and_sees_no_others(
    portal: Portal, meet: Meet, kim: Person
) -> None:
    await keep(kim, "Ours", shared=True)
    await add_user(portal, "dip", Power.ADMINISTRATOR)
    dip = await meet("dip")
    assert (await dip.send("/view-as", participant="Ember Supply", back="/views")).status == 303
    await keep(dip, "Made meanwhile")
    found = await dip.get(VIEWS)
    assert ([one["name"] for one in found["items"]], found["shared"]) == (["Made meanwhile"], [])


async def test_a_view_gets_another_name_is_shared_and_removed(kim: Person) -> None:
    number = (await keep(kim))["id"]
    await keep(kim, "Other")
    answer = await kim.send(f"/views/{number}", do="change", name="Renamed", shared="1")
    assert answer.headers["Location"] == "/views?done=change"
    assert [(one["name"], one["shared"]) for one in (await kim.get(VIEWS))["items"]] == [
        ("Other", False),
        ("Renamed", True),
    ]
    taken = await kim.send(f"/views/{number}", do="change", name="Other")
    assert taken.status == 409 and "has this name" in await taken.text()
    assert (await kim.send(f"/views/{number}", do="remove")).status == 303
    assert (await kim.ask("DELETE", f"{VIEWS}/{number}")).status == 404
    assert len((await kim.get(VIEWS))["items"]) == 1


@pytest.mark.parametrize(
    ("name", "address", "status"),
    [
        ("", ADDRESS, 400),
        ("x" * 101, ADDRESS, 400),
        ("two\nlines", ADDRESS, 400),
        ("Mine", "https://evil.example/", 400),
        ("Mine", "//evil.example/messages?a=b", 400),
        ("Mine", "/admin/api/messages", 400),
        ("Mine", "/messages?mpan=" + "1" * 2000, 400),
    ],
)
async def test_what_can_not_be_kept_is_refused(kim: Person, name: str, address: str, status: int) -> None:
    answer = await kim.ask("POST", VIEWS, {"name": name, "address": address})
    assert answer.status == status
    assert MPAN not in await answer.text()
    assert (await kim.send("/views", name=name, address=address)).status == status


async def test_nobody_keeps_more_views_than_the_most(kim: Person) -> None:
    for number in range(50):
        await keep(kim, f"View {number}")
    answer = await kim.ask("POST", VIEWS, {"name": "One more", "address": ADDRESS})
    assert answer.status == 409 and "the most" in await answer.text()


async def test_the_administration_token_keeps_none(portal: Portal) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert (await portal.client.get(VIEWS, headers=headers)).status == 403
    assert (await portal.client.get("/views", headers=headers)).status == 200


@pytest.mark.requirement("FS-65")
async def test_neither_name_nor_mpan_stands_in_the_database(portal: Portal, kim: Person, tmp_path: Path) -> None:
    await keep(kim, "Her meter 7421")
    await portal.store.user_addresses.save("kim", "written@after.example")
    held = written_in(tmp_path)
    assert b"written@after.example" in held
    assert MPAN.encode() not in held and b"Her meter" not in held


async def test_a_view_goes_with_its_user(portal: Portal, kim: Person, tmp_path: Path) -> None:
    await keep(kim)
    await portal.store.users.remove_user("kim")
    assert portal.store.saved_views.of("kim") == []
    with sqlite3.connect(tmp_path / "dip.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM saved_view").fetchone() == (0,)
