"""Requeue: what a recipient was sent is queued for it once more, in the background (5.5.11, live API 2.2.1)."""

import asyncio
from collections import Counter
from functools import partial
from typing import Any

import msgspec
import pytest
from aiohttp import web

from dip.client import CallRefused
from dip.ground.clock import Clock, microseconds
from dip.messages.identifiers import DipId
from dip.store.evidence import own_step
from dip.store.records import Exchange
from dip.store.requeue import NewRequeue
from tests.conftest import Serve
from tests.integration.delivery.conftest import Receive, journal_of
from tests.integration.delivery.receiver import Incoming, in_turn, status, taken
from tests.integration.replay.asking import (
    CHANNEL,
    REGISTRATION,
    ask,
    help_of,
    progress,
    references,
    send,
)
from tests.support.platform import Platform, changed
from tests.support.queues import lanes_waiting
from tests.support.waiting import until


async def rows(platform: Platform, text: str) -> list[Any]:
    """What the store says."""
    return await platform.dip.store.writer.ask(lambda connection: connection.execute(text).fetchall())


async def finished(platform: Platform, requeue: str, channel: str = CHANNEL) -> dict[str, Any]:
    """How a requeue stands at its end."""
    client = await platform.client(REGISTRATION)
    found: dict[str, Any] = await until(lambda: progress(client, requeue, channel), 20)
    return found


@pytest.mark.requirement("FS-32")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_delivered_messages_go_to_the_webhook_again_under_their_own_ids(
    serve: Serve, receive: Receive, profile: str
) -> None:
    async with serve(profile=profile) as platform:
        registration = await receive(platform)
        sent = await send(platform, 3)
        await registration.received(3)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        before = [one for call in registration.calls for one in call.elements]
        answer = await ask(platform, verb="requeue")
        assert answer.status == 202
        requeue = msgspec.json.decode(answer.body, type=str)
        await registration.received(6)
        again = [one for call in registration.calls for one in call.elements][3:]
        opened = registration.credentials.opened
        assert [opened(one) for one in again] == [
            opened(changed(one, "CommonBlock.D0.replayIndicator", True)) for one in before
        ]
        assert await finished(platform, requeue) == {
            "requeueId": requeue,
            "percentComplete": 100,
            "totalTransactions": 3,
            "processedTransactions": 3,
            "status": "Completed",
        }
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        assert await journal_of(platform, sent[0].transaction_id) == ["Delivered", "QueuedAgain", "Delivered"]
        assert await rows(platform, "SELECT count(*), sum(replay), count(DISTINCT sequence) FROM delivery") == [
            (6, 3, 6)
        ]
        assert len(references(await ask(platform))) == 3, "a replay counts each message once"


@pytest.mark.requirement("FS-32", "FS-28")
async def test_a_dead_letter_waits_again_under_its_own_number_and_in_its_old_place(
    serve: Serve, receive: Receive
) -> None:
    async with serve() as platform:
        registration = await receive(platform, answering=in_turn(status(404), taken))
        (dead,) = await send(platform)
        await registration.called()
        await until(lambda: _state(platform, "dead", 1))
        (later,) = await send(platform)
        await registration.received(2)
        await until(lambda: _state(platform, "delivered", 1))
        client = await platform.client(REGISTRATION)
        requeue = await client.requeue(CHANNEL, transactionIDs=[dead.transaction_id])
        assert (await registration.received(3))[-1] == dead.reference
        wrapper = registration.calls[-1].elements[0]["payload"]["CommonBlock"]["D0"]
        assert wrapper["transactionID"] == dead.transaction_id and wrapper["replayIndicator"] is True
        assert (await finished(platform, requeue))["processedTransactions"] == 1
        await until(lambda: _state(platform, "delivered", 2))
        assert await rows(platform, "SELECT sequence FROM delivery WHERE status_message IS NULL ORDER BY id") == [
            (1,),
            (2,),
        ]
        assert "Requeued" in await journal_of(platform, dead.transaction_id)
        assert later.transaction_id != dead.transaction_id


async def _state(platform: Platform, state: str, count: int) -> bool:
    found = await rows(platform, "SELECT state, count(*) FROM delivery WHERE status_message IS NULL GROUP BY state")
    return bool(dict(found).get(state, 0) == count)


@pytest.mark.requirement("FS-32")
async def test_what_waits_already_is_not_queued_twice(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        sent = await send(platform, 2)
        client = await platform.client(REGISTRATION)
        found = await finished(platform, await client.requeue(CHANNEL))
        assert (found["totalTransactions"], found["processedTransactions"]) == (2, 2)
        registration = await receive(platform)
        assert await registration.received(2) == [one.reference for one in sent]
        await until(lambda: _state(platform, "delivered", 2))
        await client.remove_webhook(CHANNEL)
        for _ in range(2):
            await finished(platform, await client.requeue(CHANNEL))
        assert await _state(platform, "waiting", 2), "the second requeue found the repetitions of the first waiting"


@pytest.mark.requirement("FS-32")
async def test_a_rejected_message_is_sent_once_more(serve: Serve, receive: Receive) -> None:
    def refuse(incoming: Incoming) -> web.Response:
        refused = [{"transactionID": one, "message": "RCP1061 - No"} for one in incoming.transactions]
        return web.json_response({"messageArray": refused, "timestamp": ""}, status=400)

    async with serve() as platform:
        registration = await receive(platform, answering=in_turn(refuse, taken))
        (sent,) = await send(platform)
        await until(lambda: _state(platform, "rejected", 1))
        client = await platform.client(REGISTRATION)
        await client.requeue(CHANNEL, transactionIDs=[sent.transaction_id])
        assert await registration.received(2) == [sent.reference] * 2
        await until(lambda: _state(platform, "delivered", 1))
        assert await _state(platform, "rejected", 1)


@pytest.mark.requirement("FS-32")
async def test_only_what_is_chosen_is_queued_again(serve: Serve, receive: Receive) -> None:
    async with serve(requeue_step=1) as platform:
        registration = await receive(platform)
        sent = await send(platform, 4)
        await until(lambda: _state(platform, "delivered", 4))
        client = await platform.client(REGISTRATION)
        bounds = {"transactionIDFrom": sent[1].transaction_id, "transactionIDTo": sent[2].transaction_id}
        await finished(platform, await client.requeue(CHANNEL, **bounds))
        assert (await registration.received(6))[4:] == [sent[1].reference, sent[2].reference]
        found = await finished(platform, await client.requeue(CHANNEL, version="999"))
        assert (found["totalTransactions"], found["processedTransactions"]) == (4, 4)
        await finished(platform, await client.requeue(CHANNEL, version="011", transactionIDs=[sent[0].transaction_id]))
        assert (await registration.received(7))[6:] == [sent[0].reference]


@pytest.mark.requirement("FS-32")
async def test_one_requeue_at_a_time_for_a_recipient_and_channel(serve: Serve) -> None:
    async with serve() as platform:
        client, others = await platform.client(REGISTRATION), await platform.client("2200000002")
        await platform.dip.store.requeues.begin(_never_carried_on(), _exchange())
        again = await ask(platform, verb="requeue")
        assert again.status == 429 and int(again.headers["Retry-After"]) > 0
        assert "still running" in help_of(again)
        (stands,) = await client.requeue_status(CHANNEL)
        assert (stands.requeue_id, stands.status, stands.percent_complete) == ("a-requeue", "Processing", 0)
        await others.requeue(CHANNEL)
        await client.requeue("IF-909")
    async with serve() as platform:
        assert (await finished(platform, "a-requeue"))["percentComplete"] == 100
        client = await platform.client(REGISTRATION)
        second = await client.requeue(CHANNEL)
        await finished(platform, second)
        assert [one.requeue_id for one in await client.requeue_status(CHANNEL)] == [second, "a-requeue"]


def _never_carried_on() -> NewRequeue:
    """A requeue that nobody in this process knows of."""
    recipient = DipId(REGISTRATION)
    return NewRequeue(name="a-requeue", recipient=recipient, channel=CHANNEL, at=_now(), request=b"", after=0, upto=0)


def _now() -> int:
    return microseconds(Clock().now())


def _exchange() -> Exchange:
    return own_step(_now(), DipId(REGISTRATION), None)


@pytest.mark.requirement("FS-32", "FS-49")
async def test_nobody_hears_of_others_requeues(serve: Serve) -> None:
    async with serve() as platform:
        await send(platform)
        client, other = await platform.client(REGISTRATION), await platform.client("2200000002")
        requeue = await client.requeue(CHANNEL)
        assert await other.requeue_status(CHANNEL, requeue) == []
        assert await client.requeue_status(CHANNEL, "unknown") == []
        assert await client.requeue_status("IF-909") == []
        refused = await other.call("GET", f"/dip-channel/{CHANNEL}/requeueStatus/{REGISTRATION}")
        assert refused.status == 403
        assert (await ask(platform, verb="requeue", dip_id="2200000002", of=REGISTRATION)).status == 403
        with pytest.raises(CallRefused, match="transactionIDs/0"):
            await other.requeue(CHANNEL, transactionIDs=["T-IF-031-2300000001-SUP-20260321-0"])


async def test_a_requeue_of_nothing_is_complete_at_once(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        found = await finished(platform, await client.requeue(CHANNEL))
        assert (found["totalTransactions"], found["percentComplete"]) == (0, 100)


@pytest.mark.requirement("FS-32", "FS-14")
async def test_a_requeue_goes_on_after_a_restart_without_doubles_or_gaps(serve: Serve, receive: Receive) -> None:
    count = 300
    async with serve(profile="live", requeue_step=1) as platform:
        await receive(platform)
        sent = await send(platform, count)
        await until(lambda: _state(platform, "delivered", count))
        client = await platform.client(REGISTRATION)
        await client.remove_webhook(CHANNEL)
        requeue = await client.requeue(CHANNEL)
        await until(lambda: rows(platform, "SELECT 1 FROM requeue WHERE processed > 0"))
        assert [one.name for one in platform.dip.store.requeues.running()] == [requeue]
    async with serve(profile="live", requeue_step=1) as platform:
        found = await finished(platform, requeue)
        assert (found["totalTransactions"], found["processedTransactions"]) == (count, count)
        registration = await receive(platform)
        assert await registration.received(count) == [one.reference for one in sent]
        await until(lambda: _state(platform, "delivered", 2 * count))
        assert set(Counter(registration.references).values()) == {1}
        assert await rows(platform, "SELECT count(*), max(sequence) FROM delivery") == [(2 * count, 2 * count)]


async def test_a_requeue_that_can_not_go_on_says_so_and_another_may_begin(serve: Serve) -> None:
    async with serve() as platform:
        await send(platform)
        await platform.dip.store.requeues.begin(_never_carried_on(), _exchange())
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        found = await until(lambda: progress(client, "a-requeue", ends="Failed"))
        assert found["processedTransactions"] == 0
        await finished(platform, await client.requeue(CHANNEL))


async def test_several_requeues_at_once_wait_their_turn(serve: Serve) -> None:
    async with serve(requeues_at_once=1) as platform:
        clients = [await platform.client(one) for one in (REGISTRATION, "2200000002", "2500000001")]
        names = await asyncio.gather(*(one.requeue("statusmessage", **_ever()) for one in clients))
        for client, name in zip(clients, names, strict=True):
            assert await until(partial(progress, client, name, "statusmessage"))


def _ever() -> dict[str, str]:
    return {"datetimeFrom": "2020-01-01T00:00:00+00:00", "datetimeTo": "2090-01-01T00:00:00+00:00"}
