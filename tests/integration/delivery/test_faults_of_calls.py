"""Faults on demand in participants' calls: what was taken, what was answered, and that sending again mends it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from dip.client import ParticipantClient, ServerNotReached
from tests.conftest import Serve
from tests.integration.delivery.conftest import SUPPLIER, Receive
from tests.integration.delivery.fault_desk import ask, has_struck, notes, stored, struck, switch_on
from tests.support.platform import sample
from tests.support.waiting import until

OTHER_SUPPLIER = "2300000002"
Sending = Callable[[ParticipantClient, dict[str, Any]], Awaitable[None]]


async def unanswered(client: ParticipantClient, message: dict[str, Any]) -> None:
    with pytest.raises(ServerNotReached):
        await client.send("IF-031", [message])


async def told_to_come_back(client: ParticipantClient, message: dict[str, Any]) -> None:
    result = await client.send("IF-031", [message])
    assert result.status == 503 and not result.accepted


@pytest.mark.requirement("FS-34")
@pytest.mark.parametrize(
    ("fault", "seen", "taken"),
    [
        ({"kind": "drop"}, unanswered, 0),
        ({"kind": "time_out", "seconds": 0.2}, unanswered, 0),
        ({"kind": "server_error", "status": 503}, told_to_come_back, 0),
        ({"kind": "half_answer"}, unanswered, 1),
        ({"kind": "not_answered"}, unanswered, 1),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
async def test_a_call_is_struck_and_the_same_again_is_taken_once(
    serve: Serve, fault: dict[str, Any], seen: Sending, taken: int
) -> None:
    async with serve() as platform:
        client = await platform.client(SUPPLIER)
        await switch_on(platform, fault)
        message = sample("if-031")
        await seen(client, message)
        assert await stored(platform) == taken
        assert await struck(platform) == {fault["kind"]: 1}
        again = await client.send("IF-031", [message])
        assert again.all_accepted and await stored(platform) == 1
        assert await notes(platform, "in") == [f"fault: {fault['kind']}"] * taken


async def test_a_delayed_call_is_carried_out_first_and_answered_late(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(SUPPLIER)
        await switch_on(platform, {"kind": "delay", "seconds": 0.4})
        clock = platform.dip.clock
        started = clock.monotonic()
        result = await client.send("IF-031", [sample("if-031")])
        assert result.all_accepted and clock.monotonic() - started >= 0.4
        assert await notes(platform, "in") == ["fault: delay"]


async def test_clearing_the_list_lets_the_waiting_calls_go(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(SUPPLIER)
        await switch_on(platform, {"kind": "delay", "seconds": 60})
        sending = asyncio.create_task(client.send("IF-031", [sample("if-031")]))
        await until(lambda: has_struck(platform))
        assert (await ask(platform, "DELETE")).status == 204
        async with asyncio.timeout(30):
            assert (await sending).all_accepted


async def test_half_an_answer_says_how_long_it_would_have_been(serve: Serve) -> None:
    async with serve() as platform:
        credentials = platform.credentials(SUPPLIER)
        await switch_on(platform, {"kind": "half_answer"})
        connector = aiohttp.TCPConnector(ssl=credentials.calling_context())
        async with aiohttp.ClientSession(connector=connector) as session:
            async with session.post(f"{platform.dip.api_url}/dip-channel/IF-031", data=b"[]") as answer:
                promised = answer.content_length
                with pytest.raises(aiohttp.ClientPayloadError):
                    await answer.read()
        assert promised is not None and promised > 100


async def test_a_fault_strikes_only_its_participant_and_its_channel(serve: Serve) -> None:
    async with serve() as platform:
        client, other = await platform.client(SUPPLIER), await platform.client(OTHER_SUPPLIER)
        await switch_on(
            platform,
            {"kind": "server_error", "participant": OTHER_SUPPLIER, "rate": 1},
            {"kind": "drop", "channel": "IF-021", "rate": 1},
        )
        assert (await client.send("IF-031", [sample("if-031")])).all_accepted
        assert (await other.send("IF-031", [sample("if-031")])).status == 500
        assert await struck(platform) == {"server_error": 1, "drop": 0}


async def test_a_count_is_kept_and_other_calls_of_participants_are_struck_as_well(
    serve: Serve, receive: Receive
) -> None:
    async with serve() as platform:
        client = await platform.client(SUPPLIER)
        await switch_on(platform, {"kind": "server_error", "status": 502, "count": 2})
        statuses = [(await client.send("IF-031", [sample("if-031")])).status for _ in range(3)]
        assert statuses == [502, 502, 202]
        await switch_on(platform, {"kind": "server_error", "status": 504})
        answer = await client.call("DELETE", f"/dip-channel/IF-032/pubconfig/{SUPPLIER}")
        assert answer.status == 504


@pytest.mark.requirement("FS-34")
async def test_the_same_seed_makes_the_same_calls_fail(serve: Serve) -> None:
    async with serve(fault_seed=7) as platform:
        client = await platform.client(SUPPLIER)
        runs = []
        for _ in range(2):
            await switch_on(platform, {"kind": "server_error", "rate": 0.5})
            runs.append([(await client.send("IF-031", [sample("if-031")])).status for _ in range(12)])
        assert runs[0] == runs[1] and set(runs[0]) == {202, 500}
        assert (await struck(platform))["server_error"] == runs[1].count(500)


async def test_without_faults_nothing_is_struck(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        client = await platform.client(SUPPLIER)
        await switch_on(platform)
        result = await client.send("IF-031", [sample("if-031") for _ in range(3)])
        await registration.called()
        assert registration.references == [one.reference for one in result.accepted]
        assert await notes(platform) == await notes(platform, "in") == []
        assert (await ask(platform, "GET")).body == {"items": [], "next": None}
