"""Server-sent events as a client reads them, however the network cuts them."""

import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.client import fetching

EVENTS = [(number, b'{"payload":{"number":%d}}' % number) for number in range(1, 4)]
BODY = b": IF-031 for 2200000001\n\n" + b": heartbeat\n\n".join(b"id: %d\ndata: %b\n\n" % event for event in EVENTS)


async def _pieces(body: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    places = [0, *sorted(cuts), len(body)]
    for start, end in itertools.pairwise(places):
        yield body[start:end]


@pytest.mark.requirement("FS-12")
@given(st.lists(st.integers(0, len(BODY)), max_size=8))
async def test_events_are_found_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    assert [event async for event in fetching.events_of(_pieces(BODY, cuts))] == EVENTS


@pytest.mark.requirement("FS-12")
async def test_an_event_without_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_EVENT_LIMIT", 100)
    with pytest.raises(ValueError, match="more than 100 bytes"):
        assert not [event async for event in fetching.events_of(_pieces(b"data: " + b"x" * 200, []))]
