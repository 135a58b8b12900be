"""Pull: a recipient without a webhook fetches its messages, in order, leased (contract, Pull and stream)."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from dip.client import Accepted, ParticipantClient, Pulled
from dip.messages.identifiers import InterfaceId
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, journal_of, send
from tests.support.platform import ENCRYPTED, Platform
from tests.support.waiting import until

IF_031 = InterfaceId("IF-031")
PULL = f"/dip-channel/IF-031/messages/{REGISTRATION}"


def transactions(pulled: Pulled) -> list[str]:
    return [str(message.transaction_id) for message in pulled.messages]


def ids(sent: list[Accepted]) -> list[str]:
    return [str(one.transaction_id) for one in sent]


async def states(platform: Platform) -> Counter[str]:
    """How many deliveries are in each state, as the database says."""

    def read(connection: sqlite3.Connection) -> list[tuple[str, int]]:
        return connection.execute("SELECT state, count(*) FROM delivery GROUP BY state").fetchall()

    return Counter(dict(await platform.dip.store.writer.ask(read)))


@pytest.mark.requirement("FS-12", "FS-14", "FS-31")
async def test_messages_are_pulled_in_order_of_receipt_and_acknowledged(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        sent = ids(await send(platform, 5))
        first = await client.pull("IF-031", most=3)
        second = await client.pull("if-031")
        assert transactions(first) + transactions(second) == sent
        assert (first.sequence, second.sequence) == ("IF-031=1-3", "IF-031=4-5")
        assert all(message.encrypted and message.environment == "DEV" for message in first.messages)
        assert (await client.pull("IF-031")).items == ()
        assert await states(platform) == {"leased": 5}
        result = await client.acknowledge("IF-031", first.entries, lease=first.lease)
        assert (result.status, result.all_accepted, len(result.entries)) == (200, True, 3)
        assert await states(platform) == {"leased": 2, "delivered": 3}
        assert (await client.acknowledge("IF-031", second.entries)).all_accepted
        assert await journal_of(platform, sent[0]) == ["Leased", "Delivered"]


@pytest.mark.requirement("FS-12")
async def test_the_live_profile_names_neither_environment_nor_sequence_and_signs_all_the_same(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        client = await platform.client(REGISTRATION)
        await send(platform)
        pulled = await client.pull("IF-031")
        (message,) = pulled.messages
        assert (message.encrypted, message.environment, pulled.sequence) == (False, None, None)


@pytest.mark.requirement("FS-12")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dip-channel/IF-031/messages/2200000001?max=0", 400),
        ("/dip-channel/IF-031/messages/2200000001?max=1001", 400),
        ("/dip-channel/IF-031/messages/2200000001?wait=61", 400),
        ("/dip-channel/IF-031/messages/2200000001?wait=soon", 400),
        ("/dip-channel/IF-031/messages/2300000001", 403),
        ("/dip-channel/IF-032/messages/2200000001", 403),
        ("/dip-channel/IF-999/messages/2200000001", 404),
        ("/dip-channel/all/messages/2200000001", 404),
        ("/Dip-Channel/if-031/Messages/2200000001?max=1000&wait=0", 204),
        ("/statusmessage/messages/2200000001", 204),
        ("/StatusMessage/Stream/2300000001", 403),
        ("/dip-channel/IF-031/stream/2300000001", 403),
    ],
)
async def test_who_may_pull_what(serve: Serve, path: str, status: int) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        assert (await client.call("GET", path)).status == status
        assert (await client.call("HEAD", path)).status in {404, 405}


@pytest.mark.requirement("FS-12")
async def test_a_call_that_waits_is_woken_by_the_first_message_there_ever_was(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        waiting = asyncio.create_task(client.pull("IF-031", wait=20))
        status = asyncio.create_task(client.pull("statusmessage", wait=1))
        await until(lambda: platform.dip.fetching.arrivals.waiting == 2)
        sent = ids(await send(platform))
        assert transactions(await waiting) == sent
        assert (await status).items == ()


@pytest.mark.requirement("FS-12")
async def test_what_is_not_acknowledged_in_time_waits_again_at_its_place(serve: Serve) -> None:
    async with serve(lease_s=0.2) as platform:
        client = await platform.client(REGISTRATION)
        sent = ids(await send(platform, 4))
        first = await client.pull("IF-031", most=3)
        await client.acknowledge("IF-031", first.entries[1:2])
        again = await client.pull("IF-031", most=1)
        assert transactions(again) == sent[3:]
        await until(lambda: _has(platform, {"waiting": 3, "delivered": 1}))
        later = await client.pull("IF-031", wait=5)
        assert transactions(later) == [sent[0], sent[2], sent[3]]
        assert await journal_of(platform, sent[0]) == ["Leased", "UnknownDeliveryStatus", "Leased"]
        detail = await platform.dip.store.pages.message(sent[0])
        assert detail is not None
        assert "not acknowledged within 0.2 s" in [row.detail for row in detail.journal]


@pytest.mark.requirement("FS-12", "FS-34")
async def test_a_restart_loses_nothing_and_keeps_the_order(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        sent = ids(await send(platform, 4))
        first = await client.pull("IF-031", most=2)
        assert transactions(first) == sent[:2]
    async with serve(lease_s=0.5) as platform:
        client = await platform.client(REGISTRATION)
        assert transactions(await client.pull("IF-031", most=1)) == sent[2:3]
        # What the earlier run handed out has a lease again, and its acknowledgement counts.
        assert (await client.acknowledge("IF-031", first.entries[1:], lease=first.lease)).all_accepted
        await until(lambda: _has(platform, {"waiting": 3, "delivered": 1}))
        assert transactions(await client.pull("IF-031")) == [sent[0], *sent[2:]]


@pytest.mark.requirement("FS-12")
async def test_a_webhook_and_pull_exclude_each_other_and_lose_nothing(serve: Serve) -> None:
    async with serve(lease_s=0.3) as platform:
        client = await platform.client(REGISTRATION)
        sent = ids(await send(platform, 2))
        assert transactions(await client.pull("IF-031", most=1)) == sent[:1]
        waiting = asyncio.create_task(client.call("GET", f"{PULL.replace('031', '909')}?wait=30", patience_s=30))
        status = await client.pull("statusmessage")
        assert status.items == ()
        listener = await platform.listener(REGISTRATION)
        assert (await waiting).status == 409
        assert (await client.call("GET", PULL)).status == 409
        assert (await client.call("GET", PULL.replace("messages", "stream"))).status == 409
        # The webhook for all business channels leaves the status messages alone.
        assert (await client.pull("statusmessage")).items == ()
        got = [await listener.next(5), await listener.next(5)]
        assert [str(one.transaction_id) for one in got] == [sent[1], sent[0]]
        await client.remove_webhook("all")
        more = ids(await send(platform))
        assert transactions(await client.pull("IF-031", wait=5)) == more


@pytest.mark.requirement("FS-12")
async def test_a_channel_in_maintenance_hands_nothing_out(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        sent = ids(await send(platform))
        pauses = platform.dip.pauses
        await pauses.begin(IF_031, starts=None, ends=None, author="test", reason="works")
        assert (await client.pull("IF-031")).items == ()
        waiting = asyncio.create_task(client.pull("IF-031", wait=20))
        await until(lambda: platform.dip.fetching.arrivals.waiting == 1)
        await pauses.end(IF_031)
        assert transactions(await waiting) == sent


@pytest.mark.requirement("FS-12")
async def test_an_answer_has_at_most_so_many_bytes_and_at_least_one_message(serve: Serve) -> None:
    async with serve(pull_payload_kb=1) as platform:
        client = await platform.client(REGISTRATION)
        sent = ids(await send(platform, 3))
        assert transactions(await client.pull("IF-031")) == sent[:1]


@pytest.mark.requirement("FS-12")
async def test_only_so_many_messages_are_handed_out_unacknowledged(serve: Serve) -> None:
    async with serve(most_leased=2) as platform:
        client = await platform.client(REGISTRATION)
        sent = ids(await send(platform, 3))
        first = await client.pull("IF-031")
        assert transactions(first) == sent[:2]
        assert (await client.pull("IF-031")).items == ()
        await client.acknowledge("IF-031", first.entries[:1])
        assert transactions(await client.pull("IF-031")) == sent[2:]


@pytest.mark.requirement("FS-12")
async def test_a_caller_that_went_away_while_it_waited_is_handed_nothing(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        async with ParticipantClient(platform.credentials(REGISTRATION), platform.dip.api_url) as leaving:
            gone = asyncio.create_task(leaving.pull("IF-031", wait=20))
            await until(lambda: platform.dip.fetching.arrivals.waiting == 1)
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        sent = ids(await send(platform))
        assert transactions(await client.pull("IF-031", wait=5)) == sent


@pytest.mark.requirement("FS-12")
async def test_a_server_that_stops_answers_who_waits_at_once(serve: Serve) -> None:
    async with AsyncExitStack() as stack:
        async with serve() as platform:
            made = ParticipantClient(platform.credentials(REGISTRATION), platform.dip.api_url, encrypted=ENCRYPTED)
            client = await stack.enter_async_context(made)
            assert (await client.pull("IF-031")).items == ()
            waiting = asyncio.create_task(client.pull("IF-031", wait=60))
            await until(lambda: platform.dip.fetching.arrivals.waiting == 1)
        async with asyncio.timeout(30):
            assert (await waiting).items == ()


@pytest.mark.requirement("FS-12")
async def test_two_that_wait_share_what_comes(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        calls = [asyncio.create_task(client.pull("IF-031", most=1, wait=20)) for _ in range(2)]
        await until(lambda: platform.dip.fetching.arrivals.waiting == 2)
        sent = ids(await send(platform, 2))
        got = [transactions(await call) for call in calls]
        assert sorted(got) == sorted([one] for one in sent)


async def _has(platform: Platform, expected: dict[str, int]) -> bool:
    found = await states(platform)
    assert found == expected
    return True
