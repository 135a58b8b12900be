"""Byte ranges of a payload: any of them cuts as a slice does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.ground.errors import BadRequest
from dip.http.portal.publications.ranges import MOST_RANGES, RangeNotSatisfiable, Span, spans, wanted_ranges

pytestmark = pytest.mark.requirement("FS-37", "FS-57")

places = st.integers(0, 40)
single = st.one_of(
    st.tuples(places, places).map(lambda pair: (min(pair), max(pair))),
    st.tuples(places, st.none()),
    st.tuples(st.none(), places),
)
blanks = st.sampled_from(["", " ", "\t", " , ,"])


def text(ranges: list[tuple[int | None, int | None]], gaps: list[str]) -> str:
    parts = [f"{'' if first is None else first}-{'' if last is None else last}" for first, last in ranges]
    return "bytes=" + ",".join(f"{gap}{part}" for gap, part in zip(gaps, parts, strict=True))


def sliced(content: bytes, first: int | None, last: int | None) -> bytes:
    """What a range means, said with slices."""
    if first is None:
        return content[-last:] if last else b""
    return content[first:] if last is None else content[first : last + 1]


@given(st.binary(max_size=40), st.lists(single, min_size=1, max_size=MOST_RANGES), st.data())
def test_any_ranges_cut_a_payload_as_slices_do(
    content: bytes, ranges: list[tuple[int | None, int | None]], data: st.DataObject
) -> None:
    header = text(ranges, [data.draw(blanks) for _ in ranges])
    expected = [part for each in ranges if (part := sliced(content, *each))]
    wanted = wanted_ranges(header)
    if not content or sum(map(len, expected)) > len(content):
        assert spans(wanted, len(content)) == ()
    elif not expected:
        with pytest.raises(RangeNotSatisfiable):
            spans(wanted, len(content))
    else:
        found = spans(wanted, len(content))
        assert [content[span.place : span.place + span.length] for span in found] == expected
        assert all(span.length for span in found)


@pytest.mark.parametrize(
    "header",
    [
        *("", "bytes", "bytes=", "bytes=,", "bytes= ", "=0-1", "bytes=-", "bytes=1", "bytes=a-b", "bytes=2-1"),
        *("bytes=0-1-2", "bytes=0x1-2", "bytes=+1-2", "bytes=1 - 2", "bytes=٣-٤", "bytes=0-1;2-3", "bytes=0-1,x"),
        *("bytes:0-1", "by tes=0-1", "bytes=--1", "bytes=0-1\x00", "bytes=1.0-2"),
        "bytes=" + ",".join("0-0" for _ in range(MOST_RANGES + 1)),
    ],
)
def test_a_range_without_form_is_refused_with_what_was_expected(header: str) -> None:
    with pytest.raises(BadRequest, match="expected"):
        wanted_ranges(header)


def test_another_unit_means_nothing_here() -> None:
    assert wanted_ranges("lines=1-2") == ()
    assert wanted_ranges("x-pages=what ever") == ()


def test_the_unit_may_be_written_large() -> None:
    assert spans(wanted_ranges("BYTES=1-2"), 10) == [Span(1, 2)]


@given(st.integers(10, 5000))
def test_numbers_may_have_any_length(digits: int) -> None:
    assert spans(wanted_ranges(f"bytes=0-{'9' * digits}"), 10) == [Span(0, 10)]
    assert spans(wanted_ranges(f"bytes={'0' * digits}3-4"), 10) == [Span(3, 2)]
    assert spans(wanted_ranges(f"bytes=-{'9' * digits}"), 10) == [Span(0, 10)]
    with pytest.raises(RangeNotSatisfiable):
        spans(wanted_ranges(f"bytes={'9' * digits}-"), 10)


def test_a_part_says_where_it_lies() -> None:
    assert Span(5, 3).content_range(100) == "bytes 5-7/100"


@given(st.text(max_size=60))
def test_whatever_a_header_says_it_is_taken_or_refused(header: str) -> None:
    try:
        wanted = wanted_ranges(header)
        found = spans(wanted, 7)
    except (BadRequest, RangeNotSatisfiable):
        return
    assert sum(span.length for span in found) <= 7
