"""Several editions of a channel's formats are accepted at once, each by its schemaVersion."""

from pathlib import Path

import pytest

from dip.channels.channel import Event
from dip.channels.errors import CatalogueRefused
from dip.channels.examples import example
from dip.channels.registry import Registry, build
from dip.messages.identifiers import EventCode, InterfaceId

FILE = "interfaces/IF-031.yaml"
EDITIONS = """\
blocks:
  Urgency: {items: [urgency: {type: string, maxLength: 4, enum: [LOW, HIGH]}]}
editions:
  '012':
    formats:
      DSApp: {custom: [B013?, B071, Urgency]}
"""


def built(texts: dict[str, str], editions: str) -> Registry:
    return build({**texts, FILE: texts[FILE] + editions}, Path("channels"), specification_items=True)


def event(registry: Registry, code: str) -> Event:
    return registry.channels[InterfaceId("IF-031")].events[EventCode(code)]


@pytest.mark.requirement("FS-61", "FS-19")
def test_an_event_has_a_format_for_each_edition(texts: dict[str, str]) -> None:
    changed = event(built(texts, EDITIONS), "[DSApp]")
    assert list(changed.editions) == ["011", "012"]
    assert changed.format is changed.format_of("011") is changed.format_of("013") is changed.format_of(None)
    payload = example(changed.format_of("012").schema())
    assert payload["CommonBlock"]["S0"]["schemaVersion"] == "012"
    assert payload["CustomBlock"]["Urgency"] == {"urgency": "LOW"}
    assert changed.format_of("012").explain(payload) == []
    assert {fault.pointer for fault in changed.format.explain(payload)} == {
        "/payload/CommonBlock/S0/schemaVersion",
        "/payload/CustomBlock/Urgency",
    }


@pytest.mark.requirement("FS-61")
def test_what_an_edition_does_not_say_is_as_in_the_current_one(texts: dict[str, str]) -> None:
    same = event(built(texts, EDITIONS), "[MSApp]")
    assert same.format_of("012") is not same.format
    assert same.format_of("012").custom is not None
    payload = example(same.format.schema())
    payload["CommonBlock"]["S0"]["schemaVersion"] = "012"
    assert same.format_of("012").explain(payload) == []


@pytest.mark.parametrize(
    ("editions", "reason"),
    [
        ("editions: {'011': {formats: {DSApp: {custom: [B071]}}}}\n", "the current format 'DSApp' has the version 011"),
        ("editions: {'012': {formats: {DSApps: {custom: [B071]}}}}\n", "no format 'DSApps' in the current edition"),
        ("editions: {'012': {}}\n", "the key 'formats' is missing"),
        ("editions: {'012': {formats: {DSApp: {versions: ['1']}}}}\n", "unknown key 'versions'"),
        ("editions: {'012': {formats: {DSApp: {custom: [B999]}}}}\n", "no type or block 'B999'"),
    ],
)
def test_a_fault_of_an_edition_is_reported(texts: dict[str, str], editions: str, reason: str) -> None:
    with pytest.raises(CatalogueRefused) as refused:
        built(texts, editions)
    assert reason in [fault.reason for fault in refused.value.faults]
