"""Each endpoint at its own speed, paused and resumed by hand, with retries of its own (FS-15, FS-31)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, endpoint_of, send, state_of
from tests.integration.delivery.receiver import in_turn, status
from tests.support.platform import Platform
from tests.support.waiting import until

SLOW = {"retry_first_s": 300.0, "retry_jitter": 0.0}


@asynccontextmanager
async def administrator(platform: Platform) -> AsyncIterator[Any]:
    """Calls of the administration API: `await ask("PATCH", "/endpoints/1", json=…)` gives status and body."""
    token = (platform.dip.directory / "admin.token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(platform.dip.portal_url, headers=headers) as session:

        async def ask(method: str, path: str, **options: Any) -> tuple[int, Any]:
            async with session.request(method, f"/admin/api{path}", **options) as answer:
                return answer.status, await answer.json()

        yield ask


@pytest.mark.requirement("FS-15", "FS-31")
async def test_a_paused_endpoint_keeps_its_queue_and_goes_on_when_it_is_resumed(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, administrator(platform) as ask:
        registration = await receive(platform)
        id_ = endpoint_of(platform).id
        said, state = await ask("POST", f"/endpoints/{id_}/pause")
        assert (said, state["held"]) == (200, True)
        sent = [one.reference for one in await send(platform, 3)]
        (transaction,) = [one.transaction_id for one in await send(platform)]
        assert await state_of(platform, transaction) == "waiting"
        assert registration.calls == []
        said, state = await ask("POST", f"/endpoints/{id_}/resume")
        assert (said, state["held"]) == (200, False)
        assert (await registration.received(4))[:3] == sent


@pytest.mark.requirement("FS-15")
async def test_a_word_that_comes_while_the_failure_is_being_committed_is_heard(serve: Serve, receive: Receive) -> None:
    async with (
        serve(profile="live", outcome_linger_ms=100.0, **SLOW) as platform,
        administrator(platform) as ask,
    ):
        registration = await receive(platform, answering=status(503))
        await send(platform)
        await until(lambda: endpoint_of(platform).failures == 1)
        await ask("POST", f"/endpoints/{endpoint_of(platform).id}/resume")
        await registration.received(2)


@pytest.mark.requirement("FS-15")
async def test_a_failing_endpoint_is_called_at_once_when_somebody_resumes_it(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", **SLOW) as platform, administrator(platform) as ask:
        registration = await receive(platform, answering=status(503))
        sent = [one.reference for one in await send(platform)]
        await until(lambda: endpoint_of(platform).failures == 1)
        registration.answering = status(202)
        await ask("POST", f"/endpoints/{endpoint_of(platform).id}/resume")
        assert await registration.received(2) == sent * 2
        await until(lambda: endpoint_of(platform).failures == 0)


@pytest.mark.requirement("FS-15")
async def test_a_pause_by_hand_outlives_a_restart(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, administrator(platform) as ask:
        await receive(platform)
        await ask("POST", f"/endpoints/{endpoint_of(platform).id}/pause")
        await send(platform)
    async with serve(profile="live") as platform:
        assert endpoint_of(platform).held
        assert endpoint_of(platform).failures == 0


@pytest.mark.requirement("FS-15")
async def test_retries_and_limits_are_the_endpoints_own(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", **SLOW) as platform, administrator(platform) as ask:
        registration = await receive(platform)
        id_ = endpoint_of(platform).id
        own = {"messageCount": 2, "retryFirstS": 0.05, "retryLongestS": 0.1, "retryJitter": 0, "pauseAfter": 2}
        said, state = await ask("PATCH", f"/endpoints/{id_}", json=own)
        assert said == 200
        assert (state["maxMessageCount"], state["retryFirstS"], state["pauseAfter"]) == (2, 0.05, 2)
        registration.answering = status(503)
        await send(platform, 5)
        await until(lambda: len(registration.calls) >= 3)
        assert endpoint_of(platform).paused
        registration.answering = status(202)
        await until(lambda: endpoint_of(platform).failures == 0)
        await until(lambda: len(set(registration.references)) == 5)
        assert {len(call.elements) for call in registration.calls} <= {1, 2}
        said, state = await ask("PATCH", f"/endpoints/{id_}", json={"messageCount": None})
        assert state["maxMessageCount"] == 100


@pytest.mark.requirement("FS-15")
async def test_an_endpoint_is_called_no_more_often_than_it_wants(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        client = await platform.client(REGISTRATION)
        await client.configure_webhook("IF-031", registration.url(), max_message_count=1, max_calls_a_second=10)
        await until(lambda: endpoint_of(platform).calls_a_second == 10)
        started = time.monotonic()
        sent = [one.reference for one in await send(platform, 4)]
        assert await registration.received(4) == sent
        assert time.monotonic() - started >= 0.3


@pytest.mark.requirement("FS-15", "FS-16")
async def test_an_endpoint_may_have_several_calls_in_flight_and_gets_everything(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", delivery_message_count=1, delivery_calls_in_flight=3) as platform:
        registration = await receive(platform)
        registration.open.clear()
        sent = {one.reference for one in await send(platform, 9)}
        await registration.called(3)
        assert len(registration.calls) == 3
        registration.open.set()
        assert set(await registration.received(9)) == sent
        await until(lambda: len(registration.calls) == 9)


@pytest.mark.requirement("FS-16")
async def test_what_fails_among_several_calls_in_flight_is_sent_again(serve: Serve, receive: Receive) -> None:
    quick = {"retry_first_s": 0.05, "retry_jitter": 0.0}
    async with serve(profile="live", delivery_message_count=1, delivery_calls_in_flight=4, **quick) as platform:
        registration = await receive(platform)
        registration.answering = in_turn(status(202), *[status(503)] * 3, status(202))
        transactions = [one.transaction_id for one in await send(platform, 8)]

        async def all_arrived() -> bool:
            return {await state_of(platform, one) for one in transactions} == {"delivered"}

        await until(all_arrived)


@pytest.mark.requirement("FS-15")
async def test_a_slow_recipient_holds_up_nobody_else(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform:
        registration = await receive(platform)
        registration.open.clear()
        await send(platform)
        await registration.called()
        supplier = await receive(platform, SUPPLIER, "IF-032")
        assert await supplier.received(0) == []
        answer = await asyncio.wait_for(send(platform, 2), 5)
        assert len(answer) == 2
        registration.open.set()


@pytest.mark.requirement("FS-31")
async def test_channels_are_assigned_to_an_endpoint_with_a_name(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, administrator(platform) as ask:
        registration = await receive(platform, REGISTRATION, "IF-034")
        order = {
            "recipient": REGISTRATION,
            "url": registration.url("metering"),
            "channels": ["IF-031", "if-005"],
            "name": "Metering",
        }
        said, state = await ask("POST", "/endpoints", json=order)
        assert said == 201
        assert (state["name"], state["channels"], state["url"]) == ("Metering", ["IF-005", "IF-031"], order["url"])
        said, listed = await ask("GET", "/endpoints")
        assert [one["channels"] for one in listed["items"]] in (
            [["IF-034"], ["IF-005", "IF-031"]],
            [["IF-005", "IF-031"], ["IF-034"]],
        )
        sent = [one.reference for one in await send(platform, 2)]
        await registration.called()
        assert registration.calls[-1].path == "/metering"
        assert registration.references == sent


@pytest.mark.requirement("FS-31")
@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/endpoints/000000000000", None, 404),
        ("POST", "/endpoints/000000000000/pause", None, 404),
        ("PATCH", "/endpoints/{id}", {"messageCount": 0}, 400),
        ("PATCH", "/endpoints/{id}", {"callsInFlight": 99}, 400),
        ("PATCH", "/endpoints/{id}", {"told": ["nobody"]}, 400),
        ("PATCH", "/endpoints/{id}", {"speed": 3}, 400),
        ("POST", "/endpoints", {"recipient": REGISTRATION, "url": "https://10.0.0.1/", "channels": ["IF-031"]}, 400),
        ("POST", "/endpoints", {"recipient": REGISTRATION, "url": "https://127.0.0.1/", "channels": ["IF-999"]}, 400),
        ("POST", "/endpoints", {"recipient": REGISTRATION, "url": "https://127.0.0.1/", "channels": ["IF-032"]}, 403),
        ("POST", "/endpoints", {"recipient": REGISTRATION, "url": "https://127.0.0.1/", "channels": []}, 400),
        ("POST", "/endpoints", {"recipient": "0", "url": "https://127.0.0.1/", "channels": ["IF-031"]}, 400),
        (
            "POST",
            "/endpoints",
            {"recipient": REGISTRATION, "url": "https://127.0.0.1/", "channels": ["IF-031", "statusmessage"]},
            400,
        ),
    ],
)
async def test_what_an_endpoint_can_not_be_is_refused(
    serve: Serve, receive: Receive, method: str, path: str, body: Any, expected: int
) -> None:
    async with serve(profile="live") as platform, administrator(platform) as ask:
        await receive(platform)
        said, problem = await ask(method, path.format(id=endpoint_of(platform).id), json=body)
        assert (said, problem["status"]) == (expected, expected)


@pytest.mark.requirement("FS-31")
async def test_moving_one_channel_leaves_the_others_endpoint_and_its_back_off_alone(
    serve: Serve, receive: Receive
) -> None:
    async with serve(profile="live", **SLOW) as platform:
        failing = await receive(platform, answering=status(503))
        await send(platform)
        await until(lambda: endpoint_of(platform).failures == 1)
        other = await receive(platform, REGISTRATION, "IF-034")
        client = await platform.client(REGISTRATION)
        await client.configure_webhook("IF-034", other.url("elsewhere"))
        states = {one.channels: one.failures for one in platform.dip.dispatcher.endpoints()}
        assert states == {("IF-031",): 1, ("IF-034",): 0}
        assert len(failing.calls) == 1
