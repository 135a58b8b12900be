"""Patterns of texts in lists are matched together, and say the same as one by one."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.channels.formats import MessageFormat
from dip.channels.item_names import ItemNames
from dip.channels.listed_texts import listed_texts
from dip.channels.shapes import Block, Item, Scalar, Series
from dip.channels.structs import Structs

_PATTERN = r"^-?\d{1,9}\.\d{3}$"
_ENTRY = Block(
    "Entry",
    (
        Item("value", Scalar("string", pattern=_PATTERN)),
        Item("other", Scalar("string", nullable=True, pattern=_PATTERN), optional=True),
    ),
)
_CUSTOM = Block("Custom", (Item("list", Series(_ENTRY), optional=True), Item("nested", Series(Series(_ENTRY)), True)))
_FORMAT = MessageFormat("Sample", Block("Common", ()), _CUSTOM, Structs(), frozenset(), ItemNames({}))
_TEXTS = st.one_of(
    st.from_regex(re.compile(_PATTERN.removesuffix("$") + r"\Z", re.ASCII)),
    st.text(alphabet="0123456789.-\x1f\n٣", max_size=8),
)


def taken(custom: object) -> bool:
    """Whether the fast check takes a CustomBlock."""
    try:
        _FORMAT.decode_custom(msgspec.json.encode(custom))
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.requirement("FS-19")
@given(st.lists(_TEXTS, max_size=5), st.one_of(st.none(), _TEXTS))
def test_a_list_is_taken_when_each_text_has_the_pattern(texts: list[str], other: str | None) -> None:
    custom = {"list": [{"value": text, "other": other} for text in texts]}
    assert taken(custom) == (not _FORMAT.explain_custom(custom))


@pytest.mark.requirement("FS-19")
@pytest.mark.parametrize("name", ["list", "nested"])
def test_one_bad_text_among_good_ones_is_found(name: str) -> None:
    entries = [{"value": "1.000"}, {"value": "1.00"}, {"value": "1.000", "other": None}]
    custom = {name: entries if name == "list" else [[], entries]}
    assert not taken(custom)
    entries[1] = {"value": "-12.345"}
    assert taken(custom)


def test_two_texts_in_one_are_not_two_texts() -> None:
    assert not taken({"list": [{"value": "1.000\x1f2.000"}]})


def sample(pattern: str) -> MessageFormat:
    entry = Block("Entry", (Item("value", Scalar("string", pattern=pattern)),))
    custom = Block("Custom", (Item("list", Series(entry)),))
    return MessageFormat("Sample", Block("Common", ()), custom, Structs(), frozenset(), ItemNames({}))


@pytest.mark.requirement("FS-19")
@pytest.mark.parametrize(
    "pattern", [r"^1\.\d$", r"^[0-1]\.[0-9]$", r"^.{1,3}$", r"^[^2]\.\d$", r"^\d??\.\d+$", r"^1?\.2|1\.2$"]
)
def test_every_text_of_every_message_counts_whatever_was_matched_before(pattern: str) -> None:
    layout = sample(pattern)
    for texts in (["1.2"], ["1.2", "1.2"], ["1.2", "2.2"], ["2.2"], ["1.2\x1f1.2"], ["1.23"], ["", "1.2"], ["1.2"]):
        custom = {"list": [{"value": text} for text in texts]}
        try:
            layout.decode_custom(msgspec.json.encode(custom))
            fits = True
        except msgspec.ValidationError:
            fits = False
        assert fits == (not layout.explain_custom(custom)), texts


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4), min_size=20, max_size=30))
def test_texts_of_any_length_are_taken_message_after_message(messages: list[list[int]]) -> None:
    for lengths in messages:
        values = ["1" * length + ".000" for length in lengths]
        assert taken({"list": [{"value": value} for value in values]})
        assert not taken({"list": [{"value": value} for value in [*values, "1" * 10 + ".000"]]})


def test_what_is_in_no_list_is_left_to_the_decoder() -> None:
    assert listed_texts(_ENTRY) == ()
    assert len(listed_texts(_CUSTOM)) == 4
