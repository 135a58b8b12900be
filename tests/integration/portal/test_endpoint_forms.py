"""Endpoints by forms: added, moved, removed and tested; each company its own alone (FS-15, FS-57)."""

from typing import Any

import pytest

from dip.http.portal.powers import Power
from tests.integration.portal import traffic
from tests.integration.portal.conftest import Portal
from tests.integration.portal.people import OURS, THEIRS, Meet, add_user, with_companies
from tests.integration.portal.test_channel_pages import Visit

pytestmark = pytest.mark.requirement("FS-15", "FS-57")
URL = "https://localhost:9444/hook"
REGISTRATION = traffic.REGISTRATION


@pytest.fixture
async def visit(portal: Portal) -> Visit:
    await portal.log_in()
    return Visit(portal)


async def endpoints(portal: Portal) -> list[dict[str, Any]]:
    return list((await portal.ask("endpoints"))["items"])


async def test_an_endpoint_is_added_by_a_form(portal: Portal, visit: Visit) -> None:
    assert "/endpoints/new" in await visit.open("/endpoints")
    page = await visit.open(f"/endpoints/new?recipient={REGISTRATION}")
    assert "Registration North" in page and 'value="IF-031"' in page and "now: https://localhost:9443/" in page
    there = await visit.send(
        "/endpoints/new", 303, recipient=REGISTRATION, url=URL, channel="IF-034", name="Second", messageCount="5"
    )
    (made,) = [one for one in await endpoints(portal) if one["url"] == URL]
    assert there == f"/endpoints?done=added#{made['id']}"
    assert (made["channels"], made["name"], made["maxMessageCount"]) == (["IF-034"], "Second", 5)
    page = await portal.page("/endpoints?done=added")
    assert 'role="status"' in page and "Try it with a test call" in page


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"url": "https://10.0.0.1/", "channel": "IF-034"}, "wrong-url"),
        ({"url": "ftp://localhost/", "channel": "IF-034"}, "wrong-url"),
        ({"url": URL}, "wrong-channels"),
        ({"url": URL, "channel": "IF-999"}, "wrong-channels"),
        ({"url": URL, "channel": "IF-034", "messageCount": "many"}, "wrong-"),
    ],
)
async def test_what_was_wrong_stands_beside_its_field_and_the_rest_is_kept(
    portal: Portal, visit: Visit, typed: dict[str, str], field: str
) -> None:
    await visit.open(f"/endpoints/new?recipient={REGISTRATION}")
    page = await visit.send("/endpoints/new", 400, recipient=REGISTRATION, name="Mine", **typed)
    assert f'id="{field}"' in page and 'value="Mine"' in page and f'value="{typed["url"]}"' in page
    assert [one["url"] for one in await endpoints(portal)] == ["https://localhost:9443/"]


async def test_a_participant_that_is_none_is_refused(portal: Portal, visit: Visit) -> None:
    await visit.open("/endpoints")
    assert "expected the DIP id" in await portal.page("/endpoints/new?recipient=nobody", 400)
    page = await visit.send("/endpoints/new", 400, recipient="nobody", url=URL, channel="IF-034")
    assert "expected the DIP id" in page


async def test_an_endpoint_moves_with_its_name_limits_and_pause(portal: Portal, visit: Visit) -> None:
    await visit.open("/endpoints")
    (before,) = await endpoints(portal)
    here = f"/endpoints/{before['id']}"
    await visit.send(here, 303, do="save", name="Main", callsASecond="2.5")
    await visit.send(here, 303, do="pause")
    page = await visit.send(here, 400, do="move", url="https://10.0.0.1/")
    assert 'value="https://10.0.0.1/"' in page and f'id="wrong-url-{before["id"]}"' in page
    await visit.send(here, 303, do="move", url=URL)
    (after,) = await endpoints(portal)
    assert (after["url"], after["name"], after["callsASecond"], after["held"]) == (URL, "Main", 2.5, True)
    assert after["channels"] == before["channels"]


async def test_an_endpoint_is_removed_channel_by_channel(portal: Portal, visit: Visit) -> None:
    await visit.open("/endpoints")
    await visit.send("/endpoints/new", 303, recipient=REGISTRATION, url="https://localhost:9443/", channel="IF-034")
    (both,) = await endpoints(portal)
    assert both["channels"] == ["IF-031", "IF-034"]
    assert "expected at least one" in await visit.send(f"/endpoints/{both['id']}", 400, do="remove")
    await visit.send(f"/endpoints/{both['id']}", 303, do="remove", channel="IF-034")
    (one,) = await endpoints(portal)
    assert one["channels"] == ["IF-031"]
    await visit.send(f"/endpoints/{both['id']}", 303, do="remove", channel="IF-031")
    assert await endpoints(portal) == []


async def test_an_endpoint_is_removed_by_a_call(portal: Portal, meet: Meet) -> None:
    await add_user(portal, "operator", Power.OPERATIONS)
    operator = await meet("operator")
    (one,) = await endpoints(portal)
    here = f"/admin/api/endpoints/{one['id']}"
    assert (await operator.ask("DELETE", f"{here}?channel=IF-034")).status == 400
    assert (await operator.ask("DELETE", here)).status == 204
    assert (await operator.ask("DELETE", here)).status == 404
    assert await endpoints(portal) == []


async def test_a_test_call_is_made_and_shown_on_a_page(portal: Portal, visit: Visit) -> None:
    (one,) = await endpoints(portal)
    here = f"/endpoints/{one['id']}/test"
    assert "Nobody has made one" in await visit.open(here)
    # Nobody listens there: the step that fails is named, and none follows.
    there = await visit.send(here, 303)
    page = await portal.page(there)
    assert "The test call failed" in page and "The connection" in page and "TLS and its certificate" not in page


async def test_a_company_sets_moves_and_tests_its_own_endpoints_alone(portal: Portal, meet: Meet) -> None:
    with_companies(portal)
    await add_user(portal, "theirs", Power.COMPANY_MESSAGES, company=THEIRS)
    await add_user(portal, "ours", Power.COMPANY_MESSAGES, company=OURS)
    await add_user(portal, "reader", Power.READ_ONLY, company=THEIRS)
    theirs, ours, reader = await meet("theirs"), await meet("ours"), await meet("reader")
    (one,) = await endpoints(portal)
    here = f"/endpoints/{one['id']}"
    for path, fields in (
        (here, {"do": "move", "url": URL}),
        (here, {"do": "remove", "channel": "IF-031"}),
        (f"{here}/test", {}),
    ):
        assert (await ours.send(path, **fields)).status == 404
        assert (await reader.send(path, **fields)).status == 403
    assert (await ours.ask("GET", f"{here}/test")).status == 404
    assert (await ours.ask("DELETE", f"/admin/api{here}")).status == 404
    assert (await ours.ask("POST", f"/admin/api{here}/test")).status == 404
    assert (await ours.send("/endpoints/new", recipient=REGISTRATION, url=URL, channel="IF-034")).status == 400
    offered = await (await ours.ask("GET", "/endpoints/new", accept="text/html")).text()
    assert traffic.SUPPLIER in offered and REGISTRATION not in offered
    assert (await (await ours.ask("GET", f"/endpoints/new?recipient={REGISTRATION}")).text()).count("9443") == 0
    assert await endpoints(portal) == [one]
    assert (await reader.ask("GET", f"{here}/test")).status == 200
    assert (await theirs.send(f"{here}/test")).status == 303
    assert (await theirs.send(here, do="move", url=URL)).status == 303
    (moved,) = await endpoints(portal)
    assert moved["url"] == URL
