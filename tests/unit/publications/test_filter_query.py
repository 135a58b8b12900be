"""The query language of filters: what can be asked, and every fault at once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.publications.filtering.errors import FilterRefused
from dip.publications.filtering.numbers import number, ordered
from dip.publications.filtering.query import Condition, Filter, read_filter
from dip.publications.filtering.source import Form, form_of
from tests.unit.publications.filter_support import asked

pytestmark = pytest.mark.requirement("FS-37")


def test_nothing_asked_is_everything() -> None:
    assert read_filter([]) == Filter()


def test_every_parameter_is_read() -> None:
    wanted = asked(
        columns="mpan,kwh", where=["kwh:ge:1.5", "at:eq:10:30"], limit="10", cursor="abc", form="ndjson", rows="a.b"
    )
    assert wanted == Filter(
        columns=("mpan", "kwh"),
        conditions=(Condition("kwh", "ge", ("1.5",)), Condition("at", "eq", ("10:30",))),
        limit=10,
        cursor="abc",
        form=Form.NDJSON,
        rows="a.b",
    )


def test_values_of_in_are_split_and_decoded() -> None:
    assert asked(where="a:in:x,y%2Cz,").conditions[0].operands == ("x", "y,z", "")


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(FilterRefused) as refused:
        asked(where=["a", "a:like:b"], limit="0", form="xml", offset="1", columns="a,a", rows=".")
    assert [fault.partition(":")[0] for fault in sorted(refused.value.faults)] == [
        "'offset'",
        "columns",
        "form",
        "limit",
        "rows",
        "where",
        "where",
    ]
    assert "expected a whole number from 1 to 1000000" in refused.value.message


@pytest.mark.parametrize(
    "pairs",
    [
        [("limit", "1"), ("limit", "2")],
        [("limit", "1e3")],
        [("limit", "٣")],
        [("limit", "9" * 5000)],
        [("columns", "")],
        [("columns", "a,,b")],
        [("where", ":eq:1")],
        [("where", "a:eq:1")] * 17,
        [("where", "a:in:" + "," * 1000)],
        [("\0" * 500, "x")],
    ],
)
def test_what_is_no_filter_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(FilterRefused) as refused:
        read_filter(pairs)
    assert len(refused.value.message) < 1000
    assert "\0" not in refused.value.message


@given(st.lists(st.tuples(st.sampled_from(["where", "columns", "limit", "form", "rows", "x"]), st.text())))
def test_whatever_is_asked_is_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        read_filter(pairs)
    except FilterRefused as refused:
        assert refused.faults


NUMBERS = st.one_of(
    st.integers().map(str), st.decimals(allow_nan=False, allow_infinity=False).map(lambda value: f"{value:E}")
)


@given(NUMBERS, NUMBERS)
def test_numbers_are_compared_exactly(left: str, right: str) -> None:
    one, other = Decimal(left), Decimal(right)
    assert [ordered(order, right)(left) for order in ("lt", "le", "gt", "ge")] == [
        one < other,
        one <= other,
        one > other,
        one >= other,
    ]


@pytest.mark.parametrize("text", ["", "nan", "inf", "-Infinity", "1_0", " 1", "1 ", "+1", "01", ".5", "5.", "٣", "x"])
def test_what_is_no_number_stands_in_no_order_to_one(text: str) -> None:
    assert number(text) is None
    assert not any(ordered(order, "5")(text) for order in ("lt", "le", "gt", "ge"))


def test_digits_beyond_a_float_count() -> None:
    assert ordered("gt", "9007199254740993")("9007199254740993.0000000000000000001")
    assert not ordered("lt", "9007199254740993")("9007199254740993")
    assert ordered("lt", "1e401")("1e400")


def test_text_is_compared_by_code_point() -> None:
    assert ordered("lt", "2026-02-01")("2026-01-31")
    assert ordered("gt", "Z")("a")


def test_media_types_tell_the_form() -> None:
    assert form_of("Text/CSV; charset=utf-8") is Form.CSV
    assert form_of("application/geo+json") is Form.JSON
    assert form_of("application/x-ndjson") is Form.NDJSON
    assert form_of("application/xml") is None
