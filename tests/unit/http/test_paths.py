"""The path of a message, from its rows."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from dip.http.portal.paths import path_of, tone_of, tone_of_state, words_of, worst
from dip.messages.identifiers import (
    DipId,
    EventCode,
    InterfaceId,
    RoleCode,
    SenderReference,
    TransactionId,
)
from dip.store.page_records import Delivery, Evidence, JournalRow, MessageDetail
from dip.store.records import DeliveryState, Stage, Status

START = datetime(2026, 3, 21, 19, 5, tzinfo=UTC)
ONE = DipId("2200000001")
TWO = DipId("1800000001")
DETAIL = (
    '{"recipients":[{"dipId":"2200000001","role":"REGS","class":"primary","reason":"named by the sender"},'
    '{"dipId":"2200000001","role":"LDSO","class":"always","reason":"every time"}],"notes":["Nobody is MDS."]}'
)


def row(
    after_ms: int, stage: Stage, status: Status, *, recipient: DipId | None = None, detail: str | None = None
) -> JournalRow:
    return JournalRow(
        at=START + timedelta(milliseconds=after_ms),
        stage=stage,
        status=status,
        status_code=None,
        recipient=recipient,
        duration_us=100,
        detail=detail,
        method=None,
        url=None,
        call_status=None,
        call_duration_us=None,
    )


def delivery(recipient: DipId, state: DeliveryState, settled_after_ms: int | None = None) -> Delivery:
    settled = None if settled_after_ms is None else START + timedelta(milliseconds=settled_after_ms)
    return Delivery(
        recipient=recipient,
        channel="IF-031",
        state=state,
        sequence=1,
        attempts=1,
        queued_at=START,
        settled_at=settled,
        hidden=(),
    )


def message(journal: tuple[JournalRow, ...], deliveries: tuple[Delivery, ...]) -> MessageDetail:
    return MessageDetail(
        id=1,
        received_at=START,
        interface=InterfaceId("IF-031"),
        event=EventCode("[DSApp]"),
        sender=DipId("2300000001"),
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
            party=DipId("2300000001"),
            method="POST",
            url="https://127.0.0.1/dip-channel/IF-031",
            content_hash="",
            signature="",
            signature_date="",
            signing_certificate="",
            tls_certificate="",
            status=202,
            duration_us=20_000,
        ),
        deliveries=deliveries,
        journal=journal,
        status_messages=(),
    )


WHOLE = message(
    (
        row(2, Stage.INBOUND, Status.GOOD_TO_GO),
        row(5, Stage.ADDRESSING, Status.SENT_TO_TOPIC, detail=DETAIL),
        row(30, Stage.OUTBOUND, Status.RETRYING, recipient=ONE),
        row(50, Stage.OUTBOUND, Status.DELIVERED, recipient=ONE),
    ),
    (delivery(ONE, DeliveryState.DELIVERED, 50), delivery(TWO, DeliveryState.WAITING)),
)


@pytest.mark.requirement("FS-55")
def test_each_stage_says_how_long_after_the_one_before_it_was() -> None:
    way = path_of(WHOLE)
    after = [step.after for step in (way.checked, way.routed, way.committed, way.sent)]
    assert after == [timedelta(milliseconds=count) for count in (2, 3, 15, 10)]
    assert way.received.after is None


@pytest.mark.requirement("FS-55")
def test_a_recipient_has_its_reasons_its_attempts_and_its_time() -> None:
    first, second = path_of(WHOLE).branches
    assert [route.role for route in first.routes] == ["REGS", "LDSO"]
    assert [attempt.status for attempt in first.attempts] == [Status.RETRYING, Status.DELIVERED]
    assert first.took == timedelta(milliseconds=50)
    assert (second.recipient, second.routes, second.took) == (TWO, (), None)


def test_notes_of_the_routing_are_kept() -> None:
    assert path_of(WHOLE).addressing.notes == ("Nobody is MDS.",)


def test_a_detail_in_another_form_is_shown_as_it_stands() -> None:
    plain = message((row(5, Stage.ADDRESSING, Status.FAILED, detail="no appointment"),), ())
    way = path_of(plain)
    assert way.addressing.notes == ("no appointment",)
    assert (way.routed.tone, way.queued.tone, way.branches) == ("bad", "waiting", ())


def test_a_recipient_that_was_routed_to_but_not_queued_is_shown_too() -> None:
    (branch,) = path_of(msgspec.structs.replace(WHOLE, deliveries=())).branches
    assert (branch.recipient, branch.delivery, branch.tone) == (ONE, None, "waiting")


def test_sending_is_as_good_as_its_worst_branch() -> None:
    assert path_of(WHOLE).sent.tone == "waiting"
    assert worst(["good", "bad", "waiting"]) == "bad"
    assert worst(["good", "good"]) == "good"
    assert worst([]) == "waiting"


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_tone(status: Status) -> None:
    assert tone_of(status) in ("good", "waiting", "bad")


@pytest.mark.parametrize(
    ("state", "tone"),
    [(DeliveryState.DELIVERED, "good"), (DeliveryState.WAITING, "waiting"), (DeliveryState.DEAD, "bad")],
)
def test_a_state_has_a_tone(state: DeliveryState, tone: str) -> None:
    assert tone_of_state(state) == tone


@pytest.mark.requirement("FS-17")
def test_a_message_that_was_requeued_shows_its_last_delivery_and_the_earlier_one() -> None:
    dead, again = delivery(ONE, DeliveryState.DEAD, 60), delivery(ONE, DeliveryState.LEASED)
    (branch, _) = path_of(msgspec.structs.replace(WHOLE, deliveries=(dead, again, WHOLE.deliveries[1]))).branches
    assert (branch.delivery, branch.earlier, branch.dead_letter) == (again, (dead,), False)
    (branch,) = path_of(msgspec.structs.replace(WHOLE, deliveries=(dead,))).branches
    assert branch.dead_letter


def test_what_is_handed_out_or_requeued_is_not_bad_yet() -> None:
    assert {tone_of(one) for one in (Status.LEASED, Status.REQUEUED, Status.QUEUED_AGAIN)} == {"waiting"}
    assert [words_of(one) for one in (Status.LEASED, Status.QUEUED_AGAIN, Status.DELIVERED)] == [
        "Handed out",
        "Queued again",
        "Delivered",
    ]
