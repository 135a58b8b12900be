"""Conditions of a request, against a plain model of RFC 9110, 13.2.2."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.http.portal.publications.conditions import (
    ConditionFailed,
    Validators,
    Verdict,
    date_text,
    http_date,
    judged,
    matching_tag,
    ranges_hold,
)

pytestmark = pytest.mark.requirement("FS-37", "FS-57")

PLAIN, PACKED, OTHER = '"sha256-aa"', '"sha256-aa-gzip"', '"sha256-bb"'
MODIFIED = datetime(2026, 3, 21, 19, 5, 7, tzinfo=UTC)
VALIDATORS = Validators((PLAIN, PACKED), MODIFIED, True)
tags = st.lists(
    st.tuples(st.booleans(), st.sampled_from([PLAIN, PACKED, OTHER, '"with, comma"', '""'])), min_size=1, max_size=4
)
moments = st.integers(-2, 2).map(lambda seconds: MODIFIED + timedelta(seconds=seconds))
lists = st.one_of(st.just("*"), tags)


def written(wanted: str | list[tuple[bool, str]]) -> str:
    return wanted if isinstance(wanted, str) else ", ".join(f"{'W/' if weak else ''}{tag}" for weak, tag in wanted)


def fits(wanted: str | list[tuple[bool, str]], *, is_strong: bool) -> bool:
    if isinstance(wanted, str):
        return True
    return any(tag in (PLAIN, PACKED) and not (weak and is_strong) for weak, tag in wanted)


@given(st.none() | lists, st.none() | lists, st.none() | moments, st.none() | moments)
def test_conditions_hold_in_the_order_of_the_rfc(
    match: str | list[tuple[bool, str]] | None,
    none_match: str | list[tuple[bool, str]] | None,
    since: datetime | None,
    unless: datetime | None,
) -> None:
    headers = {}
    if match is not None:
        headers["If-Match"] = written(match)
    if none_match is not None:
        headers["If-None-Match"] = written(none_match)
    if since is not None:
        headers["If-Modified-Since"] = date_text(since)
    if unless is not None:
        headers["If-Unmodified-Since"] = date_text(unless)
    is_old = unless is not None and unless < MODIFIED
    if not fits(match, is_strong=True) if match is not None else is_old:
        with pytest.raises(ConditionFailed):
            judged(headers, VALIDATORS)
        return
    is_still = since is not None and since >= MODIFIED
    is_known = fits(none_match, is_strong=False) if none_match is not None else is_still
    assert judged(headers, VALIDATORS) is (Verdict.NOT_MODIFIED if is_known else Verdict.SEND)


@pytest.mark.parametrize("header", ["sha256-aa", "", ",", '"sha256-aa', "W/", "\x00", "w/" + OTHER])
def test_a_list_without_form_names_nothing(header: str) -> None:
    assert judged({"If-None-Match": header}, VALIDATORS) is Verdict.SEND
    with pytest.raises(ConditionFailed):
        judged({"If-Match": header}, VALIDATORS)


@pytest.mark.parametrize("text", ["", "yesterday", "Sat, 99 Mar 2026 19:05:07 GMT", "0", "Sat, 21 Mar 99999 1:1:1 GMT"])
def test_a_date_without_form_is_no_condition(text: str) -> None:
    assert http_date(text) is None
    assert judged({"If-Modified-Since": text, "If-Unmodified-Since": text}, VALIDATORS) is Verdict.SEND


@pytest.mark.parametrize(
    "text",
    ["Sat, 21 Mar 2026 19:05:07 GMT", "Saturday, 21-Mar-26 19:05:07 GMT", "Sat Mar 21 19:05:07 2026"],
)
def test_each_of_the_three_forms_of_a_date_is_read(text: str) -> None:
    assert http_date(text) == MODIFIED


@given(st.text(max_size=40))
def test_whatever_a_date_says_it_is_read_or_ignored(text: str) -> None:
    found = http_date(text)
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize(
    ("if_range", "holds"),
    [
        (None, True),
        (PLAIN, True),
        (f" {PLAIN} ", True),
        (f"W/{PLAIN}", False),
        (PACKED, False),
        (OTHER, False),
        (date_text(MODIFIED), True),
        (date_text(MODIFIED + timedelta(seconds=1)), False),
        ("what ever", False),
    ],
)
def test_a_part_is_added_only_to_parts_of_the_same_bytes(if_range: str | None, holds: bool) -> None:
    assert ranges_hold(if_range, VALIDATORS) is holds


def test_a_date_adds_no_part_of_what_may_have_changed_within_a_second() -> None:
    latest = VALIDATORS._replace(is_fixed=False)
    assert not ranges_hold(date_text(MODIFIED), latest)
    assert ranges_hold(PLAIN, latest)


def test_the_answer_names_the_form_that_the_reader_has() -> None:
    assert matching_tag(f"W/{PACKED}, {OTHER}", (PLAIN, PACKED)) == PACKED
    assert matching_tag(f"{PACKED}, {PLAIN}", (PLAIN, PACKED)) == PLAIN
    assert matching_tag("*", (PLAIN, PACKED)) == PLAIN
    assert matching_tag(None, (PLAIN,)) == PLAIN
