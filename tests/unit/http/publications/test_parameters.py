"""What the address of a list asks for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict

from dip.ground.errors import BadRequest
from dip.http.portal.parameters import Parameters
from dip.http.portal.wording import size

KNOWN = ("text", "from", "to", "before", "limit", "version", "removed")


def asked(**query: str) -> Parameters:
    return Parameters(MultiDict({name.rstrip("_"): value for name, value in query.items()}), KNOWN)


def test_a_date_is_meant_with_the_whole_of_its_day() -> None:
    parameters = asked(from_="2026-03-21", to="2026-03-21")
    assert parameters.since("from") == datetime(2026, 3, 21, tzinfo=UTC)
    assert parameters.until("to") == datetime(2026, 3, 22, tzinfo=UTC)
    assert asked(to="9999-12-31").until("to") is None


@pytest.mark.parametrize("moment", ["2026-03-21T19:05:00+01:00", "2026-03-21T19:05:00 01:00"])
def test_a_moment_is_meant_to_the_second_with_its_plus_sign_escaped_or_not(moment: str) -> None:
    expected = datetime(2026, 3, 21, 18, 5, tzinfo=UTC)
    parameters = asked(from_=moment, to=moment)
    assert (parameters.since("from"), parameters.until("to")) == (expected, expected)
    assert parameters.fault == ""


@pytest.mark.parametrize(
    "value", ["2026-13-01", "20260321", "2026-W12-6", "yesterday", "2026-03-21T19:05:00", "0001-01-01T00:00:00+23:59"]
)
def test_anything_else_is_no_time(value: str) -> None:
    parameters = asked(from_=value)
    assert parameters.since("from") is None
    assert parameters.fault.startswith("from: expected a date")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.2", ("1.2", None)), ("1.2*", (None, "1.2")), ("*", (None, None)), ("", (None, None))],
)
def test_a_version_is_whole_or_a_beginning(value: str, expected: tuple[str | None, str | None]) -> None:
    parameters = asked(version=value)
    assert parameters.version("version") == expected
    assert parameters.fault == ""


@pytest.mark.parametrize("value", ["1*2", "**", "12345678901"])
def test_a_version_has_a_form(value: str) -> None:
    parameters = asked(version=value)
    parameters.version("version")
    assert parameters.fault.startswith("version: expected")


def test_every_fault_is_told_at_once() -> None:
    parameters = Parameters(MultiDict([("limit", "0"), ("colour", "red"), ("text", "a"), ("text", "b")]), KNOWN)
    parameters.limit()
    with pytest.raises(BadRequest) as caught:
        parameters.check()
    for name in ("limit: expected", "'colour': no such parameter", "text: expected once"):
        assert name in caught.value.message


@given(st.dictionaries(st.sampled_from(KNOWN), st.text()))
def test_any_text_is_a_value_or_a_fault_never_a_bug(query: dict[str, str]) -> None:
    parameters = Parameters(MultiDict(query), KNOWN)
    parameters.since("from")
    parameters.until("to")
    parameters.number("before")
    parameters.pair("before")
    parameters.version("version")
    parameters.one_of("removed", ("yes", "no"))
    assert 1 <= parameters.limit() <= 1000
    assert parameters.address("/publications", before="1").startswith("/publications?")


def test_another_page_keeps_the_conditions() -> None:
    parameters = asked(text="a b", before="7")
    assert parameters.address("/publications", before="3") == "/publications?text=a+b&before=3"
    assert parameters.address("/publications", before="") == "/publications?text=a+b"
    assert asked(before="7").address("/publications", before="") == "/publications"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_234_567_890, "1.2 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_read_well(count: int, words: str) -> None:
    assert size(count) == words


def test_the_day_after_a_day_is_next() -> None:
    day = asked(from_="2028-02-29", to="2028-02-29")
    since, until = day.since("from"), day.until("to")
    assert since is not None and until is not None and until - since == timedelta(days=1)
