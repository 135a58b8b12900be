"""Faults on demand by the administration API and the page: added, refused with every mistake, removed; not in PRD."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dip.conformance.fault_kinds import KINDS
from tests.integration.portal.conftest import TOKEN, Portal
from tests.integration.portal.test_channel_pages import Visit
from tests.integration.portal.traffic import SUPPLIER
from tests.support.platform import platform


@pytest.fixture
async def visit(portal: Portal) -> Visit:
    await portal.log_in()
    return Visit(portal)


async def ask(portal: Portal, method: str, path: str, status: int, content: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with portal.client.request(method, f"/admin/api/{path}", json=content, headers=headers) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json(content_type=None) if status != 204 else None


@pytest.mark.requirement("FS-34")
async def test_faults_are_listed_replaced_added_and_removed(portal: Portal) -> None:
    assert await ask(portal, "GET", "faults", 200) == {"items": [], "next": None}
    drop: dict[str, Any] = {"kind": "drop", "participant": SUPPLIER, "channel": "if-031", "rate": 0.25}
    wanted = [drop, {"kind": "delay"}]
    listed = await ask(portal, "PUT", "faults", 200, {"items": wanted})
    first, second = listed["items"]
    assert first == first | {**drop, "channel": "IF-031", "count": None, "seconds": None, "struck": 0}
    assert (second["count"], second["rate"], second["seconds"]) == (1, None, 5.0)
    again = await ask(portal, "PUT", "faults", 200, listed["items"])
    assert again == listed
    added = await ask(portal, "POST", "faults", 201, {"kind": "wrong_event", "event": "DSApp", "count": 3})
    assert (added["event"], added["count"]) == ("[DSApp]", 3)
    await ask(portal, "DELETE", f"faults/{first['id']}", 204)
    await ask(portal, "DELETE", f"faults/{first['id']}", 404)
    assert [one["kind"] for one in await items(portal)] == ["delay", "wrong_event"]
    await ask(portal, "DELETE", "faults", 204)
    assert await items(portal) == []


async def items(portal: Portal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(portal, "GET", "faults", 200))["items"]
    return found


@pytest.mark.parametrize(
    ("fault", "place", "expected"),
    [
        ({"kind": "explode"}, "/items/0/kind", "drop, time_out"),
        ({}, "/items/0", "kind"),
        ({"kind": "drop", "rate": 1.5}, "/items/0/rate", "<= 1"),
        ({"kind": "drop", "rate": 0}, "/items/0/rate", "> 0"),
        ({"kind": "drop", "count": 0}, "/items/0/count", ">= 1"),
        ({"kind": "drop", "count": 1, "rate": 1}, "/items/0/rate", "not both"),
        ({"kind": "drop", "chance": 1}, "/items/0", "chance"),
        ({"kind": "drop", "participant": "nobody"}, "/items/0/participant", "DIP id"),
        ({"kind": "drop", "channel": "IF-000"}, "/items/0/channel", "interface"),
        ({"kind": "wrong_event", "channel": "statusmessage"}, "/items/0/channel", "interface"),
        ({"kind": "drop", "event": "[DSApp]"}, "/items/0/event", "whole calls"),
        ({"kind": "duplicate", "event": "a b"}, "/items/0/event", "code of an event"),
        ({"kind": "drop", "seconds": 3}, "/items/0/seconds", "expected none"),
        ({"kind": "delay", "seconds": 301}, "/items/0/seconds", "at most 300"),
        ({"kind": "server_error", "status": 404}, "/items/0/status", ">= 500"),
        ({"kind": "delay", "status": 500}, "/items/0/status", "expected none"),
        ("drop", "/items/0", "object"),
    ],
)
async def test_a_bad_fault_is_refused_with_its_place_and_nothing_changes(
    portal: Portal, fault: Any, place: str, expected: str
) -> None:
    await ask(portal, "PUT", "faults", 200, [{"kind": "drop"}])
    refused = await ask(portal, "PUT", "faults", 400, {"items": [fault]})
    assert f"{place}:" in refused["detail"] and expected in refused["detail"]
    assert [one["kind"] for one in await items(portal)] == ["drop"]


async def test_every_mistake_of_a_list_is_named_at_once(portal: Portal) -> None:
    wanted = [{"kind": "drop", "id": "a"}, {"kind": "explode"}, {"kind": "drop", "id": "a", "seconds": 2}]
    refused = await ask(portal, "PUT", "faults", 400, {"items": wanted})
    assert "/items/1/kind" in refused["detail"] and "/items/2/seconds" in refused["detail"]
    refused = await ask(portal, "PUT", "faults", 400, [{"kind": "drop", "id": "a"}] * 2)
    assert "expected each id once" in refused["detail"]


@pytest.mark.parametrize("body", ['{"items": {}}', "7", "{", "[" * 5000])
async def test_a_body_that_is_no_list_is_refused(portal: Portal, body: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with portal.client.put("/admin/api/faults", data=body, headers=headers) as answer:
        assert answer.status == 400 and "Body: expected" in await answer.text()


async def test_more_than_the_limit_is_refused(portal: Portal) -> None:
    refused = await ask(portal, "PUT", "faults", 400, [{"kind": "drop"}] * 101)
    assert "at most 100" in refused["detail"]


@pytest.mark.requirement("FS-34")
async def test_the_page_explains_every_kind_and_takes_and_removes_faults(visit: Visit) -> None:
    page = await visit.open("/faults")
    assert all(f'id="{name}"' in page and f'value="{name}"' in page for name in KINDS)
    assert "RCP1047" in page and "None. Everything goes as it should." in page
    fields = {"do": "add", "kind": "wrong_version", "participant": SUPPLIER, "channel": "IF-031", "rate": "0.1"}
    assert await visit.send("/faults", 303, **fields, count="", seconds="", event="") == "/faults"
    (fault,) = await items(visit.portal)
    assert (fault["kind"], fault["rate"], fault["channel"]) == ("wrong_version", 0.1, "IF-031")
    page = await visit.open("/faults")
    assert "10%" in page and "active" in page and 'aria-current="page">Faults' in page
    await visit.send("/faults", 303, do="remove", fault=fault["id"])
    assert await items(visit.portal) == []
    for _ in range(2):
        await visit.send("/faults", 303, do="add", kind="drop", count="2")
    assert len(await items(visit.portal)) == 2
    await visit.send("/faults", 303, do="clear")
    assert await items(visit.portal) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"kind": "drop", "count": "many"}, "/count: expected a number"), ({"kind": "drop", "seconds": "3"}, "/seconds")],
)
async def test_a_form_with_a_mistake_comes_back_with_what_was_typed(
    visit: Visit, fields: dict[str, str], said: str
) -> None:
    await visit.open("/faults")
    page = await visit.send("/faults", 400, do="add", **fields)
    assert said in page and 'value="drop" selected' in page
    assert f'value="{fields.get("count", fields.get("seconds"))}"' in page
    assert await items(visit.portal) == []


async def test_nobody_unknown_sees_or_changes_faults(portal: Portal) -> None:
    for method, path in (("GET", "/admin/api/faults"), ("PUT", "/admin/api/faults"), ("POST", "/faults")):
        async with portal.client.request(method, path, data="[]", allow_redirects=False) as answer:
            assert answer.status == 401


async def test_in_production_every_call_and_the_page_are_refused(tmp_path: Path) -> None:
    async with platform(tmp_path / "prd", environment="PRD") as made:
        token = (made.dip.directory / "admin.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(made.dip.portal_url, headers=headers) as session:
            for method, path in (
                ("GET", "/admin/api/faults"),
                ("PUT", "/admin/api/faults"),
                ("POST", "/admin/api/faults"),
                ("DELETE", "/admin/api/faults"),
                ("DELETE", "/admin/api/faults/fault-1"),
                ("GET", "/faults"),
                ("POST", "/faults"),
            ):
                content = '[{"kind": "drop"}]' if method == "PUT" else '{"kind": "drop"}'
                async with session.request(method, path, data=content) as answer:
                    assert (answer.status, "PRD" in await answer.text()) == (403, True), (method, path)
            async with session.get("/messages", headers={"Accept": "text/html"}) as answer:
                assert 'href="/faults"' not in await answer.text()
