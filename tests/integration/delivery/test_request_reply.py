"""Request and reply over the same queues: the sender's call waits for the correlated answer (5.4)."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from dip.client import ParticipantClient, Received
from tests.conftest import Serve
from tests.support.platform import ENCRYPTED, changed, sample
from tests.support.queues import lanes_waiting
from tests.support.waiting import until

_SUP, _REGS = "2300000001", "2200000001"


def answer_to(request: Received) -> dict[str, object]:
    """The registration service's IF-032 to an IF-031."""
    message = changed(sample("if-031"), "CommonBlock.S0.interfaceID", "IF-032")
    message = changed(message, "CommonBlock.S0.eventCode", "[DSAppInitialResp]")
    reference = message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"]
    for path, value in {
        "senderUniqueReference": reference.replace("IF-031-2300000001-SUP", "IF-032-2200000001-REGS"),
        "senderDIPID": _REGS,
        "senderRoleID": "REGS",
        "senderCorrelationID": request.correlation_id,
    }.items():
        message = changed(message, f"CommonBlock.S1.{path}", value)
    recipients = {"primaryRecipients": [_SUP], "secondaryRecipients": [], "always": []}
    message = changed(message, "CommonBlock.A0", recipients)
    return changed(message, "CommonBlock.R0", {"responseCode": "A", "responseMessages": []})


@pytest.mark.requirement("FS-12", "FS-25")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_a_call_that_waits_is_answered_with_the_correlated_reply(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        registration = await platform.listener(_REGS, "IF-031")
        supplier_queue = await platform.listener(_SUP, "IF-032")
        supplier, registrar = await platform.client(_SUP), await platform.client(_REGS)
        asked = asyncio.create_task(supplier.send("IF-031", [sample("if-031")], wait=20))
        request = await registration.next(5)
        assert (await registrar.send("IF-032", [answer_to(request)])).all_accepted
        result = await asked
        assert result.status == 200
        assert result.reply is not None
        (reply,) = result.reply
        common = reply["payload"]["CommonBlock"]
        assert common["D0"]["initialCorrelationID"] == request.correlation_id
        assert reply["payload"]["CustomBlock"]["B071"]["proposedDataServiceDIPID"] == "1400000001"
        queued = await supplier_queue.next(5)
        assert queued.transaction_id == common["D0"]["transactionID"]


@pytest.mark.requirement("FS-12")
async def test_a_reply_that_does_not_come_in_time_leaves_the_usual_answer(serve: Serve) -> None:
    async with serve() as platform:
        supplier = await platform.client(_SUP)
        result = await supplier.send("IF-031", [sample("if-031")], wait=1)
        assert result.status == 202
        assert result.all_accepted


@pytest.mark.requirement("FS-12")
@pytest.mark.parametrize("wait", ["61", "-1", "soon", "1.5", "%201"])
async def test_a_wait_that_is_none_is_refused(serve: Serve, wait: str) -> None:
    async with serve() as platform:
        supplier = await platform.client(_SUP)
        answer = await supplier.call("POST", f"/dip-channel/IF-031?wait={wait}", b"[]")
        assert answer.status == 400


async def test_a_server_that_stops_lets_nobody_wait(serve: Serve) -> None:
    async with AsyncExitStack() as stack:
        async with serve() as platform:
            client = ParticipantClient(platform.credentials(_SUP), platform.dip.api_url, encrypted=ENCRYPTED)
            supplier = await stack.enter_async_context(client)
            asked = asyncio.create_task(supplier.send("IF-031", [sample("if-031")], wait=60))
            await until(lambda: lanes_waiting(platform.dip.store.messages))
        assert (await asked).status == 202
