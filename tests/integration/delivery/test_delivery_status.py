"""What a participant can learn of a message's way (FS-17, FS-18; live API 2.2.1, deliveryStatus)."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from dip.ground.clock import microseconds
from dip.http.api.journal_record import DIPJournalRecord
from dip.messages.timestamps import wire_time
from dip.store.evidence import own_step
from dip.store.records import Settled, Settlement, Stage, Status
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, send, state_of
from tests.integration.delivery.receiver import entries, in_turn, status, taken
from tests.support.platform import Platform
from tests.support.waiting import until

STAGES = {
    "Inbound": {"GoodToGo", "InboundRuleFailure", "InternalServerError", "Exception"},
    "MPANUpdateQueue": {"OK", "Exception"},
    "Addressing": {"SentToTopic", "Failed", "Exception"},
    "Outbound": {
        *("Delivered", "DeliveryFailure", "RejectedByRecipient", "Retrying", "RetriesExhausted"),
        *("UnknownDeliveryStatus", "Paused", "Exception"),
    },
    "StatusMessage": {"Delivered", "DeliveryFailure", "Retrying", "UnknownDeliveryStatus", "Paused"},
}
RECORD = {
    "SentDateTime": (str,),
    "Interface": (str,),
    "SenderUniqueReference": (str,),
    "DIPTransactionID": (str,),
    "DIPCorrelationID": (str, type(None)),
    "MPANCore": (str,),
    "JournalEntries": (list,),
}
ENTRY = {
    "TimeGenerated": (str,),
    "SenderDIPID": (str,),
    "Interface": (str,),
    "EventCode": (str, type(None)),
    "Reason": (str, type(None)),
    "SentDateTime": (str,),
    "Duration": (int,),
    "MessageDelayInMilliSeconds": (int,),
    "SenderUniqueReference": (str, type(None)),
    "DIPTransactionID": (str, type(None)),
    "DIPCorrelationID": (str, type(None)),
    "MPANCore": (str, type(None)),
    "DIPStage": (str,),
    "Status": (str,),
    "StatusCode": (int,),
    "Message": (str, type(None)),
    "Recipient": (str, type(None)),
    "Recipients": (list, type(None)),
    "RecipientMap": (dict, type(None)),
    "uri": (str, type(None)),
    "rn": (int,),
}


async def asked(
    platform: Platform, reference: str, *, party: str = SUPPLIER, caller: str | None = None, channel: str = "IF-031"
) -> tuple[int, Any]:
    """Status and body of a question."""
    client = await platform.client(caller or party)
    answer = await client.call("GET", f"/dip-channel/{channel}/deliveryStatus/{party}/{quote(reference)}")
    return answer.status, msgspec.json.decode(answer.body) if answer.body else None


async def record(platform: Platform, reference: str, party: str = SUPPLIER) -> dict[str, Any]:
    """A record, of the published form."""
    status_code, found = await asked(platform, reference, party=party)
    assert status_code == 200
    fits(found)
    made: dict[str, Any] = found
    return made


def fits(found: dict[str, Any]) -> None:
    """Members, types and lists of values are the published ones."""
    assert {key: isinstance(found[key], kinds) for key, kinds in RECORD.items()} == dict.fromkeys(RECORD, True)
    assert found.keys() == RECORD.keys()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", found["SentDateTime"])
    assert [one["rn"] for one in found["JournalEntries"]] == list(range(1, len(found["JournalEntries"]) + 1))
    for one in found["JournalEntries"]:
        assert one.keys() == ENTRY.keys()
        assert {key: isinstance(one[key], kinds) for key, kinds in ENTRY.items()} == dict.fromkeys(ENTRY, True)
        assert one["Status"] in STAGES[one["DIPStage"]]
        assert one["Duration"] >= 0 and one["MessageDelayInMilliSeconds"] >= 0


def steps(found: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Stage, status and recipient of every entry."""
    return [(one["DIPStage"], one["Status"], one["Recipient"]) for one in found["JournalEntries"]]


async def settled(platform: Platform, transaction: str, *statuses: Status) -> None:
    """Let the delivery of a message to the registration service take these steps of the DIP's own."""
    store = platform.dip.store.messages
    lane = store.lane_of(REGISTRATION, "IF-031")
    assert lane is not None
    (known,) = store.of_transactions(lane.id, [transaction])
    for one in statuses:
        await store.settle(
            Settlement(
                exchange=own_step(microseconds(platform.dip.clock.now()), lane.recipient, "a test"),
                recipient=lane.recipient,
                stage=Stage.OUTBOUND,
                settled=[Settled(known.id, known.message, one)],
            )
        )


@pytest.mark.requirement("FS-17", "FS-18")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_the_sender_sees_every_step_and_every_recipient(serve: Serve, receive: Receive, profile: str) -> None:
    async with serve(profile=profile, retry_first_s=0.05) as platform:
        registration = await receive(platform, answering=in_turn(status(503), taken))
        ((reference, transaction, correlation),) = await send(platform)
        await registration.called(2)
        await until(lambda: _is(platform, transaction, "delivered"))
        found = await record(platform, reference)
        assert steps(found) == [
            ("Inbound", "GoodToGo", None),
            ("Addressing", "SentToTopic", None),
            ("Outbound", "Retrying", REGISTRATION),
            ("Outbound", "Delivered", REGISTRATION),
        ]
        inbound, addressing, retrying, delivered = found["JournalEntries"]
        assert found["Interface"] == "IF-031"
        assert (found["DIPTransactionID"], found["DIPCorrelationID"]) == (transaction, correlation)
        assert re.fullmatch(r"\d{13}", found["MPANCore"])
        assert inbound["StatusCode"] == platform.dip.settings.switches.status_all_taken
        assert inbound["uri"].endswith("/dip-channel/IF-031")
        assert addressing["Recipients"] == [REGISTRATION]
        assert addressing["RecipientMap"] == {
            "Primary": [],
            "Secondary": [{"role": "REGS", "dipId": REGISTRATION}],
            "Always": [],
        }
        assert (retrying["StatusCode"], delivered["StatusCode"]) == (503, 201)
        assert (retrying["uri"], delivered["uri"]) == (None, None)


@pytest.mark.requirement("FS-17")
async def test_a_recipient_sees_itself_alone(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        registration = await receive(platform, REGISTRATION, "IF-909")
        ((reference, transaction, _),) = await send(platform, name="if-909", sender="1200000001")
        await registration.called()
        detail = await platform.dip.store.pages.message(transaction)
        assert detail is not None
        recipients = {str(one.recipient) for one in detail.deliveries}
        assert len(recipients) > 1
        await until(lambda: _is(platform, transaction, "delivered"))
        status_code, found = await asked(platform, reference, party=REGISTRATION, channel="IF-909")
        assert status_code == 200
        fits(found)
        _, addressing, delivered = found["JournalEntries"]
        assert addressing["Recipients"] == [REGISTRATION]
        assert {one["dipId"] for held in addressing["RecipientMap"].values() for one in held} == {REGISTRATION}
        assert delivered["uri"] == registration.url()
        assert found["JournalEntries"][0]["uri"] is None
        others = recipients - {REGISTRATION}
        assert not [one for one in others if one in msgspec.json.encode(found).decode()]


@pytest.mark.requirement("FS-18")
async def test_a_rejection_and_a_later_report_stand_in_the_journal(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        registration = await receive(
            platform,
            answering=lambda call: entries(call, refused=dict.fromkeys(call.transactions, "RCP1061 - No such MPAN")),
        )
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        ((reference, transaction, _),) = await send(platform)
        await registration.called()
        await supplier.next(5)
        client = await platform.client(REGISTRATION)
        entry = {
            "transactionID": transaction,
            "senderID": REGISTRATION,
            "sentTimestamp": wire_time(platform.dip.clock.now()),
            "message": "RCP1062 - PUB Unexpected given MPAN Process Status/Condition",
            **dict.fromkeys(
                [
                    *("senderUniqueReference", "correlationID", "recipientID", "DIPConnectionProviderID"),
                    *("help", "serviceTicketURL"),
                ]
            ),
        }
        answer = await client.call("POST", "/statusmessage", msgspec.json.encode([entry]))
        assert answer.status == 201
        await supplier.next(5)
        await until(lambda: _told(platform, transaction, 2))
        found = await record(platform, reference)
        assert steps(found)[2:] == [
            ("Outbound", "RejectedByRecipient", REGISTRATION),
            ("StatusMessage", "Delivered", SUPPLIER),
            ("Inbound", "GoodToGo", REGISTRATION),
            ("StatusMessage", "Delivered", SUPPLIER),
        ]
        rejected, told, reported, _ = found["JournalEntries"][2:]
        assert (rejected["Reason"], rejected["Message"]) == ("RCP1061", "RCP1061 - MPAN Invalid or Unknown")
        assert reported["Reason"] == "RCP1062"
        assert told["uri"] is not None
        seen = await record(platform, reference, REGISTRATION)
        assert steps(seen)[2:] == [
            ("Outbound", "RejectedByRecipient", REGISTRATION),
            ("Inbound", "GoodToGo", REGISTRATION),
        ]


@pytest.mark.requirement("FS-17")
async def test_steps_of_our_own_are_told_in_published_words(serve: Serve) -> None:
    async with serve() as platform:
        ((reference, transaction, _),) = await send(platform)
        await settled(platform, transaction, Status.LEASED, Status.WITHDRAWN, Status.REQUEUED, Status.RETRIES_EXHAUSTED)
        found = await record(platform, reference)
        assert [status_ for _, status_, _ in steps(found)][2:] == [
            "UnknownDeliveryStatus",
            "DeliveryFailure",
            "Retrying",
            "RetriesExhausted",
        ]
        assert found["JournalEntries"][2]["Message"] == "Handed out; its acknowledgement is awaited"


@pytest.mark.requirement("FS-17")
async def test_times_follow_business_time(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        ((reference, transaction, _),) = await send(platform)
        platform.dip.clock.advance(timedelta(days=3))
        await receive(platform)
        await until(lambda: _is(platform, transaction, "delivered"))
        last = (await record(platform, reference))["JournalEntries"][-1]
        assert last["MessageDelayInMilliSeconds"] >= 3 * 86_400_000


async def test_what_is_not_known_to_the_caller_has_no_content(serve: Serve) -> None:
    async with serve() as platform:
        ((reference, _, _),) = await send(platform)
        assert await asked(platform, reference, party="2300000002") == (204, None)
        assert await asked(platform, "S-IF-031-2300000001-SUP-20260321-none") == (204, None)
        assert await asked(platform, reference, channel="IF-032") == (204, None)
        assert (await asked(platform, reference, caller="2300000002"))[0] == 403
        assert (await asked(platform, reference, channel="IF-999"))[0] == 404
        assert (await asked(platform, "x" * 300))[0] == 400


def test_the_record_says_all_that_is_published() -> None:
    named = msgspec.json.schema(DIPJournalRecord)["$defs"]
    assert set(named["DIPJournalRecord"]["required"]) == RECORD.keys()
    assert set(named["JournalEntry"]["required"]) == ENTRY.keys()


async def _is(platform: Platform, transaction: str, state: str) -> bool:
    return await state_of(platform, transaction) == state


async def _told(platform: Platform, transaction: str, count: int) -> bool:
    detail = await platform.dip.store.pages.message(transaction)
    assert detail is not None
    return [one.state for one in detail.status_messages] == ["delivered"] * count
