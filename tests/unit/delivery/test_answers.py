"""What a webhook's answer says of each message: every status, with and without entries (contract, Answers to it)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dip.delivery.answers import Call, Fate, judge
from tests.unit.delivery.deliveries import waiting

BATCH = [waiting(1), waiting(2), waiting(3)]
RETRIED = [408, 429, 500, 502, 503, 504]
NOT_RETRIED = [401, 403, 404, 405, 406, 413, 505]
ENTRIES_DECIDE = [200, 201, 207, 400]


def body(*entries: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"messageArray": entries, "timestamp": "2026-03-21T19:05:00+00:00"})


def entry(number: int, message: str | None = "RCP0000 - Message Success", **more: Any) -> dict[str, Any]:
    return {"transactionID": f"T-{number}", "senderUniqueReference": f"S-{number}", "message": message, **more}


def fates(status: int | None, answer: bytes = b"") -> list[Fate]:
    return [judgement.fate for judgement in judge(Call(status, answer), BATCH)]


@pytest.mark.requirement("FS-31", "FS-34")
@pytest.mark.parametrize("status", [None, *RETRIED])
@pytest.mark.parametrize("answer", [b"", body(entry(1), entry(2), entry(3))], ids=["empty", "entries"])
def test_a_retried_status_or_no_answer_sends_the_whole_batch_again_whatever_the_body(
    status: int | None, answer: bytes
) -> None:
    assert fates(status, answer) == [Fate.RETRIED] * 3


@pytest.mark.parametrize("status", [*NOT_RETRIED, 301, 302, 303, 307, 308, 402, 409, 410, 418, 422, 501, 507])
@pytest.mark.parametrize("answer", [b"", body(entry(1), entry(2), entry(3))], ids=["empty", "entries"])
def test_any_other_status_fails_the_whole_batch_for_good(status: int, answer: bytes) -> None:
    assert fates(status, answer) == [Fate.FAILED] * 3


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("answer", [b"", b"OK", b"[]", b"{}", b'{"messageArray": []}', b"\xff\xfe", b"[" * 5000])
def test_a_good_status_without_entries_delivers_all_and_is_noted(status: int, answer: bytes) -> None:
    judged = judge(Call(status, answer), BATCH)
    assert [one.fate for one in judged] == [Fate.DELIVERED] * 3
    assert all("without entries" in one.note for one in judged)


@pytest.mark.parametrize("status", [207, 400])
@pytest.mark.parametrize("answer", [b"", b"OK", b'{"messageArray": []}'])
def test_a_mixed_or_bad_status_without_entries_fails_all_for_good(status: int, answer: bytes) -> None:
    assert fates(status, answer) == [Fate.FAILED] * 3


@pytest.mark.requirement("FS-31", "FS-34")
@pytest.mark.parametrize("status", ENTRIES_DECIDE)
def test_each_entry_decides_for_its_message_alone(status: int) -> None:
    answer = body(entry(3, "RCP1061 - Refused", help="not ours"), entry(1))
    first, second, third = judge(Call(status, answer), BATCH)
    assert (first.fate, second.fate, third.fate) == (Fate.DELIVERED, Fate.UNKNOWN, Fate.REJECTED)
    assert third.entry is not None
    assert third.entry.help == "not ours"


@pytest.mark.parametrize(
    ("message", "fate"),
    [
        ("RCP0000 - Message Success", Fate.DELIVERED),
        ("MSG0000 - Success", Fate.DELIVERED),
        ("RCP0000", Fate.DELIVERED),
        ("MSG0000", Fate.DELIVERED),
        ("RCP1061 - Anything", Fate.REJECTED),
        ("MSG1000 - Message Processing Failed", Fate.REJECTED),
        ("Success", Fate.REJECTED),
        ("", Fate.REJECTED),
        (None, Fate.REJECTED),
    ],
)
def test_only_the_two_success_codes_deliver(message: str | None, fate: Fate) -> None:
    assert fates(201, body(*(entry(number, message) for number in (1, 2, 3)))) == [fate] * 3


def test_an_entry_without_a_transaction_id_counts_by_the_senders_reference() -> None:
    answer = body({"senderUniqueReference": "S-2", "message": "RCP1001 - Schema Failure"})
    assert fates(200, answer) == [Fate.UNKNOWN, Fate.REJECTED, Fate.UNKNOWN]


def test_an_entry_with_another_transaction_id_says_nothing_by_its_reference() -> None:
    answer = body({"transactionID": "T-9", "senderUniqueReference": "S-2", "message": "RCP0000"})
    assert fates(200, answer) == [Fate.UNKNOWN] * 3


def test_entries_of_messages_that_were_not_sent_are_ignored() -> None:
    assert fates(201, body(entry(1), entry(2), entry(3), entry(99, "RCP1000"))) == [Fate.DELIVERED] * 3


@given(status=st.integers(100, 599) | st.none(), answer=st.binary(max_size=200))
def test_every_answer_gives_every_message_a_fate(status: int | None, answer: bytes) -> None:
    assert len(judge(Call(status, answer), BATCH)) == len(BATCH)
