"""Queues to recipients: order, independence, limits, the message that makes an endpoint fail (5.5.10)."""

from collections.abc import Collection

import pytest
from aiohttp import web

from dip.client import Accepted
from tests.conftest import Serve
from tests.integration.delivery.conftest import SUPPLIER, Receive, endpoint_of, journal_of, send, state_of
from tests.integration.delivery.receiver import Answering, Incoming, in_turn, status, taken
from tests.support.platform import Platform
from tests.support.waiting import until

METERING = "1200000001"
REGISTRATION = "2200000001"
QUICK = {"retry_first_s": 0.02, "retry_longest_s": 0.05, "retry_jitter": 0.0}


def breaks_on(poison: Collection[str]) -> Answering:
    """Answers 500 to every call that holds one of these references."""
    return lambda incoming: web.Response(status=500) if set(poison) & set(incoming.references) else taken(incoming)


def references(sent: list[Accepted]) -> list[str]:
    return [one.reference for one in sent]


@pytest.mark.requirement("FS-31")
async def test_a_message_that_breaks_its_recipient_is_set_aside_and_overtaken(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", **QUICK) as platform:
        sent = await send(platform, 10)
        poison = sent[6]
        broken = [poison.reference]
        registration = await receive(platform, answering=breaks_on(broken))
        others = [one for one in references(sent) if one != poison.reference]

        def delivered() -> list[str]:
            good = (call.references for call in registration.calls if poison.reference not in call.references)
            return [reference for call in good for reference in call]

        await until(lambda: delivered() == others)
        assert await state_of(platform, poison.transaction_id) == "waiting"
        later = references(await send(platform, 2))
        await until(lambda: delivered() == others + later)
        broken.clear()
        await until(lambda: _state(platform, poison, "delivered"))
        assert (await journal_of(platform, poison.transaction_id))[-1] == "Delivered"


@pytest.mark.requirement("FS-31")
async def test_what_was_set_aside_has_its_turn_while_new_messages_keep_coming(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", delivery_message_count=1, **QUICK) as platform:
        sent = await send(platform, 40)
        first = sent[0]
        seen: list[str] = []

        def unknown_first(incoming: Incoming) -> web.Response:
            (reference,) = incoming.references
            seen.append(reference)
            if seen.count(first.reference) == 1 and reference == first.reference:
                return web.json_response({"messageArray": [{"transactionID": "another"}], "timestamp": ""})
            return taken(incoming)

        registration = await receive(platform, answering=unknown_first)
        await registration.received(41)
        again = registration.references.index(first.reference, 1)
        assert again < 40, "it waited until the queue was empty"
        rest = [one for number, one in enumerate(registration.references) if number not in (0, again)]
        assert rest == references(sent[1:])


@pytest.mark.requirement("FS-31", "FS-15")
async def test_after_five_failures_in_a_row_the_endpoint_is_paused_and_its_queue_waits_in_order(
    serve: Serve, receive: Receive
) -> None:
    async with serve(profile="live", **QUICK) as platform:
        registration = await receive(platform, answering=status(503))
        (first,) = await send(platform)
        await registration.called(4)
        await until(lambda: endpoint_of(platform).paused)
        assert endpoint_of(platform).failures >= 5
        await until(lambda: _last(platform, first, "Paused"))
        rest = await send(platform, 3)
        registration.answering = taken
        await until(lambda: _state(platform, rest[-1], "delivered"))
        assert not endpoint_of(platform).paused
        assert registration.references[-4:] == references([first, *rest])


@pytest.mark.requirement("FS-15", "FS-31")
async def test_a_recipient_that_hangs_slows_nobody_else(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        hanging = await receive(platform, "1900000001", "IF-021")
        refusing = await receive(platform, "2500000001", "IF-021", answering=status(503))
        quick = await receive(platform, "1800000001", "IF-021")
        hanging.open.clear()
        sent: list[str] = []
        for number in range(1, 6):
            sent += references(await send(platform, 2, "if-021", "1400000001"))
            assert await quick.received(2 * number, 2) == sent
        assert len(hanging.calls) == 1
        assert len(refusing.calls) == 1
        hanging.open.set()
        assert await hanging.received(10) == sent


@pytest.mark.requirement("FS-31")
async def test_channels_with_one_address_share_a_queue_in_order_of_receipt(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        registration = await receive(platform, REGISTRATION, "IF-031", "IF-909")
        registration.open.clear()
        sent = references(await send(platform))
        await registration.called()
        for name, sender in [("if-909", METERING), ("if-031", SUPPLIER)] * 4:
            sent += references(await send(platform, 2, name, sender))
        registration.open.set()
        assert await registration.received(17) == sent
        assert [len(call.elements) for call in registration.calls] == [1, 16]


@pytest.mark.requirement("FS-31")
async def test_one_webhook_for_all_channels_keeps_the_order_across_channels(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        sent: list[str] = []
        for name, sender in [("if-909", METERING), ("if-031", SUPPLIER)] * 4:
            sent += references(await send(platform, 1, name, sender))
        registration = await receive(platform, REGISTRATION, "all")
        assert await registration.received(8) == sent
        assert len(registration.calls) == 1
        for name, sender in [("if-909", METERING), ("if-031", SUPPLIER)] * 4:
            sent += references(await send(platform, 1, name, sender))
        assert await registration.received(16) == sent


@pytest.mark.requirement("FS-31")
async def test_status_messages_never_share_a_call_with_messages(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        registration = await receive(platform, answering=in_turn(status(404), taken))
        await send(platform)
        await registration.called()
        await send(platform, 1, "if-909", METERING)
        supplier = await receive(platform, SUPPLIER, "all", "statusmessage")
        await supplier.called(2)
        kinds = {tuple(sorted({"payload" in element for element in call.elements})) for call in supplier.calls}
        assert kinds == {(True,), (False,)}


@pytest.mark.requirement("FS-31")
async def test_a_call_carries_no_more_messages_than_the_recipient_wants(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        sent = await send(platform, 10)
        registration = await receive(platform, max_message_count=4)
        assert await registration.received(10) == references(sent)
        assert [len(call.elements) for call in registration.calls] == [4, 4, 2]


@pytest.mark.requirement("FS-31")
async def test_a_call_carries_a_hundred_messages_at_most(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        sent = await send(platform, 130)
        registration = await receive(platform, max_message_count=1000)
        assert await registration.received(130) == references(sent)
        assert [len(call.elements) for call in registration.calls] == [100, 30]


@pytest.mark.requirement("FS-31")
@pytest.mark.parametrize("profile", ["live", "spec"])
async def test_a_call_is_no_larger_than_the_recipient_wants_whatever_encryption_adds(
    serve: Serve, receive: Receive, profile: str
) -> None:
    async with serve(profile=profile) as platform:
        sent = await send(platform, 12, "if-021", "1400000001")
        receiver = await receive(platform, "1800000001", "IF-021", max_payload_size=20)
        assert await receiver.received(12) == references(sent)
        assert 1 < len(receiver.calls) < 12
        assert max(len(call.body) for call in receiver.calls) <= 20_000


async def test_a_message_larger_than_the_recipient_wants_goes_alone(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        sent = await send(platform, 3, "if-021", "1400000001")
        receiver = await receive(platform, "1800000001", "IF-021", max_payload_size=1)
        assert await receiver.received(3) == references(sent)
        assert len(receiver.calls) == 3


async def test_a_channel_whose_first_message_comes_later_keeps_its_limit_at_a_shared_address(
    serve: Serve, receive: Receive
) -> None:
    async with serve() as platform:
        registration = await receive(platform, REGISTRATION, "IF-031")
        client = await platform.client(REGISTRATION)
        await client.configure_webhook("IF-909", registration.url(), max_message_count=1)
        await send(platform)
        await registration.received(1)
        sent = await send(platform, 3, "if-909", METERING)
        assert (await registration.received(4))[1:] == references(sent)
        assert len(registration.calls) == 4


async def _state(platform: Platform, message: Accepted, state: str) -> bool:
    return await state_of(platform, message.transaction_id) == state


async def _last(platform: Platform, message: Accepted, status: str) -> bool:
    return (await journal_of(platform, message.transaction_id))[-1:] == [status]
