"""The pages of the data portal as a browser gets them."""

import re
from html import unescape

import pytest

from dip.channels.flows import load_flows
from dip.channels.registry import Registry
from dip.ground.assets import asset
from tests.integration.portal.conftest import Portal

LINK = re.compile(r'href="(/data[^"#]*)')


async def test_nobody_sees_the_data_portal_without_a_log_in(portal: Portal) -> None:
    for path in ("/data", "/data/items", "/data/interfaces/IF-031", "/data/flows/acquisition"):
        answer = await portal.client.get(path, headers={"Accept": "text/html"}, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, f"/login?next={path}")
    answer = await portal.client.get("/data/items.csv")
    assert answer.status == 401


@pytest.mark.requirement("FS-46")
async def test_the_start_leads_to_dictionary_interfaces_and_flows(portal: Portal, registry: Registry) -> None:
    await portal.log_in()
    page = await portal.page("/data")
    assert all(f'href="/data/{door}"' in page for door in ("items", "interfaces", "flows"))
    assert f"<strong>{len(registry.items)}</strong> items" in page
    assert f"<strong>{len(registry.channels)}</strong> interfaces" in page


@pytest.mark.requirement("FS-46")
async def test_one_search_finds_items_blocks_and_interfaces(portal: Portal) -> None:
    await portal.log_in()
    page = await portal.page("/data?q=distributor")
    assert 'href="/data/items/DI-029"' in page
    assert 'href="/data/interfaces/REP-002"' in page
    assert 'href="/data/blocks/B022"' in await portal.page("/data?q=mpan+address")


async def test_a_search_without_a_find_says_so(portal: Portal) -> None:
    await portal.log_in()
    assert "Nothing fits" in await portal.page("/data?q=nowhere-to-be-found")
    assert "No item fits" in await portal.page("/data/items?q=nowhere-to-be-found")


async def test_what_was_searched_for_cannot_become_markup(portal: Portal) -> None:
    await portal.log_in()
    for path in ("/data", "/data/items"):
        page = await portal.page(f"{path}?q=%22%3E%3Cscript%3E")
        assert "<script" not in page and "&#34;&gt;&lt;script&gt;" in page


@pytest.mark.requirement("FS-46")
async def test_the_dictionary_is_paged_to_its_end(portal: Portal, registry: Registry) -> None:
    await portal.log_in()
    seen: list[str] = []
    path: str | None = "/data/items"
    while path:
        page = await portal.page(path)
        seen += re.findall(r'href="/data/items/(DI-[^"]+)"', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = unescape(following[1]) if following else None
    assert seen == sorted(registry.items)


@pytest.mark.requirement("FS-46")
async def test_an_item_shows_its_values_and_links_blocks_and_events(portal: Portal) -> None:
    await portal.log_in()
    page = await portal.page("/data/items/DI-979")
    assert "Rejected" in page and 'href="/data/blocks/R0"' in page
    assert 'href="/data/interfaces/IF-032?event=DSAppInitialResp"' in page


async def test_a_personal_item_is_marked(portal: Portal) -> None:
    await portal.log_in()
    assert "its value is masked" in await portal.page("/data/items/DI-001")
    assert "its value is masked" not in await portal.page("/data/items/DI-979")


@pytest.mark.requirement("FS-46")
async def test_an_interface_shows_who_sends_what_to_whom_and_what_it_looks_like(portal: Portal) -> None:
    await portal.log_in()
    page = await portal.page("/data/interfaces/IF-031")
    assert "Request to Appoint Service Provider" in page and "BP002 Change of service" in page
    assert 'href="/data/items/DI-831"' in page and 'href="/data/blocks/B071"' in page
    assert 'href="/data/flows/change-of-service"' in page
    assert "nothing, from no role" in page
    assert "&#34;eventCode&#34;: &#34;[DSApp]&#34;" in page
    assert "&#34;eventCode&#34;: &#34;[MSApp]&#34;" in await portal.page("/data/interfaces/IF-031?event=msapp")


@pytest.mark.requirement("FS-46", "FS-26")
async def test_an_interface_shows_what_a_role_gets_of_it(portal: Portal) -> None:
    await portal.log_in()
    page = await portal.page("/data/interfaces/IF-909")
    whole, _, seen = page.partition("The same, as")
    assert "&#34;appointmentCode&#34;: &#34;A&#34;" in whole
    assert "&#34;appointmentCode&#34;: &#34;A&#34;" not in seen.partition("</pre>")[0]


@pytest.mark.requirement("FS-46")
async def test_a_flow_is_drawn_and_told_step_by_step(portal: Portal) -> None:
    await portal.log_in()
    page = await portal.page("/data/flows/acquisition")
    assert '<svg class="sequence"' in page and '<a href="/data/interfaces/IF-031"' in page
    assert "Registration turns the request down" in page
    assert 'href="/data/interfaces/IF-031?event=MSApp"' in page
    data = await portal.page("/data/flows/acquisition?lane=data")
    assert 'href="/data/interfaces/IF-031?event=MSApp"' not in data


@pytest.mark.parametrize(
    "path",
    [
        *("items/DI-nothing", "blocks/nothing", "interfaces/IF-999", "interfaces/IF-031?event=nothing"),
        *("interfaces/IF-999/schema.json", "interfaces/IF-031/example.json?event=nothing"),
        *("flows/nothing", "flows/nothing/flow.json", "flows/acquisition?lane=nothing"),
    ],
)
async def test_what_is_not_there_is_not_found(portal: Portal, path: str) -> None:
    await portal.log_in()
    await portal.page(f"/data/{path}", 404)


async def test_every_page_of_the_portal_is_there_and_every_link_leads_somewhere(
    portal: Portal, registry: Registry
) -> None:
    await portal.log_in()
    paths = {
        "/data",
        *(f"/data/{name}" for name in ("items", "blocks", "interfaces", "flows")),
        *(f"/data/interfaces/{id_}" for id_ in registry.channels),
        *(f"/data/flows/{name}" for name in load_flows(asset("channels")).flows),
    }
    linked: set[str] = set()
    for path in sorted(paths):
        linked |= {unescape(link) for link in LINK.findall(await portal.page(path))}
    for path in sorted(linked - paths):
        answer = await portal.client.get(path)
        assert answer.status == 200, path


@pytest.mark.requirement("FS-46", "FS-21")
async def test_an_interface_shows_what_it_says_about_appointments(portal: Portal) -> None:
    await portal.log_in()
    page = await portal.page("/data/interfaces/IF-003?event=ReverseMigNotification")
    assert "Ends the appointment of" in page and "whoever holds it, on to the end of the day of" in page
    assert "from <code>CustomBlock.B002.supplierEffectiveFromDate</code>" in page
    page = await portal.page("/data/interfaces/IF-009?event=MPANDisconnection")
    assert "all roles: whoever holds it, until <code>CustomBlock.B041.disconnectionEffectiveFromDate</code>" in page
    page = await portal.page("/data/interfaces/IF-050?event=MPANCreation")
    assert "for an MPAN that has no appointment yet" in page
    page = await portal.page("/data/interfaces/IF-035?event=SDS-MDROutcome")
    assert "only where <code>CustomBlock.B099.responseCode</code> is <code>A</code>" in page
