"""What programs get from the data portal."""

import csv
import io
from typing import Any

import pytest

from dip.channels.registry import Registry
from tests.integration.portal.conftest import TOKEN, Portal

BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def asked(portal: Portal, path: str, status: int = 200) -> tuple[str, str, str]:
    """Content type, the name to be kept under, and text."""
    answer = await portal.client.get(f"/data/{path}", headers=BEARER)
    assert answer.status == status, await answer.text()
    return answer.content_type, answer.headers.get("Content-Disposition", ""), await answer.text()


async def as_json(portal: Portal, path: str) -> Any:
    answer = await portal.client.get(f"/data/{path}", headers=BEARER)
    assert (answer.status, answer.content_type) == (200, "application/json")
    return await answer.json()


async def as_rows(portal: Portal, path: str) -> list[dict[str, str]]:
    content_type, _, text = await asked(portal, path)
    assert content_type == "text/csv"
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.requirement("FS-46")
async def test_the_dictionary_as_json_and_csv_has_every_item(portal: Portal, registry: Registry) -> None:
    items = await as_json(portal, "items.json")
    assert [item["id"] for item in items] == sorted(registry.items)
    assert [row["id"] for row in await as_rows(portal, "items.csv")] == sorted(registry.items)
    (response,) = [item for item in items if item["id"] == "DI-979"]
    assert response["interfaces"]["IF-032"] == ["DSAppInitialResp", "MSAppInitialResp"]
    assert response["blocks"]["R0"]["schemas"][0]["enum"][:3] == ["A", "R", "L"]


async def test_a_search_can_be_downloaded(portal: Portal) -> None:
    rows = await as_rows(portal, "items.csv?q=DI-979")
    assert [row["name"] for row in rows] == ["Response Code"]


async def test_the_blocks_as_json_and_csv_have_their_keys_in_order(portal: Portal) -> None:
    blocks = {block["name"]: block for block in await as_json(portal, "blocks.json")}
    keys = [item["key"] for item in blocks["B071"]["items"]]
    rows = [row for row in await as_rows(portal, "blocks.csv") if row["block"] == "B071"]
    assert [row["key"] for row in rows] == keys


@pytest.mark.requirement("FS-46")
async def test_the_interfaces_as_json_and_csv_have_every_event(portal: Portal, registry: Registry) -> None:
    interfaces = {one["id"]: one for one in await as_json(portal, "interfaces.json")}
    assert interfaces.keys() == registry.channels.keys()
    assert interfaces["IF-031"]["events"][0]["rules"][0]["primary"] == ["REGS"]
    (event,) = [one for one in interfaces["IF-050"]["events"] if one["code"] == "[MPANCreation]"]
    assert event["appointments"][0] == {
        "verb": "appoint",
        "roles": ["LDSO"],
        "party": "CommonBlock.M0.distributorDIPID",
        "at": "CustomBlock.B079.MPStatusEffectiveFromDate",
        "lastDay": False,
        "onlyNew": True,
        "when": None,
    }
    told = {(row["id"], row["event"]) for row in await as_rows(portal, "interfaces.csv")}
    assert told == {(channel.id, code.strip("[]")) for channel in registry.channels.values() for code in channel.events}


@pytest.mark.requirement("FS-46")
async def test_schema_example_and_items_of_an_interface(portal: Portal) -> None:
    schema = await as_json(portal, "interfaces/IF-031/schema.json?event=DSApp")
    assert schema["$schema"].endswith("2020-12/schema") and schema["title"] == "IF-031 DSApp"
    assert [one["title"] for one in (await as_json(portal, "interfaces/IF-031/schema.json"))["oneOf"]] == [
        "IF-031 DSApp",
        "IF-031 MSApp",
    ]
    (message,) = await as_json(portal, "interfaces/IF-031/example.json?event=dsapp")
    assert message["payload"]["CommonBlock"]["S0"]["eventCode"] == "[DSApp]"
    rows = await as_rows(portal, "interfaces/IF-031/items.csv")
    assert {row["event"] for row in rows} == {"DSApp", "MSApp"}
    (mpan,) = [row for row in rows if row["event"] == "DSApp" and row["key"] == "MPANCore"]
    assert (mpan["item"], mpan["personal"], mpan["minLength"]) == ("DI-063", "yes", "13")


@pytest.mark.requirement("FS-26")
async def test_an_example_as_a_role_gets_it(portal: Portal) -> None:
    (whole,) = await as_json(portal, "interfaces/IF-909/example.json")
    (seen,) = await as_json(portal, "interfaces/IF-909/example.json?role=SUP")
    assert "appointmentCode" in whole["payload"]["CustomBlock"]["B909"]
    assert "appointmentCode" not in seen["payload"]["CustomBlock"]["B909"]
    await asked(portal, "interfaces/IF-909/example.json?role=nobody", 400)


@pytest.mark.requirement("FS-46")
async def test_a_flow_as_json_csv_and_mermaid(portal: Portal) -> None:
    flow = await as_json(portal, "flows/acquisition/flow.json")
    assert flow["steps"][0]["interface"] == "IF-001"
    assert flow["steps"][3]["either"][0]["when"] == "Registration turns the request down"
    rows = await as_rows(portal, "flows/acquisition/steps.csv")
    assert [row["stage"] for row in rows[:2]] == ["Gain confirmed", "Registration information provided"]
    content_type, kept_as, text = await asked(portal, "flows/acquisition/sequence.mmd")
    assert content_type == "text/plain" and kept_as == 'attachment; filename="acquisition.mmd"'
    assert text.startswith("sequenceDiagram\n")


async def test_no_cell_of_any_table_can_be_a_formula(portal: Portal) -> None:
    for path in (
        "items.csv",
        "blocks.csv",
        "interfaces.csv",
        "interfaces/IF-021/items.csv",
        "flows/acquisition/steps.csv",
    ):
        cells = [cell for row in await as_rows(portal, path) for cell in row.values()]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))], path
