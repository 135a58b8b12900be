"""The documents keep to their formats and say what the catalogue says."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from dip.channels.channel import Event
from dip.channels.registry import Registry, load
from dip.ground.assets import asset
from dip.ground.settings import Settings
from dip.http.description.asyncapi import asyncapi
from dip.http.description.openapi import openapi
from dip.http.description.schemas import SchemaBook, code_of, example_of
from tests.unit.http.description.conftest import API_ROUTES, API_URL, PORTAL_ROUTES

FAULTY: tuple[Any, ...] = (None, "ǁ", 7, [], {}, [{}])
PUBLISHED = Path(__file__).parent / "published"


def published(name: str) -> Any:
    return json.loads((PUBLISHED / name).read_text(encoding="utf-8"))


def faults(schema: Any, document: Any) -> list[str]:
    validator = jsonschema_rs.validator_for(schema)
    return [f"{error.instance_path}: {error.message[:200]}" for error in validator.iter_errors(document)]


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document but those of examples."""
    if isinstance(node, dict):
        yield node
        for name, part in node.items():
            if name not in {"value", "example"}:
                yield from nodes(part)
    elif isinstance(node, list):
        for part in node:
            yield from nodes(part)


def lost_references(document: dict[str, Any]) -> set[str]:
    """The references of a document that lead nowhere."""
    lost = set()
    for node in nodes(document):
        target = node.get("$ref")
        held: Any = document
        for step in target.removeprefix("#/").split("/") if isinstance(target, str) else ():
            held = held.get(step) if isinstance(held, dict) else None
        if held is None:
            lost.add(str(target))
    return lost


def events(registry: Registry) -> list[tuple[str, Event]]:
    return [
        (f"{channel.id}.{code_of(event)}", event)
        for channel in registry.channels.values()
        for event in channel.events.values()
    ]


@pytest.mark.requirement("FS-44")
def test_the_openapi_document_keeps_to_the_published_schema(described: dict[str, Any]) -> None:
    schema = published("openapi-3.0.json")
    assert faults(schema, described) == []
    assert faults(schema, {**described, "paths": {"no-path": {}}})


def test_the_asyncapi_document_keeps_to_the_published_schema(channels: dict[str, Any]) -> None:
    schema = published("asyncapi-3.0.0.json")
    assert faults(schema, channels) == []
    broken = {**channels, "operations": {"one": {"action": "shout", "channel": {"$ref": "#/channels/IF-031"}}}}
    assert faults(schema, broken)


def test_every_reference_leads_somewhere(described: dict[str, Any], channels: dict[str, Any]) -> None:
    assert lost_references(described) == set()
    assert lost_references(channels) == set()


def test_openapi_schemas_use_no_word_of_a_later_draft(described: dict[str, Any]) -> None:
    for node in nodes(described["components"]["schemas"]):
        assert not isinstance(node.get("type"), list) and node.get("type") != "null"
        assert not {"const", "propertyNames", "$defs", "prefixItems"} & node.keys()


def test_operation_ids_are_unique_names(described: dict[str, Any]) -> None:
    found = [node["operationId"] for node in nodes(described["paths"]) if "operationId" in node]
    assert len(set(found)) == len(found)
    assert all(name.replace("-", "").isalnum() for name in found)


@pytest.mark.requirement("FS-44")
def test_every_event_can_be_sent_and_validated_by_the_document(described: dict[str, Any], registry: Registry) -> None:
    for channel in registry.channels.values():
        sent = described["paths"][f"/dip-channel/{channel.id}"]["post"]
        examples = sent["requestBody"]["content"]["application/json"]["examples"]
        assert set(examples) == {code_of(event) for event in channel.events.values()}
        for event in channel.events.values():
            assert f"/validate/{channel.id}/{code_of(event)}" in described["paths"]


def test_the_schemas_that_refer_to_each_other_judge_as_the_whole_ones_do(registry: Registry) -> None:
    book = SchemaBook(registry)
    for channel in registry.channels.values():
        for event in channel.events.values():
            whole = jsonschema_rs.validator_for(event.format.schema())
            parts = jsonschema_rs.validator_for(
                {**book.message(channel, event.format), "components": {"schemas": book.schemas}}
            )
            good = example_of(event)
            assert parts.is_valid(good) and whole.is_valid(good["payload"])
            for block, held in good["payload"].items():
                for key in held:
                    for value in FAULTY:
                        bad = {**good["payload"], block: {**held, key: value}}
                        assert parts.is_valid({"payload": bad}) is whole.is_valid(bad), (event.code, key, value)


def test_examples_keep_to_their_schemas(described: dict[str, Any], channels: dict[str, Any]) -> None:
    schemas = {"components": {"schemas": channels["components"]["schemas"]}}
    for name, message in channels["components"]["messages"].items():
        validator = jsonschema_rs.validator_for({**message["payload"], **schemas})
        assert [error.message for error in validator.iter_errors(message["examples"][0]["payload"])] == [], name
    shown = described["components"]["examples"]
    assert {name.removesuffix(".sealed") for name in shown} == set(channels["components"]["messages"])


def test_an_encrypted_channel_takes_a_jwe_in_the_spec_profile_alone(described: dict[str, Any]) -> None:
    spec = "JWE" in described["components"]["schemas"]
    items = described["paths"]["/dip-channel/IF-031"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    names = [one["$ref"].rpartition("/")[2] for one in items["items"]["oneOf"]]
    assert names == (["IF-031-DSApp.sealed", "IF-031-MSApp.sealed"] if spec else ["IF-031-DSApp", "IF-031-MSApp"])
    answers = described["paths"]["/dip-channel/IF-031"]["post"]["responses"]
    assert ("202" in answers, "207" in answers, "201" in answers) == (spec, spec, not spec)


def test_a_call_of_a_participant_is_signed_but_for_a_validation(described: dict[str, Any]) -> None:
    sent = described["paths"]["/dip-channel/IF-031"]["post"]["parameters"]
    assert {"$ref": "#/components/parameters/X-DIP-Signature"} in sent
    assert "parameters" not in described["paths"]["/validate/IF-031/DSApp"]["post"]
    assert described["paths"]["/dip-channel/IF-031"]["servers"][0]["url"] == API_URL


def test_a_route_that_nobody_described_stands_there_in_its_own_words(described: dict[str, Any]) -> None:
    added = described["paths"]["/to/be/added/{name}"]["get"]
    assert (added["summary"], added["parameters"][0]["name"]) == ("Does something new", "name")
    changed = described["paths"]["/admin/api/things/{name}"]["put"]
    assert (changed["summary"], changed["tags"]) == ("Change a thing", ["Administration"])
    assert "application/json" in changed["requestBody"]["content"]


def test_it_says_who_may_ask(described: dict[str, Any]) -> None:
    paths = described["paths"]
    assert paths["/healthz"]["get"]["security"] == []
    assert paths["/admin/api/messages"]["get"]["security"] == [{"administrationToken": []}, {"session": []}]
    assert paths["/dip-channel/IF-031"]["post"]["security"] == [{"apiKey": []}, {}]


def test_each_channel_says_who_sends_and_who_receives(channels: dict[str, Any], registry: Registry) -> None:
    assert set(channels["channels"]) == set(registry.channels)
    for channel in registry.channels.values():
        taken = channels["operations"][f"{channel.id}.receive"]
        given = channels["operations"][f"{channel.id}.send"]
        assert (taken["action"], given["action"]) == ("receive", "send")
        assert all(role in taken["title"] for role in channel.senders)
        assert all(role in given["title"] for role in channel.recipients if role != "*")
    assert channels["servers"]["dip"]["host"] == "dip.example:8443"
    assert channels["servers"]["dip"]["pathname"] == "/gateway"


def test_messages_say_where_their_correlation_id_stands(channels: dict[str, Any], registry: Registry) -> None:
    messages = channels["components"]["messages"]
    assert messages["IF-031.DSApp"]["correlationId"] == {"$ref": "#/components/correlationIds/create"}
    assert messages["IF-032.DSAppInitialResp"]["correlationId"] == {"$ref": "#/components/correlationIds/copy"}
    assert len(messages) == len(events(registry))


def test_both_documents_of_the_whole_catalogue_are_made_in_a_second() -> None:
    registry, settings = load(asset("channels"), specification_items=True), Settings()
    started = time.process_time()
    openapi(registry, settings, api_url=API_URL, api_routes=API_ROUTES, portal_routes=PORTAL_ROUTES)
    asyncapi(registry, settings, api_url=API_URL)
    assert time.process_time() - started < 1


def test_a_channel_whose_caller_waits_says_how_long(described: dict[str, Any], registry: Registry) -> None:
    waiting = {str(channel.id) for channel in registry.channels.values() if channel.reply_within is not None}
    said = {
        path.rpartition("/")[2]
        for path, held in described["paths"].items()
        if path.startswith("/dip-channel/") and "waits for the reply" in held.get("post", {}).get("description", "")
    }
    assert said == waiting != set()
