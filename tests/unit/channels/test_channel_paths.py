"""Paths to items: read from typed blocks, removed from plain ones."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from dip.channels.examples import example
from dip.channels.formats import MessageFormat
from dip.channels.obfuscation import without
from dip.channels.paths import ItemPath
from dip.channels.registry import Registry

DAYS = "CustomBlock.B900.settlementDayConsumptionPeriods[*].settlementDay.settlementDayDate"


@pytest.fixture
def layout(registry: Registry) -> MessageFormat:
    found = registry.find("IF-021")
    assert found is not None
    return next(iter(found.events.values())).format


def test_a_path_yields_every_value_of_a_list(layout: MessageFormat) -> None:
    payload = example(layout.schema())
    day = payload["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0]
    payload["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"] = [day, day]
    common = layout.decode_common(msgspec.json.encode(payload["CommonBlock"]))
    custom = layout.decode_custom(msgspec.json.encode(payload["CustomBlock"]))
    assert ItemPath.parse(DAYS).values(common, custom) == [day["settlementDay"]["settlementDayDate"]] * 2
    assert ItemPath.parse("CommonBlock.M0.MPANCore").values(common, None) == ["2000056535971"]


def test_what_is_absent_or_null_yields_nothing(layout: MessageFormat) -> None:
    payload = example(layout.schema(), optional=False)
    payload["CommonBlock"]["A0"] = {"primaryRecipients": [None], "secondaryRecipients": [], "always": []}
    payload["CommonBlock"]["S1"]["subText"] = None
    common = layout.decode_common(msgspec.json.encode(payload["CommonBlock"]))
    for text in (
        "A0.addressingDateTime",
        "A0.primaryRecipients[*]",
        "S1.subText",
        "D0.transactionID",
        "M9.x",
    ):
        assert ItemPath.parse(f"CommonBlock.{text}").values(common, None) == []
    assert ItemPath.parse(DAYS).values(common, None) == []


def test_entries_that_are_null_are_passed_over_and_names_may_have_a_hyphen() -> None:
    held = SimpleNamespace(
        a_b=SimpleNamespace(list=[None, SimpleNamespace(x=1), SimpleNamespace(x=None)], names=["n", None])
    )
    for text, found in (("a-b.list[*].x", [1]), ("a-b.names[*]", ["n"]), ("a-b.names", [held.a_b.names]), ("y.x", [])):
        assert ItemPath.parse(f"CustomBlock.{text}").values(None, held) == found
        assert ItemPath.parse(f"CommonBlock.{text}").values(None, held) == []


@pytest.mark.parametrize(
    "text", ["", "CustomBlock", "Block.B909.x", "CustomBlock..x", "CustomBlock.x[0]", "CustomBlock.x y"]
)
def test_other_texts_are_no_paths(text: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        ItemPath.parse(text)


def test_a_path_reads_back_as_it_was_written() -> None:
    assert str(ItemPath.parse(DAYS)) == DAYS


def test_a_path_fits_only_a_format_that_has_the_item(layout: MessageFormat) -> None:
    assert layout.holds(ItemPath.parse(DAYS))
    assert not layout.holds(ItemPath.parse(DAYS.replace("[*]", "")))
    assert not layout.holds(ItemPath.parse("CommonBlock.M0.MPANCore[*]"))
    assert not layout.holds(ItemPath.parse("CustomBlock.B909.appointmentCode"))


@pytest.mark.requirement("FS-26")
def test_items_are_taken_out_of_a_payload_wherever_they_stand() -> None:
    payload: dict[str, Any] = {
        "CommonBlock": {"M0": {"MPANCore": "1"}},
        "CustomBlock": {"B1": {"a": 1, "b": 2}, "List": [{"a": 1}, {"a": 2, "b": 3}, None]},
    }
    without(payload, ["CustomBlock.B1.a", "CustomBlock.List[*].a", "CustomBlock.B2.x", "CustomBlock.B1[*].b"])
    assert payload == {
        "CommonBlock": {"M0": {"MPANCore": "1"}},
        "CustomBlock": {"B1": {"b": 2}, "List": [{}, {"b": 3}, None]},
    }
    without(payload, ["CustomBlock.B1", "CommonBlock.M0.MPANCore.deeper"])
    assert list(payload["CustomBlock"]) == ["List"]
    without({}, ["CustomBlock.B1.a"])
