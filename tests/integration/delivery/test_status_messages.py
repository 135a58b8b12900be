"""Recipients report later what they found wrong with a message (5.5.9; 5.5.13, figure 10)."""

from typing import Any

import msgspec
import pytest

from dip.messages.standard_response import Entry
from dip.messages.timestamps import wire_time
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, journal_of, send, state_of
from tests.integration.delivery.receiver import entries
from tests.integration.intake.calls import OTHER_SUPPLIER, Call, Calls, Reply, calls_to
from tests.support.platform import Platform
from tests.support.waiting import until

PROFILES = pytest.mark.parametrize("profile", ["spec", "live"])
CODE = "RCP1061 - MPAN Invalid or Unknown"
KEYS = [
    *("transactionID", "senderUniqueReference", "correlationID", "sentTimestamp", "senderID", "recipientID"),
    *("DIPConnectionProviderID", "message", "help", "serviceTicketURL"),
]


def entry(platform: Platform, transaction: str, **changes: Any) -> dict[str, Any]:
    """A status message about a transaction, as the registration service writes it."""
    return {
        "transactionID": transaction,
        "senderUniqueReference": None,
        "correlationID": None,
        "sentTimestamp": wire_time(platform.dip.clock.now()),
        "senderID": REGISTRATION,
        "recipientID": None,
        "DIPConnectionProviderID": None,
        "message": CODE,
        "help": "we have no such supply",
        "serviceTicketURL": None,
        **changes,
    }


async def report(calls: Calls, *entries: Any, caller: str = REGISTRATION) -> Reply:
    """Post status messages."""
    body = msgspec.json.encode(list(entries))
    return await calls.make(Call(body=body, path="/statusmessage", caller=caller, signer=caller))


@pytest.mark.requirement("FS-34", "FS-29")
@PROFILES
async def test_e_a_recipient_reports_a_fault_later_and_the_sender_gets_it(
    serve: Serve, receive: Receive, profile: str
) -> None:
    async with serve(profile=profile) as platform, calls_to(platform) as calls:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        registration = await receive(platform)
        ((reference, transaction, correlation),) = await send(platform)
        await registration.received(1)
        given = entry(platform, transaction)
        answer = await report(calls, given)
        assert (answer.status, answer.code) == (201, "MSG0000")
        (said,) = answer.entries
        assert list(said) == KEYS
        assert (said["transactionID"], said["senderUniqueReference"]) == (transaction, reference)
        assert (said["correlationID"], said["senderID"], said["recipientID"]) == (
            correlation,
            "0000000001",
            REGISTRATION,
        )
        arrived = await supplier.next(5)
        filled = {"senderUniqueReference": reference, "correlationID": correlation, "recipientID": SUPPLIER}
        assert arrived.item == {**given, **filled}
        assert await state_of(platform, transaction) == "delivered"
        assert await journal_of(platform, transaction) == ["Delivered", "GoodToGo"]


@pytest.mark.requirement("FS-29")
async def test_what_the_recipient_fills_in_itself_is_kept(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        ((_, transaction, correlation),) = await send(platform)
        given = entry(
            platform,
            transaction,
            senderUniqueReference=f"S-IF-031-{REGISTRATION}-REGS-20260321-1",
            correlationID=correlation,
            recipientID=SUPPLIER,
            DIPConnectionProviderID=REGISTRATION,
            serviceTicketURL="https://tickets.example/1",
        )
        assert (await report(calls, given)).status == 201
        assert (await supplier.next(5)).item == given


@pytest.mark.requirement("FS-29")
async def test_a_client_reports_with_one_call(serve: Serve) -> None:
    async with serve() as platform:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        ((_, transaction, _),) = await send(platform)
        client = await platform.client(REGISTRATION)
        now = wire_time(platform.dip.clock.now())
        result = await client.report(
            [Entry(transaction_id=transaction, sent_timestamp=now, sender_id=REGISTRATION, message=CODE)]
        )
        assert (result.status, result.all_accepted) == (201, True)
        assert (await supplier.next(5)).item["message"] == CODE


@pytest.mark.requirement("FS-29")
async def test_a_replayed_transaction_stands_for_its_original(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        ((_, transaction, correlation),) = await send(platform)
        answer = await report(calls, entry(platform, f"R-{transaction}", correlationID=f"R-{correlation}"))
        assert answer.status == 201
        arrived = await supplier.next(5)
        assert (arrived.item["transactionID"], arrived.item["correlationID"]) == (transaction, correlation)


@pytest.mark.requirement("FS-29", "FS-14")
@PROFILES
async def test_the_same_one_again_is_answered_like_the_first_and_sent_once(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform, calls_to(platform) as calls:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        ((_, transaction, _),) = await send(platform)
        given = entry(platform, transaction)
        first = await report(calls, given)
        again = await report(calls, given, given)
        assert first.status == again.status == 201
        assert [one["transactionID"] for one in again.entries] == [transaction, transaction]
        other = entry(platform, transaction, help="something else")
        assert (await report(calls, other)).status == 201
        assert (await supplier.next(5)).item["help"] == given["help"]
        assert (await supplier.next(5)).item["help"] == other["help"]
        assert await calls.counted("status_message") == 2


@pytest.mark.requirement("FS-29")
async def test_only_a_recipient_of_the_message_may_report_about_it(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        ((_, transaction, _),) = await send(platform)
        for caller in (SUPPLIER, OTHER_SUPPLIER):
            answer = await report(calls, entry(platform, transaction, senderID=caller), caller=caller)
            assert (answer.status, answer.code) == (403, "MSG1000")
            assert "/0/transactionID" in answer.help
        stranger = await report(calls, entry(platform, transaction), caller=OTHER_SUPPLIER)
        assert (stranger.status, stranger.code) == (403, "MSG1009")
        unknown = await report(calls, entry(platform, "T-IF-031-2300000001-SUP-20260321-00"))
        assert (unknown.status, unknown.code) == (403, "MSG1000")
        assert await calls.counted("status_message") == 0


@pytest.mark.requirement("FS-29")
@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"message": "XYZ0001 - Unheard of"}, "MSG1001", "/message"),
        ({"message": "RCP0000 - Message Success"}, "MSG1001", "/message"),
        ({"message": None}, "MSG1001", "/message"),
        ({"transactionID": None}, "MSG1001", "/transactionID"),
        ({"senderUniqueReference": "mine"}, "MSG1001", "/senderUniqueReference"),
        ({"correlationID": ""}, "MSG1001", "/correlationID"),
        ({"help": "x" * 501}, "MSG1001", "/help"),
        ({"serviceTicketURL": "x" * 251}, "MSG1001", "/serviceTicketURL"),
        ({"sentTimestamp": "yesterday"}, "MSG1001", "/sentTimestamp"),
        ({"sentTimestamp": "2026-13-41T25:61:00+00:00"}, "MSG1007", "/sentTimestamp"),
        ({"sentTimestamp": "2096-03-21T19:05:00+00:00"}, "MSG1007", "/sentTimestamp"),
        ({"recipientID": OTHER_SUPPLIER}, "MSG1000", "/recipientID"),
        ({"remark": "hello"}, "MSG1001", "/remark"),
    ],
)
async def test_a_fault_is_named_with_its_place(serve: Serve, changes: dict[str, Any], code: str, pointer: str) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        ((_, transaction, _),) = await send(platform)
        answer = await report(calls, entry(platform, transaction, **changes))
        assert (answer.status, answer.code) == (400, code)
        assert f"/0{pointer}" in answer.help


async def test_every_fault_of_an_entry_is_named_at_once(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        answer = await report(calls, {"transactionID": 5, "extra": 1})
        assert answer.status == 400
        assert "/0/transactionID" in answer.help
        assert "/0/senderUniqueReference" in answer.help
        for body in (b"{}", b"[]", b"[", b"5", b"[5]", b"[" * 100000):
            made = await calls.make(Call(body=body, path="/statusmessage", caller=REGISTRATION, signer=REGISTRATION))
            assert made.status == 400, body[:20]


async def test_the_case_of_keys_matters_in_the_spec_profile_alone(serve: Serve) -> None:
    for profile, status in (("spec", 400), ("live", 201)):
        async with serve(profile, profile=profile) as platform, calls_to(platform) as calls:
            ((_, transaction, _),) = await send(platform)
            given = {key.upper(): value for key, value in entry(platform, transaction).items()}
            assert (await report(calls, given)).status == status


@pytest.mark.requirement("FS-29", "FS-30")
async def test_the_good_ones_of_a_mixed_request_are_taken_in_the_spec_profile_alone(serve: Serve) -> None:
    for profile, status, codes, kept in (
        ("spec", 207, ["MSG0000", "MSG1001"], 1),
        ("live", 400, ["MSG1000", "MSG1001"], 0),
    ):
        async with serve(profile, profile=profile) as platform, calls_to(platform) as calls:
            ((_, transaction, _),) = await send(platform)
            given = entry(platform, transaction)
            answer = await report(calls, given, {**given, "message": "nonsense"})
            assert (answer.status, answer.codes) == (status, codes)
            assert await calls.counted("status_message") == kept


async def test_a_status_message_must_be_signed(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        ((_, transaction, _),) = await send(platform)
        body = msgspec.json.encode([entry(platform, transaction)])
        call = Call(body=body, path="/statusmessage", caller=REGISTRATION, signer=REGISTRATION, signed_body=b"[]")
        assert (await calls.make(call)).status == 401


@pytest.mark.requirement("FS-29")
async def test_more_status_messages_than_a_request_may_carry_are_refused(serve: Serve) -> None:
    async with serve(message_limit=2) as platform, calls_to(platform) as calls:
        ((_, transaction, _),) = await send(platform)
        assert (await report(calls, *[entry(platform, transaction)] * 3)).status == 413


@pytest.mark.requirement("FS-29")
async def test_the_report_survives_a_restart_before_it_is_delivered(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        ((_, transaction, _),) = await send(platform)
        assert (await report(calls, entry(platform, transaction))).status == 201
    async with serve() as platform:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        assert (await supplier.next(5)).item["transactionID"] == transaction


@pytest.mark.requirement("FS-29")
async def test_a_rejected_status_message_is_recorded_and_never_returned(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, calls_to(platform) as calls:
        supplier = await receive(
            platform,
            SUPPLIER,
            "statusmessage",
            answering=lambda call: entries(call, code=400, refused=dict.fromkeys(call.transactions, "RCP1000 - No")),
        )
        ((_, transaction, _),) = await send(platform)
        await report(calls, entry(platform, transaction))
        assert (await supplier.called()).transactions == [transaction]
        await until(lambda: _rejected(platform, transaction))
        assert await calls.counted("status_message") == 1


async def _rejected(platform: Platform, transaction: str) -> bool:
    detail = await platform.dip.store.pages.message(transaction)
    assert detail is not None
    return [one.state for one in detail.status_messages] == ["rejected"]
