"""Schemas and examples of every interface, and what each role sees of them."""

import jsonschema_rs
import pytest

from dip.channels.registry import Registry
from dip.http.portal.data.dictionary import Dictionary
from dip.http.portal.data.interfaces import (
    by_process,
    event_named,
    examples_of,
    hidden_items,
    parts_of,
    role_views,
    schema_of,
    sender_rules,
)
from dip.http.portal.data.layouts import editions_of
from dip.messages.identifiers import EventCode, InterfaceId


@pytest.mark.requirement("FS-46")
def test_the_example_of_every_event_fits_its_schema_and_the_servers_own_check(registry: Registry) -> None:
    for channel in registry.channels.values():
        for event in channel.events.values():
            validator = jsonschema_rs.Draft202012Validator(schema_of(channel, [event]))
            for message in examples_of(channel, [event]):
                payload = message["payload"]
                assert validator.is_valid(payload), (channel.id, event.code)
                version = payload["CommonBlock"]["S0"]["schemaVersion"]
                assert event.format_of(version).explain(payload) == [], (channel.id, event.code)


def test_the_schema_of_a_channel_takes_the_examples_of_all_its_events(registry: Registry) -> None:
    for channel in registry.channels.values():
        events = list(channel.events.values())
        validator = jsonschema_rs.Draft202012Validator(schema_of(channel, events))
        for message in examples_of(channel, events):
            assert validator.is_valid(message["payload"]), channel.id


def test_the_schema_of_an_event_takes_no_other_event_of_the_same_format(registry: Registry) -> None:
    channel = registry.channels[InterfaceId("IF-041")]
    one, other = list(channel.events.values())[:2]
    validator = jsonschema_rs.Draft202012Validator(schema_of(channel, [one]))
    (message,) = examples_of(channel, [other])
    assert not validator.is_valid(message["payload"])


@pytest.mark.requirement("FS-46")
def test_a_role_sees_the_example_without_what_is_hidden_from_it(registry: Registry) -> None:
    channel = registry.channels[InterfaceId("IF-909")]
    (message,) = examples_of(channel, list(channel.events.values()))
    (view,) = role_views(channel, message)
    assert view.role == "SUP"
    left = set(message["payload"]["CustomBlock"]["B909"]) - set(view.message["payload"]["CustomBlock"]["B909"])
    assert left == {"meteringServiceID", "meteringServiceEffectiveFromDate", "appointmentCode"}
    assert examples_of(channel, list(channel.events.values()), view.role) == [view.message]


def test_nothing_is_hidden_where_the_channel_hides_nothing(registry: Registry) -> None:
    assert hidden_items(registry.channels[InterfaceId("IF-031")]) == {}


def test_senders_with_the_same_rules_stand_together(registry: Registry) -> None:
    channel = registry.channels[InterfaceId("IF-004")]
    (event,) = channel.events.values()
    rules = {rule.senders: rule.routing.primary for rule in sender_rules(event)}
    assert rules == {("MSS",): ("SUP",), ("SUP",): ("MSS",)}
    (rule,) = sender_rules(registry.channels[InterfaceId("IF-031")].events[EventCode("[DSApp]")])
    assert rule.senders == ("SUP",)


def test_the_parts_of_a_format_come_in_its_order(registry: Registry, dictionary: Dictionary) -> None:
    (edition,) = editions_of(registry.channels[InterfaceId("IF-031")].events[EventCode("[DSApp]")])
    parts = parts_of(edition.format, dictionary.lines)
    assert [part.top.path for part in parts] == [
        *(f"CommonBlock.{name}" for name in ("S0", "S1", "A0", "D0", "M0")),
        *("CustomBlock.B013", "CustomBlock.B071"),
    ]
    assert parts[-1].lines[0].path == "CustomBlock.B071.proposedDataServiceDIPID"
    assert all(line.item is not None for line in parts[-1].lines)


@pytest.mark.parametrize("name", ["DSApp", "dsapp", "[DSApp]"])
def test_an_event_is_named_with_or_without_brackets_in_any_case(registry: Registry, name: str) -> None:
    event = event_named(registry.channels[InterfaceId("IF-031")], name)
    assert event is not None and event.code == "[DSApp]"


def test_a_channel_of_several_processes_stands_in_each(registry: Registry) -> None:
    groups = by_process(registry, {"BP002": "Change of service"})
    holding = [code for code, _, channels in groups if "IF-041" in [channel.id for channel in channels]]
    assert groups[0][:2] == ("BP002", "Change of service")
    assert set(holding) == set(registry.channels[InterfaceId("IF-041")].processes)
    assert {channel.id for _, _, channels in groups for channel in channels} == set(registry.channels)
