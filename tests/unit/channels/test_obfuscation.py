"""Items that a role does not get: taken out, or replaced by a value that says no more."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from dip.channels.errors import CatalogueRefused
from dip.channels.examples import example
from dip.channels.obfuscation import HiddenItem, hidden_by_all, without
from dip.channels.registry import Registry, build
from dip.messages.identifiers import EventCode, InterfaceId, RoleCode

REFERENCE, GRANULARITY = (
    "CustomBlock.B071.contractReferenceDataService",
    "CustomBlock.B071.supplierProposedConsentGranularity",
)
READINGS = "CustomBlock.B064List[*].cumulativeRegisterReading"


def hiding(texts: dict[str, str], interface: str, role: str, *items: str) -> Registry:
    """The shipped catalogue, with one channel that hides these items from a role."""
    name = f"interfaces/{interface}.yaml"
    listed = ", ".join(f"'{item}'" for item in items)
    changed = {**texts, name: f"{texts[name]}obfuscation: {{{role}: [{listed}]}}\n"}
    return build(changed, Path("channels"), specification_items=True)


def seen_by(registry: Registry, interface: str, event: str, role: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """An example of an event: whole, and as the role gets it."""
    channel = registry.channels[InterfaceId(interface)]
    whole = example(channel.events[EventCode(event)].format.schema())
    seen = msgspec.json.decode(msgspec.json.encode(whole))
    without(seen, channel.hidden.get(RoleCode(role), ()))
    return whole, seen


@pytest.mark.requirement("FS-26")
def test_an_appointment_request_keeps_an_item_with_the_value_that_says_nothing(texts: dict[str, str]) -> None:
    registry = hiding(texts, "IF-031", "REGS", REFERENCE, f"{GRANULARITY}=x")
    whole, seen = seen_by(registry, "IF-031", "[DSApp]", "REGS")
    expected = {key: held for key, held in whole["CustomBlock"]["B071"].items() if not REFERENCE.endswith(key)}
    assert seen["CustomBlock"]["B071"] == expected | {"supplierProposedConsentGranularity": "x"}
    layout = registry.channels[InterfaceId("IF-031")].events[EventCode("[DSApp]")].format
    assert [fault.pointer for fault in layout.explain(seen)] == [
        "/payload/CustomBlock/B071/contractReferenceDataService"
    ]
    assert seen_by(registry, "IF-031", "[DSApp]", "SUP")[1] == whole


@pytest.mark.requirement("FS-26")
def test_readings_lose_an_item_in_every_entry_of_their_list(texts: dict[str, str]) -> None:
    whole, seen = seen_by(hiding(texts, "IF-041", "LDSO", READINGS), "IF-041", "[ReadingCOS]", "LDSO")
    assert [entry.keys() - set(seen["CustomBlock"]["B064List"][0]) for entry in whole["CustomBlock"]["B064List"]] == [
        {"cumulativeRegisterReading"}
    ]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (f"{GRANULARITY}=y", f"the list of values of {GRANULARITY} has no 'y'"),
        (f"{REFERENCE}=x", f"the list of values of {REFERENCE} has no 'x'"),
        ("CustomBlock.B071=x", "the list of values of CustomBlock.B071 has no 'x'"),
        ("CustomBlock.B999.x=x", "no format of this channel has an item CustomBlock.B999.x"),
        ("B071=x", "'B071' is no path such as CustomBlock.B900.list[*].item"),
    ],
)
def test_a_value_that_an_item_can_not_have_is_a_fault_of_the_file(
    texts: dict[str, str], item: str, reason: str
) -> None:
    with pytest.raises(CatalogueRefused) as refused:
        hiding(texts, "IF-031", "REGS", item)
    assert [fault.reason for fault in refused.value.faults] == [reason]


def test_a_replaced_item_that_is_absent_stays_absent() -> None:
    payload: dict[str, Any] = {"CustomBlock": {"B1": {"b": "1"}, "List": [{"a": "1"}, {}]}}
    without(payload, ["CustomBlock.B1.a=x", "CustomBlock.List[*].a=x", "CommonBlock.M0.a=x"])
    assert payload == {"CustomBlock": {"B1": {"b": "1"}, "List": [{"a": "x"}, {}]}}


@pytest.mark.requirement("FS-26")
@pytest.mark.parametrize(
    ("lists", "hidden"),
    [
        ([["CustomBlock.B1.a"], ["CustomBlock.B1.a", "CustomBlock.B1.b"]], ("CustomBlock.B1.a",)),
        ([["CustomBlock.B1.a"], ["CustomBlock.B1.a=x"]], ("CustomBlock.B1.a=x",)),
        ([["CustomBlock.B1"], ["CustomBlock.B1.a", "CustomBlock.B1.b=x"]], ("CustomBlock.B1.a", "CustomBlock.B1.b=x")),
        ([["CustomBlock.B1", "CustomBlock.B1.a=x"]], ("CustomBlock.B1",)),
        ([["CustomBlock.B1.a"], []], ()),
        ([["CustomBlock.B1.a=x"], ["CustomBlock.B1.a=y"]], ()),
    ],
)
def test_of_several_roles_the_one_that_sees_most_decides(lists: list[list[str]], hidden: tuple[str, ...]) -> None:
    assert hidden_by_all(lists) == hidden


def test_a_hidden_item_reads_back_as_it_was_written() -> None:
    for text in (REFERENCE, f"{GRANULARITY}=x", READINGS):
        assert str(HiddenItem.parse(text)) == text
