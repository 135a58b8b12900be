"""The data dictionary: what refers to what, and what a search finds."""

import pytest

from dip.channels.registry import Registry
from dip.channels.shapes import Block
from dip.http.portal.data.dictionary import Dictionary, find_channels
from dip.http.portal.data.layouts import editions_of


@pytest.mark.requirement("FS-46")
def test_every_item_of_the_catalogue_has_an_entry_by_id(registry: Registry, dictionary: Dictionary) -> None:
    assert list(dictionary.items) == sorted(registry.items)


def test_every_block_of_the_catalogue_has_an_entry(registry: Registry, dictionary: Dictionary) -> None:
    blocks = {name for name, shape in registry.shapes.items() if isinstance(shape, Block)}
    assert blocks <= dictionary.blocks.keys()


@pytest.mark.requirement("FS-46")
def test_items_and_events_refer_to_each_other(registry: Registry, dictionary: Dictionary) -> None:
    carried = {
        (line.item.id, channel.id, event.code.strip("[]"))
        for channel in registry.channels.values()
        for event in channel.events.values()
        for edition in editions_of(event)
        for block in (edition.format.common, edition.format.custom)
        if block is not None
        for line in dictionary.lines.of(block)
        if line.item is not None
    }
    told = {
        (id_, use.interface, event)
        for id_, entry in dictionary.items.items()
        for use in entry.uses
        for event in use.events
    }
    assert told == carried


def test_values_stand_with_their_meanings(dictionary: Dictionary) -> None:
    assert dictionary.items["DI-979"].values["R"] == "Rejected"


def test_an_item_of_which_each_channel_has_its_own_type_says_so(dictionary: Dictionary) -> None:
    (place,) = dictionary.items["DI-000"].places
    assert place.varies
    assert dictionary.items["DI-000"].values == {}


def test_a_block_that_is_held_by_another_says_by_which(dictionary: Dictionary) -> None:
    inside = {name: block.inside for name, block in dictionary.blocks.items() if block.inside}
    assert inside
    for name, outer in inside.items():
        for holder in (one for one in outer if dictionary.blocks[one].variants == 1):
            assert name in [line.below for line in dictionary.blocks[holder].lines], (name, holder)


@pytest.mark.requirement("FS-46")
@pytest.mark.parametrize("query", ["DI-979", "di-979", "response code", "responseCode", "B099 response", "Lapsed"])
def test_an_item_is_found_by_id_name_key_block_and_value(dictionary: Dictionary, query: str) -> None:
    assert "DI-979" in [entry.item.id for entry in dictionary.find_items(query)]


def test_every_word_has_to_fit(dictionary: Dictionary) -> None:
    assert dictionary.find_items("response nowhere-to-be-found") == []


def test_a_block_is_found_by_its_label(dictionary: Dictionary) -> None:
    assert "B022" in [block.name for block in dictionary.find_blocks("mpan address")]


@pytest.mark.parametrize("query", ["if-031", "PUB-031", "appoint service provider", "DSApp", "bp002"])
def test_an_interface_is_found_by_id_name_event_and_process(registry: Registry, query: str) -> None:
    assert "IF-031" in [channel.id for channel in find_channels(registry.channels.values(), query)]
