"""The page of the endpoints: seen, limited, paused and resumed by its forms (FS-15, FS-31)."""

import pytest

from tests.integration.portal.conftest import Portal
from tests.integration.portal.test_channel_pages import Visit


@pytest.fixture
async def visit(portal: Portal) -> Visit:
    await portal.log_in()
    return Visit(portal)


async def endpoint(portal: Portal) -> dict[str, object]:
    (found,) = (await portal.ask("endpoints"))["items"]
    return dict(found)


@pytest.mark.requirement("FS-15", "FS-31")
async def test_an_endpoint_is_limited_and_paused_and_resumed_on_its_page(portal: Portal, visit: Visit) -> None:
    page = await visit.open("/endpoints")
    assert "https://localhost:9443/" in page
    assert "in service" in page
    path = f"/endpoints/{(await endpoint(portal))['id']}"
    await visit.send(
        path, 303, do="save", name="Main queue", messageCount="7", callsASecond="2.5", told="ops@example.org"
    )
    assert (await endpoint(portal)).items() >= {
        "name": "Main queue",
        "maxMessageCount": 7,
        "callsASecond": 2.5,
        "told": ["ops@example.org"],
    }.items()
    await visit.send(path, 303, do="pause")
    assert "paused by hand" in await portal.page("/endpoints")
    await visit.send(path, 303, do="resume")
    await visit.send(path, 303, do="save")
    assert (await endpoint(portal)).items() >= {"held": False, "name": "", "maxMessageCount": 100, "told": []}.items()


@pytest.mark.requirement("FS-15")
@pytest.mark.parametrize("field", [{"messageCount": "0"}, {"messageCount": "many"}, {"told": "nobody"}])
async def test_a_form_with_an_impossible_setting_is_refused(
    portal: Portal, visit: Visit, field: dict[str, str]
) -> None:
    await visit.open("/endpoints")
    path = f"/endpoints/{(await endpoint(portal))['id']}"
    await visit.send(path, 400, do="save", **field)
    assert (await endpoint(portal))["maxMessageCount"] == 100
