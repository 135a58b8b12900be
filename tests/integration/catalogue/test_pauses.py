"""One channel under maintenance: its messages wait outside and inside, and everything else goes on (5.13.5)."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from dip.ground.clock import Clock
from tests.conftest import Serve
from tests.integration.catalogue.office import REGISTRATION, SUPPLIER, message_for, office, renamed
from tests.integration.delivery.conftest import Receive, send
from tests.integration.delivery.receiver import in_turn, status, taken
from tests.support.platform import sample
from tests.support.waiting import until

REASON = {"reason": "New formats are loaded"}


def from_now(**length: float) -> str:
    """A time so far from now, as JSON has it."""
    return (datetime.now(UTC) + timedelta(**length)).isoformat()


@pytest.mark.requirement("FS-62")
@pytest.mark.parametrize("profile", ["live", "spec"])
async def test_a_message_for_a_paused_channel_is_asked_to_come_again(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform, office(platform) as desk:
        said = await desk.ask("POST", "/IF-031/pause", json={**REASON, "until": from_now(hours=1)})
        assert said.status == 200, said.body
        client = await platform.client(SUPPLIER)
        message = sample("if-031")
        result = await client.send("IF-031", [message])
        assert result.status == 503
        (entry,) = result.entries
        reference = message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"]
        assert (entry.sender_unique_reference, entry.transaction_id) == (reference, None)
        assert str(entry.message).startswith("MSG1000")
        assert "under maintenance until 20" in str(entry.help) and REASON["reason"] in str(entry.help)
        assert (await desk.ask("DELETE", "/IF-031/pause")).status == 204
        assert (await client.send("IF-031", [message])).all_accepted


@pytest.mark.requirement("FS-62")
async def test_the_answer_says_when_to_come_again(serve: Serve) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        client = await platform.client(SUPPLIER)
        body = msgspec.json.encode([sample("if-031")])
        await desk.ask("POST", "/IF-031/pause", json={**REASON, "until": from_now(hours=1)})
        timed = await client.call("POST", "/dip-channel/IF-031", body)
        assert 3590 <= int(timed.headers["Retry-After"]) <= 3600
        await desk.ask("POST", "/IF-031/pause", json=REASON)
        open_ended = await client.call("POST", "/dip-channel/IF-031", body)
        assert (open_ended.status, open_ended.headers["Retry-After"]) == (503, "300")


@pytest.mark.requirement("FS-62")
async def test_in_a_mixed_array_only_the_paused_channels_messages_are_refused(serve: Serve) -> None:
    async with serve(profile="spec") as platform, office(platform) as desk:
        await desk.put("IF-930", renamed("IF-930").replace("category: 2", "category: 1"))
        await desk.ask("POST", "/IF-930/pause", json=REASON)
        client = await platform.client(SUPPLIER)
        mixed = await client.send("", [message_for("IF-930"), sample("if-031")])
        assert mixed.status == 207
        assert [str(one.message)[:7] for one in mixed.entries] == ["MSG1000", "MSG0000"]
        faulty = await client.send("", [message_for("IF-930"), message_for("IF-777")])
        assert faulty.status == 400
        assert (await client.send("", [message_for("IF-930")])).status == 503


@pytest.mark.requirement("FS-62")
async def test_nothing_of_a_paused_channel_is_delivered_until_it_goes_on(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        await desk.put("IF-930", renamed("IF-930"))
        ((held, _, _),) = await send(platform)
        await desk.ask("POST", "/IF-031/pause", json=REASON)
        registration = await receive(platform, REGISTRATION, "IF-031", "IF-930")
        client = await platform.client(SUPPLIER)
        (other,) = (await client.send("IF-930", [message_for("IF-930")])).accepted
        assert await registration.received(1) == [other.reference]
        assert (await desk.ask("DELETE", "/IF-031/pause")).status == 204
        assert await registration.received(2) == [other.reference, held]


@pytest.mark.requirement("FS-62")
async def test_a_pause_with_an_end_is_over_by_itself_on_business_time(serve: Serve, receive: Receive) -> None:
    async with serve(profile="live", clock=Clock()) as platform, office(platform) as desk:
        ((held, _, _),) = await send(platform)
        await desk.ask("POST", "/IF-031/pause", json={**REASON, "until": from_now(hours=1)})
        registration = await receive(platform, REGISTRATION, "IF-031")
        client = await platform.client(SUPPLIER)
        assert (await client.send("IF-031", [sample("if-031")])).status == 503
        platform.dip.clock.offset = timedelta(hours=2)
        assert await registration.received(1) == [held]
        assert (await client.send("IF-031", [sample("if-031")])).all_accepted
        assert (await desk.ask("GET", "/IF-031")).body["paused"] is None


@pytest.mark.requirement("FS-62")
async def test_an_announced_pause_is_published_and_begins_by_itself(serve: Serve) -> None:
    async with serve(profile="live", clock=Clock()) as platform, office(platform) as desk:
        window = {"from": from_now(hours=1), "until": from_now(hours=2)}
        assert (await desk.ask("POST", "/IF-031/pause", json={**REASON, **window})).status == 200
        client = await platform.client(SUPPLIER)
        assert (await client.send("IF-031", [sample("if-031")])).all_accepted
        (published,) = (await desk.ask("GET", "/../../../maintenance.json")).body["items"]
        assert (published["channel"], published["inForce"], published["reason"]) == ("IF-031", False, REASON["reason"])
        assert "will be under maintenance" in await desk.page("/messages")
        platform.dip.clock.offset = timedelta(minutes=90)
        assert (await client.send("IF-031", [sample("if-031")])).status == 503
        assert "is under maintenance" in await desk.page("/login")


@pytest.mark.requirement("FS-62")
async def test_a_pause_outlives_a_restart(serve: Serve) -> None:
    async with serve(profile="live") as platform, office(platform) as desk:
        await desk.ask("POST", "/IF-031/pause", json=REASON)
    async with serve(profile="live") as platform:
        client = await platform.client(SUPPLIER)
        assert (await client.send("IF-031", [sample("if-031")])).status == 503


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"reason": "  "},
        {"reason": "x" * 201},
        {**REASON, "until": "2020-01-01T00:00:00+00:00"},
        {**REASON, "until": "2030-01-01T00:00:00"},
        {**REASON, "until": "soon"},
        {**REASON, "from": "2030-01-02T00:00:00Z", "until": "2030-01-01T00:00:00Z"},
    ],
)
async def test_a_pause_that_makes_no_sense_is_refused(serve: Serve, order: dict[str, str]) -> None:
    async with serve() as platform, office(platform) as desk:
        assert (await desk.ask("POST", "/IF-031/pause", json=order)).status == 400
        assert (await desk.ask("DELETE", "/IF-031/pause")).status == 404
        assert (await desk.ask("POST", "/IF-777/pause", json=REASON)).status == 404


async def test_set_aside_messages_of_a_paused_channel_wait_too(serve: Serve, receive: Receive) -> None:
    settings = {"retry_first_s": 0.02, "retry_jitter": 0.0, "halve_after_failures": 1, "set_aside_in_a_row": 1}
    async with serve(profile="live", **settings) as platform, office(platform) as desk:
        registration = await receive(platform, answering=in_turn(status(500), taken))
        ((reference, _, _),) = await send(platform)
        await until(lambda: registration.references)
        await desk.ask("POST", "/IF-031/pause", json=REASON)
        await desk.ask("DELETE", "/IF-031/pause")
        assert (await registration.received(2))[-1] == reference
