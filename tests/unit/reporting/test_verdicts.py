"""Verdicts of a message from its rows, and of calls from the activity log."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from dip.messages.identifiers import DIP, DipId, EventCode, InterfaceId, RoleCode, SenderReference, TransactionId
from dip.reporting.call_verdicts import on_call, on_delivery
from dip.reporting.verdict_rules import Side
from dip.reporting.verdicts import verdicts_of
from dip.store.page_records import Delivery, Evidence, JournalRow, MessageDetail, StatusRow, as_seen_by
from dip.store.records import DeliveryState, Stage, Status

START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
SENDER, ONE, TWO = DipId("2300000001"), DipId("2200000001"), DipId("1800000001")
URL = "https://one.example/messages"


def row(
    after_s: int,
    status: Status,
    recipient: DipId | None = ONE,
    *,
    stage: Stage = Stage.OUTBOUND,
    detail: str | None = None,
    answer: int | None = None,
    note: str | None = None,
    url: str | None = URL,
) -> JournalRow:
    return JournalRow(
        at=START + timedelta(seconds=after_s),
        stage=stage,
        status=status,
        status_code=None,
        recipient=recipient,
        duration_us=100,
        detail=detail,
        method=None,
        url=url,
        call_status=answer,
        call_duration_us=None,
        call_note=note,
    )


def message(
    *journal: JournalRow, told: tuple[StatusRow, ...] = (), note: str | None = None, **states: DeliveryState
) -> MessageDetail:
    return MessageDetail(
        id=1,
        received_at=START,
        interface=InterfaceId("IF-031"),
        event=EventCode("[DSApp]"),
        sender=SENDER,
        sender_role=RoleCode("SUP"),
        reference=SenderReference("S-1"),
        transaction_id=TransactionId("T-1"),
        correlation_id=None,
        envelope_reference=None,
        protected=False,
        archive_until=START,
        archived=True,
        evidence=Evidence(
            at=START,
            party=SENDER,
            method="POST",
            url="https://127.0.0.1/dip-channel/IF-031",
            content_hash="",
            signature="",
            signature_date="",
            signing_certificate="",
            tls_certificate="",
            status=202,
            duration_us=20_000,
            note=note,
        ),
        deliveries=tuple(
            Delivery(
                recipient={"one": ONE, "two": TWO}[name],
                channel="IF-031",
                state=state,
                sequence=1,
                attempts=1,
                queued_at=START,
                settled_at=None,
                hidden=(),
            )
            for name, state in states.items()
        ),
        journal=journal,
        status_messages=told,
    )


def told(code: str, origin: DipId = DIP) -> StatusRow:
    return StatusRow(at=START, code=code, recipient=SENDER, state=None, origin=origin)


@pytest.mark.requirement("FS-55")
def test_attempts_in_a_row_are_one_verdict_and_a_dead_letter_has_the_last_ones_rule() -> None:
    found = verdicts_of(
        message(
            *(row(second, Status.RETRYING, detail="answered 503", answer=503) for second in range(3)),
            row(9, Status.RETRIES_EXHAUSTED, detail="not delivered within 14 days", url=None),
            one=DeliveryState.DEAD,
        )
    )
    (whole,) = found.all
    assert (whole.rule, whole.is_final, whole.evidence.times) == ("V38", True, 4)
    assert (whole.evidence.first, whole.evidence.last) == (START, START + timedelta(seconds=9))
    assert len(found.beside) == 4
    assert found.head == whole


@pytest.mark.requirement("FS-55")
def test_what_was_put_right_is_not_final_and_does_not_stand_at_the_head_before_what_was_not() -> None:
    found = verdicts_of(
        message(
            row(1, Status.REJECTED_BY_RECIPIENT, TWO, detail="RCP1022", answer=207),
            row(2, Status.RETRYING, detail="no answer within 30 s"),
            row(3, Status.DELIVERED, answer=201),
            one=DeliveryState.DELIVERED,
            two=DeliveryState.REJECTED,
        )
    )
    assert [(one.rule, one.is_final) for one in found.all] == [("V19", True), ("V35", False)]
    assert found.head is not None
    assert found.head.rule == "V19"


@pytest.mark.requirement("FS-55", "FS-50")
def test_a_recipient_has_the_verdicts_on_its_own_steps_alone() -> None:
    whole = message(
        row(1, Status.RETRYING, ONE, detail="answered 503", answer=503),
        row(2, Status.REJECTED_BY_RECIPIENT, TWO, detail="RCP1022", answer=207),
        told=(told("MSG1038"),),
        one=DeliveryState.WAITING,
        two=DeliveryState.REJECTED,
    )
    seen = as_seen_by(whole, frozenset({TWO}))
    assert seen is not None
    assert {one.party for one in verdicts_of(seen).all} == {TWO}
    assert {one.party for one in verdicts_of(whole).all} == {None, ONE, TWO}


@pytest.mark.requirement("FS-55")
def test_a_status_message_that_does_not_reach_the_sender_is_the_senders_fault() -> None:
    failed = row(1, Status.RETRYING, SENDER, stage=Stage.STATUS_MESSAGE, detail="answered 500", answer=500)
    (found,) = verdicts_of(message(failed)).all
    assert (found.rule, found.side) == ("V38", Side.SENDER)


@pytest.mark.requirement("FS-55")
def test_what_a_status_message_repeats_is_told_once_and_a_later_word_of_a_recipient_too() -> None:
    rejected = row(1, Status.REJECTED_BY_RECIPIENT, detail="RCP1061", answer=207)
    both = message(rejected, told=(told("RCP1061", ONE), told("RCP1063", TWO), told("MSG1000")))
    found = verdicts_of(both)
    assert [(one.rule, one.party) for one in found.all] == [("V19", TWO), ("V18", ONE)]
    assert len(found.about) == 2


@pytest.mark.requirement("FS-55", "FS-34")
def test_a_fault_that_struck_the_answer_to_the_sender_is_on_purpose_and_not_final() -> None:
    (found,) = verdicts_of(message(note="fault: not_answered")).all
    assert (found.rule, found.side, found.on_purpose, found.is_final) == ("V01", Side.PLATFORM, True, False)


@pytest.mark.requirement("FS-55")
def test_nobody_found_is_one_verdict_by_its_code_or_without() -> None:
    nobody = row(0, Status.FAILED, None, stage=Stage.ADDRESSING, url=None)
    assert [one.rule for one in verdicts_of(message(nobody)).all] == ["V16"]
    assert [one.rule for one in verdicts_of(message(nobody, told=(told("MSG1037"),))).all] == ["V07"]


@pytest.mark.requirement("FS-55", "FS-45")
def test_a_refused_call_has_a_verdict_for_each_code_of_its_answer() -> None:
    answer = {
        "messageArray": [{"message": text} for text in ("MSG0000 - Success", "MSG1001 - No", "MSG1001", "MSG1037")]
    }
    found = on_call(207, answer, note="", reason="", at=START, party=SENDER)
    assert [(one.rule, one.evidence.code, one.is_final) for one in found] == [
        ("V11", "MSG1001", False),
        ("V07", "MSG1037", False),
    ]
    problem = {"code": "rate_exceeded"}
    (limited,) = on_call(429, problem, note="", reason="", at=START, party=SENDER)
    assert (limited.rule, limited.side) == ("V14", Side.SENDER)
    assert on_call(202, {"messageArray": []}, note="", reason="", at=START, party=SENDER) == []
    (struck,) = on_call(None, None, note="fault: drop", reason="connection_closed", at=START, party="")
    assert (struck.rule, struck.party) == ("V01", None)


@pytest.mark.requirement("FS-55", "FS-45")
def test_a_webhook_call_has_a_verdict_where_it_was_not_answered_well() -> None:
    assert on_delivery(207, reason="", at=START, party=ONE, url=URL) == []
    (found,) = on_delivery(None, reason="no answer within 30 s", at=START, party=ONE, url=URL)
    assert (found.rule, found.side, found.evidence.url) == ("V35", Side.RECIPIENT, URL)
    assert msgspec.json.decode(msgspec.json.encode(found))["isFinal"] is False
