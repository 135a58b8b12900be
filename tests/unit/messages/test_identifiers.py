"""Identifiers: form, length, and that they grow with time (5.5.4, 5.5.5)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.messages.identifiers import (
    REPLAY_PREFIX,
    DipId,
    InterfaceId,
    Receipt,
    RoleCode,
    correlation_id,
    original_of,
    transaction_id,
    unique_part,
)

NOW = Receipt.at(datetime(2026, 3, 21, 19, 5, tzinfo=UTC))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@pytest.mark.requirement("FS-24")
@given(
    interface=st.sampled_from(["IF-001", "IF-031", "REP-002A"]),
    role=st.sampled_from(["SUP", "REGS", "UMSDS", "LDSO"]),
    at=MOMENTS,
)
def test_a_transaction_id_and_its_replay_fit_into_65_characters(interface: str, role: str, at: datetime) -> None:
    receipt = Receipt.at(at)
    made = transaction_id(InterfaceId(interface), DipId("2300000001"), RoleCode(role), receipt, unique_part(receipt, 7))
    assert len(REPLAY_PREFIX + made) <= 65
    assert re.fullmatch(rf"T-{interface}-2300000001-{role}-{at:%Y%m%d}-[0-9A-F]{{26}}", made)


@pytest.mark.requirement("FS-25")
@given(MOMENTS)
def test_a_correlation_id_and_its_replay_fit_into_60_characters(at: datetime) -> None:
    receipt = Receipt.at(at)
    made = correlation_id(receipt, unique_part(receipt, 7))
    assert len(REPLAY_PREFIX + made) <= 60
    assert re.fullmatch(rf"CI-{at:%Y%m%d}-[0-9A-F]{{26}}", made)


def test_the_unique_part_repeats_for_nobody_and_grows_with_time() -> None:
    assert len({unique_part(NOW, number) for number in range(2000)}) == 2000
    assert len({unique_part(Receipt.at(NOW.moment), 0) for _ in range(2000)}) == 2000
    later = Receipt.at(NOW.moment + timedelta(milliseconds=1))
    assert unique_part(NOW, 1000) < unique_part(later, 0)


@given(MOMENTS)
def test_the_forms_of_a_receipt_name_one_moment(at: datetime) -> None:
    receipt = Receipt.at(at)
    assert receipt.stamp == f"{at:%Y-%m-%dT%H:%M:%S}+00:00"
    assert receipt.day == receipt.stamp[:10].replace("-", "")


@pytest.mark.requirement("FS-32")
def test_a_replayed_id_stands_for_the_original() -> None:
    assert original_of("R-CI-20260321-AB") == original_of("CI-20260321-AB") == "CI-20260321-AB"
