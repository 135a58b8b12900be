"""Webhooks that move, go and come while messages wait, and restarts: nothing is lost (5.4, 5.5.10)."""

import pytest
from aiohttp import web

from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, Receive, endpoint_of, send, state_of
from tests.integration.delivery.receiver import Incoming, in_turn, status, taken
from tests.support.waiting import until

QUICK = {"retry_first_s": 0.05, "retry_jitter": 0.0}


@pytest.mark.requirement("FS-16", "FS-31")
async def test_messages_without_a_webhook_wait_for_one(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        sent = [one.reference for one in await send(platform, 3)]
        registration = await receive(platform)
        assert await registration.received(3) == sent
        assert len(registration.calls) == 1


@pytest.mark.requirement("FS-16", "FS-31")
async def test_what_waits_goes_to_the_later_address_and_nothing_more_to_the_earlier(
    serve: Serve, receive: Receive
) -> None:
    async with serve(profile="live", retry_first_s=30) as platform:
        old = await receive(platform, answering=status(503))
        sent = [one.reference for one in await send(platform, 3)]
        await old.called()
        await until(lambda: endpoint_of(platform).failures)
        new = await receive(platform)
        assert await new.received(3) == sent
        sent += [one.reference for one in await send(platform, 2)]
        assert await new.received(5) == sent
        assert len(old.calls) == 1


@pytest.mark.requirement("FS-14", "FS-31")
async def test_messages_that_come_while_the_webhook_moves_again_and_again_arrive_once_and_in_order(
    serve: Serve, receive: Receive
) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        client = await platform.client(REGISTRATION)
        sent: list[str] = []
        for number in range(8):
            sent += [one.reference for one in await send(platform, 2)]
            await client.configure_webhook("IF-031", registration.url(f"moved-{number}"))
        assert await registration.received(16, 10) == sent


@pytest.mark.requirement("FS-16")
async def test_withdrawing_a_webhook_keeps_what_waits(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", **QUICK) as platform:
        old = await receive(platform, answering=status(503))
        (first,) = await send(platform)
        await old.called()
        client = await platform.client(REGISTRATION)
        await client.remove_webhook("IF-031")
        await until(lambda: not platform.dip.dispatcher.endpoints())
        calls = len(old.calls)
        (second,) = await send(platform)
        assert await state_of(platform, first.transaction_id) == "waiting"
        assert await state_of(platform, second.transaction_id) == "waiting"
        assert len(old.calls) == calls
        new = await receive(platform)
        assert await new.received(2) == [first.reference, second.reference]


@pytest.mark.requirement("FS-01", "FS-16", "FS-59")
async def test_what_waits_is_delivered_after_a_restart(serve: Serve, receive: Receive) -> None:
    async with serve("same", profile="live", **QUICK) as platform:
        registration = await receive(platform, answering=status(503))
        sent = [one.reference for one in await send(platform, 3)]
        await registration.called()
    registration.answering = taken
    before = len(registration.references)
    async with serve("same", profile="live", **QUICK) as platform:
        assert (await registration.received(before + 3))[before:] == sent
        sent.append((await send(platform))[0].reference)
        assert (await registration.received(before + 4))[before:] == sent


@pytest.mark.requirement("FS-14", "FS-59")
async def test_a_stopping_server_finishes_the_call_in_flight_so_that_nothing_is_sent_twice(
    serve: Serve, receive: Receive
) -> None:
    async with serve("same", profile="live") as platform:
        registration = await receive(platform)
        registration.open.clear()
        ((reference, transaction, _),) = await send(platform)
        await registration.called()
        registration.open.set()
    async with serve("same", profile="live") as platform:
        assert await state_of(platform, transaction) == "delivered"
        later = (await send(platform))[0].reference
        assert await registration.received(2) == [reference, later]


@pytest.mark.requirement("FS-01")
async def test_a_message_that_was_set_aside_is_remembered_over_a_restart(serve: Serve, receive: Receive) -> None:
    def about_another(incoming: Incoming) -> web.Response:
        return web.json_response({"messageArray": [{"transactionID": "another"}], "timestamp": ""})

    async with serve("same", profile="live", **QUICK) as platform:
        registration = await receive(platform, answering=in_turn(about_another, status(503)))
        ((reference, transaction, _),) = await send(platform)
        await registration.called(2)
    before = len(registration.references)
    registration.answering = taken
    async with serve("same", profile="live", **QUICK) as platform:
        assert (await registration.received(before + 1))[before:] == [reference]

        async def delivered() -> bool:
            return await state_of(platform, transaction) == "delivered"

        await until(delivered)
