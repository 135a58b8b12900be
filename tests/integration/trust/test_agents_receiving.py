"""An agent receives for participants: webhooks, pull, stream, replay, status messages; encrypted to it or to them."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from dip.client import CallRefused, Fetched, ParticipantClient
from dip.client.responses import entry_for, labelled
from dip.messages.standard_response import Entry
from tests.conftest import Serve
from tests.integration.delivery.conftest import journal_of, send, state_of
from tests.integration.delivery.receiver import Incoming, entries
from tests.integration.trust.agency import AGENT, REGISTRATION, SUPPLIER, codes, give_role, office, request_of
from tests.support.platform import Platform
from tests.support.waiting import settled, until

OTHER_REGISTRATION = "2200000002"


async def refused(call: Any) -> str:
    """The explanation of a call that is refused with 403."""
    with pytest.raises(CallRefused) as caught:
        await call
    assert caught.value.status == 403, caught.value
    return str(caught.value)


def fault_about(platform: Platform, transaction: str, sender: str = REGISTRATION) -> Entry:
    """A status message about a transaction."""
    made = entry_for(
        {"transactionID": transaction, "senderUniqueReference": None, "correlationID": None},
        responder=platform.credentials(sender).dip_id,
        code=labelled("RCP1061"),
        now=platform.dip.clock.now(),
        explanation="we have no such supply",
    )
    made.recipient_id = None
    made.transaction_id = transaction
    return made


def rejecting(incoming: Incoming) -> web.Response:
    """The answer of a webhook that refuses everything."""
    return entries(
        incoming, code=400, refused=dict.fromkeys(incoming.transactions, "RCP1061 - MPAN Invalid or Unknown")
    )


@pytest.mark.requirement("FS-42")
@pytest.mark.parametrize("encrypts", [False, True])
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_messages_come_to_the_agents_webhook_encrypted_as_it_was_assigned(
    serve: Serve, profile: str, *, encrypts: bool
) -> None:
    async with serve(profile=profile) as platform, office(platform) as acting:
        await acting.assign(REGISTRATION, "REGS", encrypts=encrypts)
        opens_for = None if encrypts else REGISTRATION
        webhook = await acting.listener(acting.credentials(opens_for=opens_for))
        await (await acting.client(REGISTRATION)).configure_webhook("IF-031", webhook.url)
        ((_, transaction, _),) = await send(platform)
        received = await webhook.next(5)
        assert (received.transaction_id, received.encrypted) == (transaction, profile == "spec")
        assert received.custom
        await until(lambda: _is(platform, transaction, "delivered"))


@pytest.mark.requirement("FS-42")
async def test_what_waits_is_encrypted_as_it_is_assigned_when_it_is_fetched(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        await send(platform)
        itself, agent = await platform.client(REGISTRATION), await acting.client(REGISTRATION)
        await acting.assign(REGISTRATION, "REGS")
        assert [item.received for item in (await agent.pull("IF-031")).items] == [None]
        await acting.assign(REGISTRATION, "REGS", encrypts=True)
        replayed = [message async for message in agent.replay("IF-031")]
        assert [type(message["payload"]["CustomBlock"]) for message in replayed] == [dict]
        await acting.withdraw(REGISTRATION)
        own = [message async for message in itself.replay("IF-031")]
        assert [type(message["payload"]["CustomBlock"]) for message in own] == [dict]


@pytest.mark.requirement("FS-42")
async def test_an_agent_pulls_and_acknowledges_and_the_journal_says_for_whom(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        await acting.assign(REGISTRATION, "REGS", encrypts=True)
        agent = await acting.client(REGISTRATION)
        ((reference, transaction, _),) = await send(platform)
        pulled = await agent.pull("IF-031")
        assert [str(one.transaction_id) for one in pulled.messages] == [transaction]
        answer = await agent.acknowledge("IF-031", pulled.entries, lease=pulled.lease)
        assert answer.all_accepted
        (entry,) = answer.entries
        assert (entry.recipient_id, entry.connection_provider_id) == (REGISTRATION, AGENT)
        assert await journal_of(platform, transaction) == ["Leased", "Delivered"]
        detail = await acting.desk.ask(f"messages/{transaction}")
        assert [row["agent"] for row in detail["journal"] if row["recipient"] == REGISTRATION] == [AGENT, AGENT]
        assert f"{AGENT} for {REGISTRATION}" in await acting.desk.page(f"/messages/{transaction}")
        record = await agent.call("GET", f"/dip-channel/IF-031/deliveryStatus/{REGISTRATION}/{reference}")
        assert f"{AGENT} for {REGISTRATION}" in record.body.decode()


@pytest.mark.requirement("FS-42")
async def test_an_open_stream_ends_when_the_agent_is_withdrawn_and_hands_nothing_out_any_more(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        await acting.assign(REGISTRATION, "REGS", encrypts=True)
        agent = await acting.client(REGISTRATION)
        came: asyncio.Queue[Fetched] = asyncio.Queue()

        async def read() -> None:
            async for item in agent.stream("IF-031"):
                await came.put(item)

        reading = asyncio.create_task(read())
        await send(platform)
        async with asyncio.timeout(30):
            first = await came.get()
        assert first.received is not None
        assert (await agent.acknowledge("IF-031", [first.entry])).all_accepted
        await acting.withdraw(REGISTRATION)
        ((_, transaction, _),) = await send(platform)
        async with asyncio.timeout(30):
            await reading
        assert came.empty()
        assert await state_of(platform, transaction) == "waiting"
        await refused(anext(agent.stream("IF-031")))


@pytest.mark.requirement("FS-42")
async def test_a_long_poll_brings_nothing_when_the_agent_is_withdrawn_meanwhile(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        await acting.assign(REGISTRATION, "REGS", encrypts=True)
        agent = await acting.client(REGISTRATION)
        pulling = asyncio.create_task(agent.pull("IF-031", wait=1))
        await until(lambda: platform.dip.fetching.arrivals.waiting == 1)
        await acting.withdraw(REGISTRATION)
        ((_, transaction, _),) = await send(platform)
        assert (await pulling).items == ()
        assert await state_of(platform, transaction) == "waiting"


@pytest.mark.requirement("FS-42")
async def test_every_call_for_a_participant_is_refused_without_an_assignment_and_done_with_one(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        ((reference, transaction, _),) = await send(platform)
        agent = await acting.client(REGISTRATION)

        async def replayed() -> list[Any]:
            return [message async for message in agent.replay("IF-031")]

        def calls() -> list[Any]:
            return [
                agent.configure_webhook("IF-031", "https://localhost:9/x"),
                agent.remove_webhook("IF-031"),
                agent.configure_webhook("all", "https://localhost:9/x"),
                agent.remove_webhook("all"),
                agent.configure_webhook("statusmessage", "https://localhost:9/x"),
                agent.remove_webhook("statusmessage"),
                agent.pull("IF-031"),
                agent.pull("statusmessage"),
                agent.requeue("IF-031"),
                agent.requeue_status("IF-031"),
                replayed(),
                _delivery_status(agent, reference),
            ]

        for call in calls():
            assert f"{AGENT} may not" in await refused(call)
        report = await agent.report([fault_about(platform, transaction)])
        assert (report.status, (report.entries[0].message or "")[:7]) == (403, "MSG1009")
        await acting.assign(REGISTRATION, "REGS", encrypts=True)
        for call in calls():
            await call
        assert (await agent.report([fault_about(platform, transaction)])).all_accepted
        await acting.withdraw(REGISTRATION)
        for call in calls():
            assert f"{AGENT} may not" in await refused(call)


@pytest.mark.requirement("FS-42", "FS-29")
async def test_a_status_message_of_an_agent_names_it_and_reaches_the_senders_agent(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        await acting.assign(REGISTRATION, "REGS")
        await acting.assign(SUPPLIER, "SUP")
        webhook = await acting.listener(acting.credentials())
        await (await acting.client(SUPPLIER)).configure_webhook("statusmessage", webhook.status_url)
        ((_, transaction, _),) = await send(platform)
        agent = await acting.client(REGISTRATION)
        said = await agent.report([fault_about(platform, transaction)])
        assert said.all_accepted, said
        assert (said.entries[0].recipient_id, said.entries[0].connection_provider_id) == (REGISTRATION, AGENT)
        item = (await webhook.next(5)).item
        assert (item["senderID"], item["recipientID"]) == (REGISTRATION, SUPPLIER)
        assert item["DIPConnectionProviderID"] == AGENT
        detail = await acting.desk.ask(f"messages/{transaction}")
        reported = [row for row in detail["journal"] if row["stage"] == "StatusMessage" and row["status"] == "GoodToGo"]
        assert [(row["recipient"], row["agent"]) for row in reported] == [(REGISTRATION, AGENT)]


@pytest.mark.requirement("FS-42", "FS-29")
async def test_what_comes_back_to_a_sender_names_the_agent_that_had_sent_the_message(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        await acting.receiver(REGISTRATION, rejecting)
        await acting.assign(SUPPLIER, "SUP")
        agent = await acting.client(SUPPLIER)
        ((_, transaction, _),) = (await agent.send("IF-031", [request_of(SUPPLIER)])).accepted
        item = (await supplier.next(5)).item
        assert (item["transactionID"], item["recipientID"]) == (transaction, SUPPLIER)
        assert (item["message"][:7], item["DIPConnectionProviderID"]) == ("RCP1061", AGENT)
        # Who reports about such a message may repeat its agent, as entries of a webhook's answer do.
        repeated = fault_about(platform, transaction)
        repeated.connection_provider_id = AGENT
        assert (await (await platform.client(REGISTRATION)).report([repeated])).all_accepted
        stranger = fault_about(platform, transaction)
        stranger.connection_provider_id = "1000000002"
        refusal = await (await platform.client(REGISTRATION)).report([stranger])
        assert codes(refusal) == (403, ["MSG1011"])


@pytest.mark.requirement("FS-42")
async def test_a_call_that_was_made_ready_before_is_made_anew_for_the_agents_certificate(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        webhook = await acting.receiver(REGISTRATION, max_message_count=1)
        webhook.open.clear()
        await send(platform, 3)
        first = await webhook.called()
        await settled()
        await acting.assign(REGISTRATION, "REGS", encrypts=True)
        webhook.open.set()
        second = await webhook.called(2)
        itself, agent = platform.credentials(REGISTRATION), acting.credentials()
        assert isinstance(itself.opened(first.elements[0])["payload"]["CustomBlock"], dict)
        assert isinstance(agent.opened(second.elements[0])["payload"]["CustomBlock"], dict)


@pytest.mark.requirement("FS-42")
async def test_one_address_of_an_agent_serves_several_participants(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        webhook = await acting.listener(acting.credentials())
        for principal, role in ((REGISTRATION, "REGS"), (SUPPLIER, "SUP"), (OTHER_REGISTRATION, "REGS")):
            await acting.assign(principal, role, encrypts=True)
            await (await acting.client(principal)).configure_webhook("all", webhook.url)
        endpoints = [one for one in platform.dip.dispatcher.endpoints() if one.url == webhook.url]
        assert {one.recipient for one in endpoints} == {REGISTRATION, SUPPLIER, OTHER_REGISTRATION}
        ((_, transaction, _),) = await send(platform)
        assert (await webhook.next(5)).transaction_id == transaction


@pytest.mark.requirement("FS-42")
async def test_what_reaches_a_participant_in_several_roles_takes_all_of_them(serve: Serve) -> None:
    async with serve() as platform:
        await give_role(platform, REGISTRATION, "SUP")
    async with serve() as platform, office(platform) as acting:
        agent = await acting.client(REGISTRATION)
        await acting.assign(REGISTRATION, "SUP")
        assert "takes an assignment of REGS" in await refused(agent.pull("IF-031"))
        assert "it has SUP" in await refused(agent.configure_webhook("all", "https://localhost:9/x"))
        await acting.assign(REGISTRATION, "REGS")
        await agent.pull("IF-031")
        await agent.configure_webhook("all", "https://localhost:9/x")


@pytest.mark.requirement("FS-42")
async def test_a_webhook_that_an_agent_set_stays_the_participants(serve: Serve) -> None:
    async with serve() as platform, office(platform) as acting:
        webhook = await acting.receiver(REGISTRATION)
        await acting.assign(REGISTRATION, "REGS")
        agent = await acting.client(REGISTRATION)
        await agent.configure_webhook("IF-031", webhook.url("other"))
        await acting.withdraw(REGISTRATION)
        await send(platform)
        assert (await webhook.called()).path == "/other"


async def _delivery_status(agent: ParticipantClient, reference: str) -> None:
    answer = await agent.call("GET", f"/dip-channel/IF-031/deliveryStatus/{REGISTRATION}/{reference}")
    answer.require(200)


async def _is(platform: Platform, transaction: str, state: str) -> bool:
    return await state_of(platform, transaction) == state
