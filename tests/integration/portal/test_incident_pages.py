"""The pages of incidents and of maintenance, without script."""

import re
from datetime import timedelta

import pytest

from dip.http.portal.powers import Power
from tests.integration.portal.conftest import Portal
from tests.integration.portal.people import OURS, THEIRS, Meet, Person, add_user, with_companies

PAGE = "/incidents"
NEW = {"title": "No <answers>", "description": "IF-031 is\nnot answered", "impact": "high", "urgency": "high"}


async def page(person: Person, path: str, status: int = 200) -> str:
    answer = await person.ask("GET", path, accept="text/html")
    text = await answer.text()
    assert answer.status == status, text
    return text


async def form(sender: Person, path: str, status: int = 303, /, **fields: str) -> str:
    """Send a form; where it leads, or the page that refuses it."""
    answer = await sender.send(path, **fields)
    assert answer.status == status, await answer.text()
    return answer.headers["Location"] if status == 303 else await answer.text()


@pytest.mark.requirement("FS-63")
@pytest.mark.requirement("FS-64")
async def test_an_incident_is_raised_worked_on_and_closed_by_forms(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await add_user(portal, "pat", Power.READ_ONLY, company=OURS)
    await add_user(portal, "kim", Power.SUPPORT)
    pat, kim = await meet("pat"), await meet("kim")
    assert "no personal data" in (await page(pat, f"{PAGE}/new")).lower()
    led = await form(pat, PAGE, **NEW, channels="IF-031")
    one = led.partition("?")[0]
    shown = await page(pat, led)
    assert "No &lt;answers&gt;" in shown
    assert "P1" in shown
    assert "Service desk</h2>" not in shown
    assert "No &lt;answers&gt;" in await page(kim, PAGE)
    desk = await page(kim, one)
    assert "Service desk</h2>" in desk
    assert "Is it resolved?" not in desk
    await form(kim, one, do="assign", owner="kim")
    await form(kim, one, do="contact", way="phone", person="pat", text="Told what we do")
    await form(kim, one, do="escalate", team="network")
    refused = await form(pat, one, 403, do="resolve", resolution="mine")
    assert "service desk" in refused
    await form(kim, one, do="resolve", resolution="Restarted", root_cause="A full disk")
    assert "Is it resolved?" in await page(pat, one)
    await form(pat, one, 400, do="deny", text="")
    await form(pat, one, do="confirm", text="Thank you")
    assert "closed when its review is written" in await page(pat, one)
    review = {"held_on": "2026-03-23", "text": "Seen late", "what-0": "Watch", "who-0": "kim", "due-0": "2026-04-01"}
    await form(kim, one, 400, do="review", **{**review, "due-0": ""})
    await form(kim, one, do="review", **review)
    closed = await page(pat, one)
    assert "closed and never reopened" in closed
    assert "Told what we do" in closed
    assert 'name="do"' not in closed
    assert f'value="{one.rpartition("/")[2]}"' in await page(pat, f"{PAGE}/new?related={one.rpartition('/')[2]}")


@pytest.mark.requirement("FS-63")
async def test_others_read_what_is_published_and_nothing_else(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await add_user(portal, "pat", Power.READ_ONLY, company=OURS)
    await add_user(portal, "other", Power.READ_ONLY, company=THEIRS)
    await add_user(portal, "kim", Power.OPERATIONS)
    pat, other, kim = [await meet(name) for name in ("pat", "other", "kim")]
    one = (await form(pat, PAGE, **NEW)).partition("?")[0]
    assert "answers" not in await page(other, PAGE)
    await page(other, one, 404)
    await form(kim, one, do="publish", notice="We are working on it.")
    shown = await page(other, one)
    assert "We are working on it." in shown
    for hidden in ("not answered", "pat", "History", "Write to the service desk"):
        assert hidden not in shown.partition("<main")[2], hidden
    await form(kim, one, do="unpublish")
    await page(other, one, 404)


async def test_a_refused_form_keeps_what_was_typed(portal: Portal, meet: Meet) -> None:
    await add_user(portal, "kim", Power.OPERATIONS)
    kim = await meet("kim")
    refused = await form(kim, PAGE, 400, **{**NEW, "related": "none"})
    assert "related: expected numbers" in refused
    assert "IF-031 is\nnot answered" in refused
    assert 'value="No &lt;answers&gt;"' in refused


@pytest.mark.requirement("FS-62")
async def test_maintenance_is_published_to_everybody_and_announced_by_administrators(
    portal: Portal, meet: Meet
) -> None:
    await add_user(portal, "kim", Power.OPERATIONS)
    await add_user(portal, "reader", Power.READ_ONLY)
    anonymous, kim, reader = await meet(), await meet("kim"), await meet("reader")
    assert "No maintenance" in await page(anonymous, "/maintenance")
    starts = (portal.clock.now() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    until = (portal.clock.now() + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
    window = {"do": "announce", "from": starts, "until": until, "reason": "New formats"}
    await form(reader, "/maintenance", 403, channel="IF-031", **window)
    await form(kim, "/maintenance", channel="IF-031", **window)
    shown = await page(anonymous, "/maintenance")
    assert "IF-031" in shown.partition("<main")[2]
    assert "to come" in shown
    assert "<form" not in shown.partition("<main")[2]
    portal.clock.time += timedelta(hours=2, minutes=1)
    assert "under way" in await page(anonymous, "/maintenance")
    await form(kim, "/maintenance", do="end", channel="IF-031")
    assert "No maintenance" in await page(anonymous, "/maintenance")
    assert "channels: name" in await form(kim, "/maintenance", 400, **window)
    assert "one of these ids" in await form(kim, "/maintenance", 400, channel="IF-9999", **window)


@pytest.mark.requirement("FS-62")
async def test_every_channel_can_be_announced_at_once(portal: Portal, meet: Meet) -> None:
    await add_user(portal, "kim", Power.OPERATIONS)
    kim = await meet("kim")
    await form(kim, "/maintenance", do="announce", channel="all", reason="A new release")
    published = (await kim.get("/maintenance.json"))["items"]
    channels = (await kim.get("/admin/api/channels"))["items"]
    assert {one["channel"] for one in published} == {one["id"] for one in channels}
    shown = await page(kim, "/maintenance")
    assert f"{len(channels)} channels" in shown
    ended = re.findall(r'name="channel" value="([^"]+)"', shown)
    await form(kim, "/maintenance", do="end", channel=ended[0])
    assert len((await kim.get("/maintenance.json"))["items"]) == len(channels) - 1
    order = {"channels": ["IF-031", "IF-032"], "reason": "Another", "until": None}
    answer = await kim.ask("POST", "/admin/api/maintenance", order)
    assert [one["channel"] for one in (await answer.json())["items"]] == ["IF-031", "IF-032"]


@pytest.mark.requirement("FS-62")
async def test_a_user_says_where_it_is_written_to(portal: Portal, meet: Meet) -> None:
    await add_user(portal, "pat", Power.READ_ONLY)
    pat = await meet("pat")
    assert "such as pat@" in await form(pat, "/account/mail", 400, mail="not an address")
    await form(pat, "/account/mail", 400, mail="a@b.example\nBcc: c@d.example")
    await form(pat, "/account/mail", mail="pat@supplier.example")
    assert 'value="pat@supplier.example"' in await page(pat, "/account")
    assert [one.mail for one in await portal.store.user_addresses.everybody()] == ["pat@supplier.example"]
    await form(pat, "/account/mail", mail="")
    assert portal.store.user_addresses.of("pat") is None
    await form(pat, "/account/mail", mail="pat@supplier.example")
    await portal.store.users.remove_user("pat")
    assert portal.store.user_addresses.of("pat") is None
