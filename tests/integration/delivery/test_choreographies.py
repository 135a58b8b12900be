"""The choreographies of the functional specification between the DIP and a recipient (5.5.13)."""

import pytest
from aiohttp import web

from tests.conftest import Serve
from tests.integration.delivery.conftest import SUPPLIER, Receive, endpoint_of, journal_of, send, state_of
from tests.integration.delivery.receiver import Incoming, entries, in_turn, status, taken
from tests.support.platform import Platform
from tests.support.waiting import until

QUICK = {"retry_first_s": 0.05, "retry_jitter": 0.0}


@pytest.mark.requirement("FS-34")
async def test_a_happy_path(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        ((reference, transaction, _),) = await send(platform)
        assert await registration.received(1) == [reference]
        await until(lambda: journal_of(platform, transaction))
        assert await journal_of(platform, transaction) == ["Delivered"]
        assert await state_of(platform, transaction) == "delivered"


@pytest.mark.requirement("FS-34", "FS-14")
async def test_b_a_call_that_times_out_is_made_again_with_the_same_ids(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", delivery_timeout_s=0.3, **QUICK) as platform:
        registration = await receive(platform)
        registration.open.clear()
        ((_, transaction, _),) = await send(platform)
        first = await registration.called()
        await until(lambda: journal_of(platform, transaction))
        registration.open.set()
        again = await registration.called(2)
        assert again.elements == first.elements
        await until(lambda: _is(platform, transaction, "delivered"))
        journal = await journal_of(platform, transaction)
        assert journal[0] == "Retrying"
        assert journal[-1] == "Delivered"


@pytest.mark.requirement("FS-34")
@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
async def test_c_a_system_error_of_the_recipient_is_overcome_by_trying_again(
    serve: Serve, receive: Receive, code: int
) -> None:
    async with serve(profile="live", **QUICK) as platform:
        registration = await receive(platform, answering=in_turn(status(code), taken))
        ((reference, transaction, _),) = await send(platform)
        assert await registration.received(2) == [reference, reference]
        await until(lambda: _is(platform, transaction, "delivered"))
        assert await journal_of(platform, transaction) == ["Retrying", "Delivered"]


async def test_a_recipient_that_asks_for_time_is_left_alone_so_long(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", retry_first_s=0.01, retry_jitter=0.0) as platform:
        registration = await receive(platform, answering=in_turn(status(503, Retry_After="1"), taken))
        started = platform.dip.clock.monotonic()
        await send(platform)
        await registration.called(2)
        assert platform.dip.clock.monotonic() - started >= 1


@pytest.mark.requirement("FS-34", "FS-29", "FS-31")
async def test_d_a_refused_message_goes_back_to_its_sender_and_is_not_sent_again(
    serve: Serve, receive: Receive
) -> None:
    def refuse_first(incoming: Incoming) -> web.Response:
        return entries(incoming, code=207, refused={incoming.transactions[0]: "RCP1061 - Refused by registration"})

    async with serve(profile="live", **QUICK) as platform:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        registration = await receive(platform, answering=in_turn(refuse_first, taken))
        refused, good = await send(platform, 2)
        status_message = await supplier.next(5)
        assert status_message.is_status
        assert status_message.transaction_id == refused.transaction_id
        assert status_message.correlation_id == refused.correlation_id
        assert status_message.item["senderUniqueReference"] == refused.reference
        assert status_message.item["senderID"] == "2200000001"
        assert status_message.item["recipientID"] == SUPPLIER
        assert status_message.item["message"] == "RCP1061 - Refused by registration"
        assert status_message.item["help"] == "because the test says so"
        later = await send(platform)
        await registration.called(2)
        assert registration.references == [refused.reference, good.reference, later[0].reference]
        assert await state_of(platform, refused.transaction_id) == "rejected"
        assert await journal_of(platform, refused.transaction_id) == ["RejectedByRecipient"]
        assert await state_of(platform, good.transaction_id) == "delivered"


@pytest.mark.requirement("FS-29")
async def test_a_refused_status_message_is_recorded_and_never_returned(serve: Serve, receive: Receive) -> None:
    def refuse_all(incoming: Incoming) -> web.Response:
        return entries(incoming, code=400, refused=dict.fromkeys(incoming.transactions, "RCP1061 - No"))

    async with serve(profile="live", **QUICK) as platform:
        supplier = await receive(platform, SUPPLIER, "statusmessage", answering=refuse_all)
        registration = await receive(platform, answering=in_turn(refuse_all, taken))
        ((_, transaction, _),) = await send(platform)
        await supplier.called()

        async def rejected() -> bool:
            detail = await platform.dip.store.pages.message(transaction)
            assert detail is not None
            return [str(one.state) for one in detail.status_messages] == ["rejected"]

        await until(rejected)
        await send(platform)
        await registration.called(2)
        assert len(supplier.calls) == 1


@pytest.mark.parametrize("code", [301, 307, 400, 401, 403, 404, 405, 406, 413, 505])
@pytest.mark.requirement("FS-31")
async def test_a_status_that_is_not_retried_ends_the_delivery_and_tells_the_sender(
    serve: Serve, receive: Receive, code: int
) -> None:
    async with serve(profile="live", **QUICK) as platform:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        elsewhere = await receive(platform, "2200000002")
        answering = in_turn(status(code, Location=elsewhere.url()), taken)
        registration = await receive(platform, answering=answering)
        ((_, transaction, _),) = await send(platform)
        told = await supplier.next(5)
        assert told.transaction_id == transaction
        assert str(told.item["message"]).startswith("MSG1000")
        assert told.item["senderID"] == "0000000001"
        assert str(code) in told.item["help"]
        assert await state_of(platform, transaction) == "dead"
        assert await journal_of(platform, transaction) == ["DeliveryFailure"]
        await send(platform)
        await registration.called(2)
        assert endpoint_of(platform).failures == 0
        assert transaction not in registration.calls[1].transactions
        assert elsewhere.calls == []


async def test_a_message_without_an_entry_is_sent_again_and_the_others_are_not(serve: Serve, receive: Receive) -> None:
    def leave_out_first(incoming: Incoming) -> web.Response:
        return entries(incoming, left_out=incoming.transactions[:1])

    async with serve(profile="live", **QUICK) as platform:
        registration = await receive(platform, answering=in_turn(leave_out_first, taken))
        unknown, good = await send(platform, 2)
        assert await registration.received(3) == [unknown.reference, good.reference, unknown.reference]
        await until(lambda: _is(platform, unknown.transaction_id, "delivered"))
        assert await journal_of(platform, unknown.transaction_id) == ["UnknownDeliveryStatus", "Delivered"]
        assert await journal_of(platform, good.transaction_id) == ["Delivered"]


@pytest.mark.parametrize("code", [200, 201, 202, 204])
async def test_a_good_status_without_entries_delivers_the_whole_call(serve: Serve, receive: Receive, code: int) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform, answering=status(code))
        sent = await send(platform, 3)
        await registration.received(3)
        await until(lambda: _is(platform, sent[0].transaction_id, "delivered"))
        assert [await state_of(platform, one.transaction_id) for one in sent] == ["delivered"] * 3
        assert len(registration.calls) == 1


@pytest.mark.parametrize("code", [200, 400])
async def test_an_answer_too_long_to_be_read_says_nothing_and_the_message_is_sent_again(
    serve: Serve, receive: Receive, code: int
) -> None:
    def flood(incoming: Incoming) -> web.Response:
        return web.Response(status=code, body=b"x" * (5 * 1024 * 1024))

    async with serve(profile="live", delivery_answer_limit_bytes=2048, retry_first_s=0.05) as platform:
        registration = await receive(platform, answering=in_turn(flood, taken))
        (sent,) = await send(platform)
        assert await registration.received(2) == [sent.reference] * 2
        await until(lambda: _is(platform, sent.transaction_id, "delivered"))
        assert (await journal_of(platform, sent.transaction_id)).count("Retrying") == 1


async def _is(platform: Platform, transaction: str, state: str) -> bool:
    return await state_of(platform, transaction) == state
