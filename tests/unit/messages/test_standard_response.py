"""Answers, codes, faults, times on the wire."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.messages.faults import Fault, pointer
from dip.messages.standard_response import Entry, StandardResponse, clip, code_of, label
from dip.messages.timestamps import read_wire_time, wire_time

KEYS = [
    "transactionID",
    "senderUniqueReference",
    "correlationID",
    "sentTimestamp",
    "senderID",
    "recipientID",
    "DIPConnectionProviderID",
    "message",
    "help",
    "serviceTicketURL",
]


@pytest.mark.requirement("FS-30")
def test_an_entry_has_all_ten_keys_always() -> None:
    encoded = msgspec.json.encode(StandardResponse([Entry()], "2026-03-21T19:05:00+00:00"))
    response = msgspec.json.decode(encoded)
    assert list(response) == ["messageArray", "timestamp"]
    assert list(response["messageArray"][0]) == KEYS


@given(st.text(max_size=1200))
def test_help_is_clipped_at_500_characters(text: str) -> None:
    clipped = clip(text)
    assert len(clipped) <= 500
    assert clipped == text or (clipped.endswith("…") and text.startswith(clipped[:-1]))


@pytest.mark.parametrize(
    ("message", "code"),
    [("MSG0000 - Success", "MSG0000"), ("RCP1061", "RCP1061"), ("", None), (None, None), (" - odd", None)],
)
def test_the_code_is_the_head_of_a_message(message: str | None, code: str | None) -> None:
    assert code_of(message) == code


def test_a_label_is_code_hyphen_text() -> None:
    assert label("MSG0000", {"MSG0000": "Success"}) == "MSG0000 - Success"
    assert code_of(label("MSG0000", {"MSG0000": "Success"})) == "MSG0000"


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_on_the_wire_has_25_characters_and_reads_back(naive: datetime, offset_minutes: int) -> None:
    at = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    text = wire_time(at)
    assert len(text) == 25
    assert text.endswith("+00:00")
    assert read_wire_time(text) == at.replace(microsecond=0)


def test_a_time_with_another_offset_is_read_as_the_moment_that_it_is() -> None:
    assert read_wire_time("2026-03-21T20:05:00+01:00") == datetime(2026, 3, 21, 19, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-21T19:05:00Z",
        "2026-03-21T19:05:00.000000",
        "2026-02-30T19:05:00+00:00",
        "2026-03-21T24:05:00+00:00",
        "2026-03-21T19:05:00+25:00",
        "",
        "x" * 25,
    ],
)
def test_what_is_no_such_time_is_not_read(text: str) -> None:
    assert read_wire_time(text) is None


def test_a_fault_says_where_what_was_expected_and_what_stood_there() -> None:
    assert str(Fault("/payload/x", "a date", "'soon'")) == "/payload/x: expected a date, found 'soon'"
    assert str(Fault("", "an array")) == "/: expected an array"


@given(st.lists(st.text() | st.integers(0, 9), max_size=4))
def test_a_pointer_can_be_taken_apart_again(parts: list[str | int]) -> None:
    taken = [part.replace("~1", "/").replace("~0", "~") for part in pointer(*parts).split("/")[1:]]
    assert taken == [str(part) for part in parts]
