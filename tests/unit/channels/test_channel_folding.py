"""The live profile: keys in any case."""

from typing import Any

import pytest

from dip.channels.channel import Channel
from dip.channels.examples import example
from dip.channels.folding import fold_header
from dip.channels.registry import Registry


def shouted(value: Any) -> Any:
    """The value with every key in capitals."""
    if isinstance(value, dict):
        return {key.upper(): shouted(held) for key, held in value.items()}
    return [shouted(entry) for entry in value] if isinstance(value, list) else value


def test_keys_in_any_case_become_the_published_ones_and_values_stay(live_registry: Registry) -> None:
    for channel in live_registry.channels.values():
        for event in channel.events.values():
            payload = example(event.format.schema())
            assert event.format.fold(shouted(payload)) == payload


@pytest.fixture
def channel(live_registry: Registry) -> Channel:
    found = live_registry.find("IF-031")
    assert found is not None
    return found


def test_a_key_in_two_cases_leaves_the_second_unknown(channel: Channel) -> None:
    layout = next(iter(channel.events.values())).format
    payload = example(layout.schema())
    payload["CommonBlock"]["s0"] = {}
    folded = layout.fold(payload)
    assert folded["CommonBlock"]["s0"] == {}
    assert [fault.pointer for fault in layout.explain(folded)] == ["/payload/CommonBlock/s0"]


def test_two_wrong_cases_of_a_key_are_not_merged(channel: Channel) -> None:
    layout = next(iter(channel.events.values())).format
    folded = layout.fold({"commonblock": {"a": 1}, "COMMONBLOCK": {"b": 2}})
    assert folded == {"CommonBlock": {"a": 1}, "COMMONBLOCK": {"b": 2}}


def test_an_unknown_key_keeps_its_case(channel: Channel) -> None:
    layout = next(iter(channel.events.values())).format
    assert layout.fold({"CommonBlock": {"NoSuch": 1}, 5: 6, "CustomBlock": "text"}) == {
        "CommonBlock": {"NoSuch": 1},
        5: 6,
        "CustomBlock": "text",
    }


def test_the_header_is_found_before_the_format_is_known() -> None:
    folded = fold_header({"Payload": {"commonBlock": {"s0": {"InterfaceId": "IF-031", "eventcode": "[DSApp]"}}}})
    assert folded == {"payload": {"CommonBlock": {"S0": {"interfaceID": "IF-031", "eventCode": "[DSApp]"}}}}
    assert fold_header("text") == "text"
