"""Status messages are replayed and queued again like messages, apart from them (5.5.9, 5.5.11)."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web

from dip.ground.clock import Clock
from dip.messages.timestamps import wire_time
from tests.conftest import Serve
from tests.integration.delivery.conftest import SUPPLIER, Receive, send
from tests.integration.delivery.receiver import Incoming, Receiver
from tests.integration.replay.asking import MINUTE, PLENTY, TOKEN, ask, elements, progress
from tests.support.platform import Platform
from tests.support.queues import lanes_waiting
from tests.support.waiting import until

STATUS = "statusmessage"


def refused(incoming: Incoming) -> web.Response:
    """Every message is rejected."""
    entries = [{"transactionID": one, "message": "RCP1061 - MPAN Invalid or Unknown"} for one in incoming.transactions]
    return web.json_response({"messageArray": entries, "timestamp": ""}, status=400)


async def rejected(platform: Platform, receive: Receive, clock: Clock, count: int) -> tuple[Receiver, list[Any]]:
    """So many messages rejected, a minute apart: who was told, and what it was told."""
    await receive(platform, answering=refused)
    supplier = await receive(platform, SUPPLIER, STATUS)
    for number in range(1, count + 1):
        clock.advance(MINUTE)
        await send(platform)
        await supplier.called(number)
    return supplier, [entry for call in supplier.calls for entry in call.elements]


@pytest.mark.requirement("FS-29", "FS-32")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_status_messages_are_read_again_as_they_were(serve: Serve, receive: Receive, profile: str) -> None:
    clock = Clock()
    async with serve(profile=profile, clock=clock) as platform:
        _, told = await rejected(platform, receive, clock, 3)
        answer = await ask(platform, channel=STATUS, dip_id=SUPPLIER)
        assert (answer.status, elements(answer)) == (200, told)
        for condition, expected in (
            ({"transactionID": told[1]["transactionID"]}, told[1:2]),
            ({"transactionID": f"R-{told[1]['transactionID']}"}, told[1:2]),
            ({"transactionID": "T-IF-031-2300000001-SUP-20260321-0"}, []),
            ({"senderUniqueReference": told[2]["senderUniqueReference"]}, told[2:]),
            ({"correlationID": told[0]["correlationID"]}, told[:1]),
            ({"transactionID": None, "senderUniqueReference": None, "correlationID": None}, told),
            ({"datetimeFrom": told[1]["sentTimestamp"]}, told[1:]),
            ({"datetimeTo": told[1]["sentTimestamp"]}, told[:2]),
            ({"datetimeFrom": wire_time(clock.now() + timedelta(days=1))}, []),
        ):
            answer = await ask(platform, PLENTY | condition, channel=STATUS, dip_id=SUPPLIER)
            assert (answer.status, elements(answer)) == (200, expected), condition


@pytest.mark.requirement("FS-29", "FS-32")
async def test_status_messages_are_paged(serve: Serve, receive: Receive) -> None:
    clock = Clock()
    async with serve(clock=clock, replay_message_count=2) as platform:
        _, told = await rejected(platform, receive, clock, 3)
        first = await ask(platform, channel=STATUS, dip_id=SUPPLIER)
        assert (first.status, elements(first)) == (206, told[:2])
        second = await ask(platform, channel=STATUS, dip_id=SUPPLIER, token=first.headers[TOKEN])
        assert (second.status, elements(second)) == (200, told[2:])
        client = await platform.client(SUPPLIER)
        assert [one async for one in client.replay(STATUS, **PLENTY)] == told


@pytest.mark.requirement("FS-29", "FS-32")
async def test_status_messages_are_sent_again_to_their_own_webhook(serve: Serve, receive: Receive) -> None:
    clock = Clock()
    async with serve(clock=clock) as platform:
        supplier, told = await rejected(platform, receive, clock, 2)
        await until(lambda: not lanes_waiting(platform.dip.store.messages))
        client = await platform.client(SUPPLIER)
        requeue = await client.requeue(STATUS, **PLENTY)
        await until(lambda: [one for call in supplier.calls[2:] for one in call.elements] == told)
        found = await until(lambda: progress(client, requeue, STATUS))
        assert (found["totalTransactions"], found["percentComplete"]) == (2, 100)
        assert await client.requeue_status("IF-031") == []
        detail = await platform.dip.store.pages.message(told[0]["transactionID"])
        assert detail is not None
        assert ("StatusMessage", "QueuedAgain") in [(row.stage, row.status) for row in detail.journal]


@pytest.mark.requirement("FS-29", "FS-49")
async def test_nobody_reads_what_others_were_told(serve: Serve, receive: Receive) -> None:
    clock = Clock()
    async with serve(clock=clock) as platform:
        _, told = await rejected(platform, receive, clock, 1)
        other = "2300000002"
        assert elements(await ask(platform, channel=STATUS, dip_id=other)) == []
        named = PLENTY | {"transactionID": told[0]["transactionID"]}
        assert elements(await ask(platform, named, channel=STATUS, dip_id=other)) == []
        for verb in ("replay", "requeue"):
            assert (await ask(platform, verb=verb, channel=STATUS, dip_id=other, of=SUPPLIER)).status == 403
        assert msgspec.json.decode((await ask(platform, channel="IF-031", dip_id=SUPPLIER)).body) == []
