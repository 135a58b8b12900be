"""Every format of every channel: the fast check and the complete one take and refuse the same."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dip.channels.channel import Event
from dip.channels.examples import example
from dip.channels.formats import MessageFormat
from dip.channels.item_names import ItemNames
from dip.channels.registry import Registry, load
from dip.channels.shapes import Block, Item, Scalar, Series
from dip.channels.structs import Structs
from dip.ground.assets import asset
from tests.unit.channels.spoiled import FAULTS, places, spoiled, with_value

_REGISTRY = load(asset("channels"), specification_items=True)
EVENTS = [
    pytest.param(event, id=f"{channel.id}-{event.code}")
    for channel in _REGISTRY.channels.values()
    for event in channel.events.values()
]


def is_taken(layout: MessageFormat, payload: Any) -> bool:
    """Whether the fast check takes the payload."""
    try:
        layout.decode_common(msgspec.json.encode(payload["CommonBlock"]))
        if layout.has_custom:
            layout.decode_custom(msgspec.json.encode(payload["CustomBlock"]))
    except (msgspec.ValidationError, KeyError):
        return False
    return True


@pytest.mark.requirement("FS-19")
@pytest.mark.parametrize("event", EVENTS)
def test_an_example_of_the_schema_is_taken_by_both_checks(event: Event) -> None:
    for optional in (True, False):
        payload = example(event.format.schema(), optional=optional)
        assert is_taken(event.format, payload)
        assert event.format.explain(payload) == []


@pytest.mark.requirement("FS-19")
@pytest.mark.parametrize("event", EVENTS)
def test_a_single_fault_is_refused_by_both_checks_and_pointed_at(event: Event) -> None:
    schema = event.format.schema()
    payload = example(schema)
    for fault in FAULTS:
        for case in spoiled(fault, schema, payload):
            assert not is_taken(event.format, case.payload), (fault, case.pointer)
            assert [found.pointer for found in event.format.explain(case.payload)] == [case.pointer], fault


@pytest.mark.parametrize("event", EVENTS)
def test_null_is_taken_wherever_the_format_allows_it(event: Event) -> None:
    schema = event.format.schema()
    payload = example(schema)
    for part, _, path in places(schema, payload):
        if "null" in part["type"] and isinstance(part["type"], list):
            changed = with_value(payload, path, None)
            assert is_taken(event.format, changed), path
            assert event.format.explain(changed) == []


@pytest.mark.parametrize("event", EVENTS)
def test_an_open_block_takes_further_keys_and_a_closed_one_does_not(event: Event) -> None:
    schema = event.format.schema()
    payload = example(schema)
    for part, value, path in places(schema, payload):
        if isinstance(value, dict) and path:
            changed = with_value(payload, path, {**value, "more": 1})
            assert is_taken(event.format, changed) is ("additionalProperties" not in part), path


SCALARS = [
    Scalar("string", min_length=2, max_length=3),
    Scalar("string", max_length=1, nullable=True),
    Scalar("string", pattern=r"^-?\d{1,2}\.\d{3}$"),
    Scalar("string", pattern=r"^\d{3}?$", min_length=3, max_length=3),
    Scalar("string", choices=("A", "01", "true"), nullable=True),
    Scalar("string", choices=("A",)),
    Scalar("integer", minimum=0, maximum=9),
    Scalar("integer", minimum=30, maximum=30, multiple_of=15),
    Scalar("integer", maximum=999_999_999, nullable=True),
    Scalar("number", minimum=0, maximum=100),
    Scalar("number", maximum=999999, nullable=True),
    Scalar("boolean"),
    Scalar("boolean", nullable=True),
]
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**10),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([5.0, 30.0, 45, 100.0, 100.5, -0.0, 1e30, 10**20]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.from_regex(r"-?[0-9]{1,3}\.?[0-9]{0,4}\n?", fullmatch=True),
    st.sampled_from(["A", "01", "true", "1.234", "1.234\n", "١.234", "123", "😀"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["value", "x"]), st.integers(), max_size=1),
)


@pytest.mark.requirement("FS-19")
@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: f"{scalar.kind}")
@given(value=_VALUES)
@settings(max_examples=60, deadline=None)
def test_the_two_checks_agree_on_any_value_of_any_type(scalar: Scalar, value: Any) -> None:
    common = Block("CommonBlock", (Item("value", scalar), Item("list", Series(scalar, 1, 2), optional=True)))
    layout = MessageFormat("any", common, None, Structs(), frozenset(), ItemNames({}))
    for block in ({"value": value}, {"value": value, "list": [value]}):
        plain = json.loads(json.dumps(block))
        assert is_taken(layout, {"CommonBlock": plain}) is (layout.explain_common(plain) == [])


def test_an_integer_with_a_zero_fraction_is_an_integer_to_both_checks(registry: Registry) -> None:
    layout = registry.channels["IF-021"].events["[ActivePower]"].format  # type: ignore[index]
    payload = example(layout.schema())
    text = json.dumps(payload["CustomBlock"]).replace('"periodDuration": 30', '"periodDuration": 30.0')
    assert '"periodDuration": 30.0' in text
    layout.decode_custom(text.encode())
    assert layout.explain_custom(json.loads(text)) == []


def _layout(registry: Registry, channel: str, event: str) -> MessageFormat:
    found = registry.find(channel)
    assert found is not None
    return next(one.format for code, one in found.events.items() if code == event)


@pytest.mark.requirement("FS-19")
def test_a_refusal_names_every_fault_up_to_the_limit(registry: Registry) -> None:
    layout = _layout(registry, "IF-031", "[DSApp]")
    payload = example(layout.schema())
    for key in payload["CommonBlock"]["S1"]:
        payload["CommonBlock"]["S1"][key] = 5
    del payload["CustomBlock"]["B071"]
    found = [fault.pointer for fault in layout.explain(payload, limit=100)]
    assert "/payload/CustomBlock/B071" in found
    assert len(found) == 1 + len(payload["CommonBlock"]["S1"])
    assert len(layout.explain(payload, limit=3)) == 3


def test_a_fault_says_what_was_expected_and_what_was_found(registry: Registry) -> None:
    layout = _layout(registry, "IF-031", "[DSApp]")
    payload = example(layout.schema())
    payload["CommonBlock"]["S1"]["senderDIPID"] = "23"
    payload["CustomBlock"]["B071"]["appointmentScenario"] = "NEW"
    first, second = sorted(layout.explain(payload), key=lambda fault: fault.pointer)
    assert str(first) == (
        '/payload/CommonBlock/S1/senderDIPID (DI-997 Sender DIP ID): expected text of 10 characters, found "23"'
    )
    assert second.expected == "one of COS, CSP, USP, SEG, MCA, MCS, ALG"
    assert second.found == '"NEW"'


def test_the_value_of_a_personal_item_is_never_shown(registry: Registry) -> None:
    layout = _layout(registry, "IF-031", "[DSApp]")
    payload = example(layout.schema())
    payload["CommonBlock"]["M0"]["MPANCore"] = "20000565359719"
    (fault,) = layout.explain(payload)
    assert fault.pointer == "/payload/CommonBlock/M0/MPANCore"
    assert fault.found is None
    payload["CommonBlock"]["M0"] = "20000565359719"
    (fault,) = layout.explain(payload)
    assert (fault.expected, fault.found) == ("an object", "text")
    payload["CommonBlock"]["M0"] = 2000056535971
    (fault,) = layout.explain(payload)
    assert fault.found == "a number or truth value"


def test_the_common_block_is_explained_alone_while_the_custom_block_is_encrypted(registry: Registry) -> None:
    layout = _layout(registry, "IF-031", "[DSApp]")
    common = example(layout.schema())["CommonBlock"]
    assert layout.explain_common(common) == []
    del common["S1"]
    assert [fault.pointer for fault in layout.explain_common(common)] == ["/payload/CommonBlock/S1"]


def test_a_format_without_custom_block_refuses_one() -> None:
    layout = MessageFormat("bare", Block("CommonBlock", ()), None, Structs(), frozenset(), ItemNames({}))
    assert not layout.has_custom
    with pytest.raises(msgspec.ValidationError):
        layout.decode_custom(b"{}")
    assert [fault.pointer for fault in layout.explain({"CommonBlock": {}, "CustomBlock": {}})] == [
        "/payload/CustomBlock"
    ]
    assert [fault.pointer for fault in layout.explain_custom({})] == ["/payload/CustomBlock"]


@pytest.mark.requirement("FS-23")
def test_the_items_of_the_specification_are_taken_in_its_profile_alone(
    registry: Registry, live_registry: Registry
) -> None:
    spec, live = (_layout(one, "IF-031", "[DSApp]") for one in (registry, live_registry))
    payload = example(live.schema())
    assert is_taken(live, payload)
    payload["CommonBlock"]["S1"]["senderEnvelopeReference"] = "E-1"
    payload["CommonBlock"]["A0"]["addressingDateTime"] = "2026-03-21T19:05:00+00:00"
    assert is_taken(spec, payload)
    assert spec.explain(payload) == []
    assert {fault.pointer for fault in live.explain(payload)} == {
        "/payload/CommonBlock/S1/senderEnvelopeReference",
        "/payload/CommonBlock/A0/addressingDateTime",
    }


def test_a0_and_d0_may_be_left_out(registry: Registry) -> None:
    layout = _layout(registry, "IF-031", "[DSApp]")
    common = example(layout.schema(), optional=False)["CommonBlock"]
    typed = layout.decode_common(msgspec.json.encode(common))
    assert typed.A0 is msgspec.UNSET
    assert typed.D0 is msgspec.UNSET
    assert (typed.S0.interfaceID, typed.M0.MPANCore) == ("IF-031", "2000056535971")


def test_formats_share_the_types_of_their_blocks(registry: Registry) -> None:
    first = _layout(registry, "IF-031", "[DSApp]")
    second = _layout(registry, "IF-032", "[DSAppInitialResp]")
    commons = [one.decode_common(msgspec.json.encode(example(one.schema())["CommonBlock"])) for one in (first, second)]
    assert type(commons[0].S1) is type(commons[1].S1)
