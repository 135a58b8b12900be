"""Two catalogues are compared item by item; a channel is summed up as plain values."""

from pathlib import Path

import pytest

from dip.channels.differences import differences
from dip.channels.registry import Registry, build
from dip.channels.summary import blocks, summary
from dip.messages.identifiers import EventCode, InterfaceId

FILE = "interfaces/IF-031.yaml"


def built(texts: dict[str, str]) -> Registry:
    return build(texts, Path("channels"), specification_items=True)


def changed(texts: dict[str, str], name: str, old: str, new: str) -> list[str]:
    """What the change of one file comes to."""
    assert old in texts[name]
    return [str(one) for one in differences(built(texts), built({**texts, name: texts[name].replace(old, new)}))]


def test_equal_catalogues_do_not_differ(texts: dict[str, str]) -> None:
    assert differences(built(texts), built(texts)) == []


@pytest.mark.requirement("FS-61")
@pytest.mark.parametrize(
    ("name", "old", "new", "lines"),
    [
        (FILE, "category: 2", "category: 3", ["~ IF-031 category: 2 -> 3"]),
        (
            FILE,
            "senders: [SUP]",
            "senders: [SUP, LDSO]",
            [
                "~ IF-031 senders: SUP -> LDSO, SUP",
                "~ IF-031 events [DSApp] senders: SUP -> LDSO, SUP",
                "~ IF-031 events [MSApp] senders: SUP -> LDSO, SUP",
            ],
        ),
        (
            FILE,
            "custom: [B013?, B070]",
            "custom: [B013, B070]",
            [
                "~ IF-031 events [MSApp] 011 CustomBlock.B013: optional true; type object; open true -> "
                "type object; open true",
            ],
        ),
        ("dictionary/types.yaml", "enum: [COS, CSP,", "enum: [NEW, COS, CSP,", None),
        (
            "security.yaml",
            "meaning: Commercial",
            "meaning: Reports",
            ["~ category 5: Commercial (pattern 2) -> Reports (pattern 2)"],
        ),
        (
            "roles.yaml",
            "name: Supplier,",
            "name: Provider,",
            ["~ role SUP: Supplier (participant, 23) -> Provider (participant, 23)"],
        ),
    ],
)
def test_a_change_is_told_where_it_is(
    texts: dict[str, str], name: str, old: str, new: str, lines: list[str] | None
) -> None:
    found = changed(texts, name, old, new)
    if lines is None:
        assert found
        assert all("appointmentScenario" in line and "enum NEW, COS" in line for line in found)
    else:
        assert found == lines


@pytest.mark.requirement("FS-61")
def test_a_new_edition_is_told_item_by_item(texts: dict[str, str]) -> None:
    edition = "\neditions: {'012': {formats: {DSApp: {custom: [B071]}}}}\n"
    found = changed(texts, FILE, "custom: [B013?, B070]\n", f"custom: [B013?, B070]{edition}")
    assert all(line.startswith(("+ IF-031 events [DSApp] 012 ", "+ IF-031 events [MSApp] 012 ")) for line in found)
    assert "+ IF-031 events [DSApp] 012 CustomBlock.B071: type object" in found


def test_a_channel_that_comes_or_goes_is_one_line(texts: dict[str, str]) -> None:
    less = {name: text for name, text in texts.items() if name != FILE}
    name = "Request to Appoint Service Provider"
    assert [str(one) for one in differences(built(texts), built(less))] == [f"- IF-031: {name}"]
    assert [str(one) for one in differences(built(less), built(texts))] == [f"+ IF-031: {name}"]


def test_a_summary_holds_what_depends_on_the_sender(registry: Registry) -> None:
    event = summary(registry.channels[InterfaceId("IF-065")])["events"]["[MDRTOU]"]
    assert event["correlationBySender"] == {"SDS": "create", "MDR": "copy"}
    assert event["routingBySender"]["SDS"] == {"primary": ["MDR"], "secondary": [], "always": []}
    amendment = summary(registry.channels[InterfaceId("IF-027")])["events"]["[ConsumptionAmendment]"]
    (date,) = amendment["addressingDates"]
    assert "StartDate until " in date
    assert date.endswith("EndDate (day)")


def test_blocks_are_told_in_a_line(registry: Registry) -> None:
    replay = registry.channels[InterfaceId("IF-016")].events[EventCode("[ActivePower]")].format
    assert blocks(replay)["CommonBlock"] == "S0, S1, A0?, D0?, S2 (S1), M0, R1 (R0)"
    gain = registry.channels[InterfaceId("IF-002")].events[EventCode("[GainMPANInfo]")].format
    assert blocks(gain)["CustomBlock"].endswith("B032?, B905List[]?, B907List[]?, B908List[]?")
