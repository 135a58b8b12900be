"""A faulty catalogue is refused with every fault and its place; a new channel takes one file."""

from datetime import timedelta
from pathlib import Path

import pytest

from dip.channels.durations import duration, written
from dip.channels.errors import CatalogueRefused
from dip.channels.registry import Registry, build, load
from dip.ground.errors import SetupRefused
from dip.messages.identifiers import EventCode, InterfaceId, RoleCode

CHANNEL = """\
id: IF-990
template: pattern-a
name: A new channel
publication: PUB-990
category: 2
senders: [SUP]
routing: {primary: [], secondary: [REGS], always: ['*']}
correlation: create
events:
  New: {meaning: Something new}
formats:
  New: {custom: [B013, Extra: {items: [note: {type: string, maxLength: 5}]}]}
"""
FILE = "interfaces/IF-990.yaml"


def built(texts: dict[str, str]) -> Registry:
    return build(texts, Path("channels"), specification_items=True)


def faults(texts: dict[str, str]) -> list[str]:
    with pytest.raises(CatalogueRefused) as refused:
        built(texts)
    assert isinstance(refused.value, SetupRefused)
    assert refused.value.message.splitlines() == [str(fault) for fault in refused.value.faults]
    return refused.value.message.splitlines()


def changed(texts: dict[str, str], old: str, new: str) -> dict[str, str]:
    assert old in CHANNEL
    return {**texts, FILE: CHANNEL.replace(old, new)}


@pytest.mark.requirement("FS-04", "FS-10")
def test_a_new_channel_takes_one_file_over_a_template(texts: dict[str, str]) -> None:
    channel = built({**texts, FILE: CHANNEL}).channels[InterfaceId("IF-990")]
    assert channel.dead_letter_after == timedelta(days=14)
    assert channel.recipients == {"REGS", "*"}
    layout = channel.events[EventCode("[New]")].format
    layout.decode_custom(b'{"B013": {"CSSRegistrationID": "1"}, "Extra": {"note": "12345"}}')


@pytest.mark.requirement("FS-10", "FS-71")
def test_a_new_template_takes_one_file_and_a_channel_says_what_differs(texts: dict[str, str]) -> None:
    template = texts["templates/pattern-a.yaml"].replace("P14D", "PT36H").replace("pattern: A", "pattern: C")
    mine = changed(texts, "template: pattern-a", "template: pattern-c\narchive_for: P1D")
    channel = built({**mine, "templates/pattern-c.yaml": template}).channels[InterfaceId("IF-990")]
    assert (channel.pattern, channel.dead_letter_after) == ("C", timedelta(hours=36))
    assert channel.archive_for == timedelta(days=1)


@pytest.mark.requirement("FS-06")
def test_a_new_security_category_and_pattern_take_two_lines(texts: dict[str, str]) -> None:
    security = texts["security.yaml"].replace(
        "categories:",
        "  '3': {meaning: Own, actions: [encrypt]}\ncategories:\n  '6': {meaning: Own, pattern: 3}",
    )
    mine = {**changed(texts, "category: 2", "category: 6"), "security.yaml": security}
    channel = built(mine).channels[InterfaceId("IF-990")]
    assert (channel.category, channel.signed, channel.encrypted) == (6, False, True)


def test_a_channel_may_call_items_of_its_own_personal(texts: dict[str, str]) -> None:
    registry = built({**texts, FILE: CHANNEL + "personal: [note]\n"})
    assert "note" in registry.personal_keys
    layout = registry.channels[InterfaceId("IF-990")].events[EventCode("[New]")].format
    (fault,) = layout.explain_custom({"B013": {"CSSRegistrationID": "1"}, "Extra": {"note": "too long"}})
    assert fault.found is None


def test_what_is_said_by_sender_wins_unless_the_event_says_otherwise(texts: dict[str, str]) -> None:
    mine = changed(
        texts,
        "correlation: create",
        "correlation: create\ncorrelation_by_sender: {SUP: copy}\nrouting_by_sender: {SUP: {primary: [MSS]}}",
    )
    event = built(mine).channels[InterfaceId("IF-990")].events[EventCode("[New]")]
    assert event.correlation(RoleCode("SUP")) == "copy"
    assert event.correlation(RoleCode("MSS")) == "create"
    assert event.routing(RoleCode("SUP")).primary == ("MSS",)
    mine[FILE] = mine[FILE].replace("Something new}", "Something new, correlation: none, routing: {primary: [MSA]}}")
    event = built(mine).channels[InterfaceId("IF-990")].events[EventCode("[New]")]
    assert event.correlation(RoleCode("SUP")) == "none"
    assert event.routing(RoleCode("SUP")).primary == ("MSA",)


def test_a_condition_on_wider_routing_is_read_from_the_typed_blocks(texts: dict[str, str]) -> None:
    condition = "secondary_and_always_when: {path: CustomBlock.Extra.note, is: A}\nevents:"
    event = built(changed(texts, "events:", condition)).channels[InterfaceId("IF-990")].events[EventCode("[New]")]
    assert event.wider_when is not None
    for note, holds in (("A", True), ("B", False)):
        raw = f'{{"B013": {{"CSSRegistrationID": "1"}}, "Extra": {{"note": "{note}"}}}}'
        assert event.wider_when.holds(None, event.format.decode_custom(raw.encode())) is holds


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("publication: PUB-990", "publisher: X", "4:1: unknown key 'publisher'"),
        ("publication: PUB-990\n", "", "1:1: the key 'publication' is missing"),
        ("publication: PUB-990", "name: Twice", "4:1: the key 'name' comes twice"),
        ("pattern-a", "pattern-z", "2:11: no template 'pattern-z'"),
        ("category: 2", "category: 9", "5:11: no security category 9"),
        ("category: 2", "category: two", "5:11: expected a whole number, found 'two'"),
        ("senders: [SUP]", "senders: [SUP, XXX]", "6:16: no role 'XXX'"),
        ("senders: [SUP]", "senders: SUP", "6:10: expected a list"),
        ("senders: [SUP]", "senders: [SUP, '*']", "6:16: no role '*'"),
        ("primary: []", "primaries: []", "7:11: unknown key 'primaries'"),
        (
            "correlation: create",
            "correlation: maybe",
            "8:14: expected one of copy, create, none, found 'maybe'",
        ),
        ("events:", "archive_for: 7 years\nevents:", "9:14: '7 years' is no duration such as P14D or PT336H"),
        ("events:", "obfuscation: {XX: []}\nevents:", "9:15: no role 'XX'"),
        (
            "events:",
            "obfuscation: {SUP: [B1.x]}\nevents:",
            "9:21: 'B1.x' is no path such as CustomBlock.B900.list[*].item",
        ),
        (
            "events:",
            "obfuscation: {SUP: [CustomBlock.B1.x]}\nevents:",
            "9:21: no format of this channel has an item CustomBlock.B1.x",
        ),
        ("events:", "addressing_dates: [{covers: day}]\nevents:", "9:20: the key 'path' is missing"),
        (
            "events:",
            "also: [{role: SUP, before: CustomBlock.B1.x, profile: old}]\nevents:",
            "9:55: expected one of live, spec, found 'old'",
        ),
        ("meaning: Something new", "meaning: []", "10:18: expected text"),
        ("Something new}", "Something new, format: Old}", "10:8: no format 'Old'"),
        ("Something new}", "Something new, format: Old}", "12:3: no event has the format 'New'"),
        ("Something new}", "Something new, senders: [MSS]}", "10:42: MSS is no sender of the channel"),
        ("[B013,", "[B013, B013,", "12:24: the key 'B013' comes twice"),
        ("[B013,", "[B0199,", "12:18: no type or block 'B0199'"),
        ("Extra: {items", "Extra: {item", "12:31: the key 'type' is missing"),
        (
            "type: string",
            "type: text",
            "12:53: expected one of boolean, integer, number, string, found 'text'",
        ),
        ("maxLength: 5", "maxLength: five", "12:72: expected a whole number, found 'five'"),
        ("maxLength: 5", "pattern: '[0-9]+'", "12:70: a pattern begins with ^ and ends with $"),
        ("maxLength: 5", "pattern: '^($'", "12:70: no regular expression"),
        ("maxLength: 5", "maxLength: 1, enum: [AB]", "12:81: the value 'AB' does not keep to the lengths"),
        (
            "formats:",
            "blocks: {B013: {items: [B014]}}\nformats:",
            "11:10: 'B013' stands in the dictionary already",
        ),
        ("formats:", "blocks: {Own: {items: [Own]}}\nformats:", "11:24: 'Own' holds itself"),
        ("New: {custom", "New: {versions: [], custom", "12:8: a format has at least one of 'versions'"),
        ("New: {custom", "New: {open: [S9], custom", "12:16: expected one of CommonBlock, S0, found 'S9'"),
        ("id: IF-990", "id: [", "3:5:"),
    ],
)
def test_a_fault_of_a_channel_is_reported_where_it_stands(
    texts: dict[str, str], old: str, new: str, fault: str
) -> None:
    found = faults(changed(texts, old, new))
    assert any(line.startswith(f"channels/{FILE}:{fault}") for line in found), found


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("roles.yaml", "prefix: '23'", "prefix: 'ab'", "a prefix is two digits"),
        ("roles.yaml", "kind: agent", "kind: spy", "expected one of agent, central, participant, platform"),
        ("security.yaml", "pattern: '1'", "pattern: '7'", "no security pattern 7"),
        ("security.yaml", "'5': {", "five: {", "expected a number, found 'five'"),
        ("security.yaml", "actions: [none]", "actions: [no]", "expected one of encrypt, none, sign, found 'no'"),
        ("security.yaml", "actions: [sign]", "actions: [sign, none]", "expected sign, encrypt or both, or none alone"),
        ("dictionary/items.yaml", "key: interfaceID", "keys: interfaceID", "unknown key 'keys'"),
        ("dictionary/blocks.yaml", "DT-027-MPID", "DT-999", "no type or block 'DT-999'"),
        ("templates/pattern-a.yaml", "pattern: A", "patern: A", "unknown key 'patern'"),
        ("response-codes.yaml", "MSG0000:", "MSG0000: [x]\nMSG0000:", "the key 'MSG0000' comes twice"),
    ],
)
def test_a_fault_of_a_shared_file_is_reported(texts: dict[str, str], name: str, old: str, new: str, fault: str) -> None:
    assert old in texts[name]
    lines = faults({**texts, name: texts[name].replace(old, new, 1)})
    assert any(line.startswith(f"channels/{name}:") and fault in line for line in lines)


def test_every_fault_of_every_file_is_reported_at_once(texts: dict[str, str]) -> None:
    mine = changed(texts, "senders: [SUP]", "senders: [XXX, YYY]")
    mine["security.yaml"] = mine["security.yaml"].replace("pattern: '1'", "pattern: '7'")
    mine["interfaces/IF-991.yaml"] = CHANNEL.replace("category: 2", "category: 9")
    mine["interfaces/IF-992.yaml"] = "id: ["
    lines = faults(mine)
    assert sum("IF-992.yaml" in line for line in lines) == 1
    for part in (
        "no role 'XXX'",
        "no role 'YYY'",
        "no security pattern 7",
        "no security category 9",
        "defined twice",
    ):
        assert sum(part in line for line in lines) == 1, part


def test_a_channel_defined_twice_is_reported_at_its_id(texts: dict[str, str]) -> None:
    mine = {**texts, FILE: CHANNEL, "interfaces/IF-991.yaml": CHANNEL}
    assert faults(mine) == ["channels/interfaces/IF-991.yaml:1:5: the channel IF-990 is defined twice"]


def test_a_missing_or_unreadable_file_is_reported(tmp_path: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert load(tmp_path, specification_items=True).find("IF-031")
    (tmp_path / "roles.yaml").unlink()
    (tmp_path / "security.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CatalogueRefused) as refused:
        load(tmp_path, specification_items=True)
    assert [str(fault).removeprefix(f"{tmp_path}/") for fault in refused.value.faults] == [
        "roles.yaml:1:1: can't be read: No such file or directory",
        "security.yaml:1:1: can't be read: is not UTF-8",
    ]


def test_an_empty_file_is_a_fault(texts: dict[str, str]) -> None:
    assert faults({**texts, FILE: ""}) == [f"channels/{FILE}:1:1: the file is empty"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("P14D", 1209600), ("PT336H", 1209600), ("P1DT1H1M1S", 90061), ("PT0S", 0)]
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "P", "PT", "P1Y", "14D", "P1D ", "P-1D", "P1DT", "P99999999999D", "P١D"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration|is too long"):
        duration(text)


@pytest.mark.parametrize("text", ["P2557D", "PT20S", "P1DT3600S", "PT0S", "PT129600S"])
def test_a_written_duration_reads_back_as_the_same(text: str) -> None:
    assert duration(written(duration(text))) == duration(text)


def test_a_duration_is_written_in_its_largest_units() -> None:
    assert [written(duration(text)) for text in ("PT336H", "PT36H", "PT20S", "PT5400S", "PT0S")] == [
        "P14D",
        "P1DT12H",
        "PT20S",
        "PT1H30M",
        "PT0S",
    ]
