"""Reading a request's body: limits and the cut into messages."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.intake.body import Blocks, plain, read_body, too_deep
from dip.intake.refusal import Refusal, RequestRefused

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='[]{}"\\a,:', max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=3), below, max_size=3),
    max_leaves=12,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def read(body: bytes, *, folds_names: bool = False) -> list[Any]:
    return list(read_body(body, message_limit=3, nesting_limit=8, folds_names=folds_names))


@given(VALUES, st.integers(1, 8))
def test_nesting_is_counted_outside_of_strings(value: Any, limit: int) -> None:
    assert too_deep(json.dumps(value).encode(), limit) == (depth(value) > limit)


@given(st.integers(1, 80), st.sampled_from([("[", "]"), ('[{"a":', "}]"), ('{"a":', "}")]))
def test_nesting_of_every_kind_of_bracket_is_counted_exactly(levels: int, pair: tuple[str, str]) -> None:
    text = pair[0] * levels + "1" + pair[1] * levels
    deep = levels * (2 if len(pair[0]) > 5 else 1)
    assert too_deep(text.encode(), 32) == (deep > 32)


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_read_or_refused(body: bytes) -> None:
    try:
        found = read(body)
    except RequestRefused as refused:
        assert refused.status in (400, 413)
        assert refused.message
    else:
        assert all(isinstance(one, Blocks | Refusal) for one in found)


@given(st.lists(VALUES, min_size=1, max_size=3), st.booleans())
def test_every_element_is_cut_or_refused_by_itself(values: list[Any], folds: bool) -> None:
    good = {"payload": {"CommonBlock": {}, "CustomBlock": 1}}
    body = json.dumps([*values[:2], good]).encode()
    try:
        found = read(body, folds_names=folds)
    except RequestRefused as refused:
        assert "deep" in refused.message
    else:
        assert len(found) == len(values[:2]) + 1
        assert isinstance(found[-1], Blocks)


def test_blocks_stay_as_they_came() -> None:
    (blocks,) = read(b'[{"payload": {"CustomBlock": {"b" : 1.0},"CommonBlock":[ ]}}]')
    assert bytes(blocks.CustomBlock) == b'{"b" : 1.0}'
    assert bytes(blocks.CommonBlock) == b"[ ]"
    assert plain(blocks.CommonBlock) == []


def test_names_in_another_case_are_folded_in_the_live_profile_alone() -> None:
    body = b'[{"PAYLOAD":{"commonblock":{},"CUSTOMBLOCK":{}}}]'
    (folded,) = read(body, folds_names=True)
    assert isinstance(folded, Blocks)
    (refused,) = read(body)
    assert isinstance(refused, Refusal)


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        (b"", 400, "expected JSON"),
        (b"[]", 400, "at least one"),
        (b"{}", 400, "array"),
        (b"[1,2,3,4]", 413, "at most 3"),
        (b"[" * 9 + b"]" * 9, 400, "8 deep"),
    ],
)
def test_a_body_that_is_no_array_of_messages_is_refused_whole(body: bytes, status: int, part: str) -> None:
    with pytest.raises(RequestRefused, match=part) as refused:
        read(body)
    assert refused.value.status == status
