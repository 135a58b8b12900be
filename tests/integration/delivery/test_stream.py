"""Streams: messages as server-sent events, leased one by one, resumed from the last one (contract, Pull and stream)."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, cast

import aiohttp
import pytest

from dip.client import CallRefused, Fetched, ParticipantClient
from dip.messages.identifiers import InterfaceId
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, journal_of, send, state_of
from tests.support.platform import Platform, sample
from tests.support.waiting import settled, until

STREAM = f"/dip-channel/IF-031/stream/{REGISTRATION}"


class Events:
    """What a stream brings, asked for one by one."""

    def __init__(self, events: AsyncGenerator[Fetched, None]) -> None:
        self._events = events

    async def next(self, count: int = 1, timeout_s: float = 30) -> list[Fetched]:
        """The next events."""
        async with asyncio.timeout(timeout_s):
            return [await anext(self._events) for _ in range(count)]

    async def ended(self) -> bool:
        """Whether nothing more comes, because the server ended it."""
        async with asyncio.timeout(30):
            return [one async for one in self._events] == []


@asynccontextmanager
async def streaming(
    client: ParticipantClient, channel: str = "IF-031", last: int | None = None
) -> AsyncIterator[Events]:
    events = cast("AsyncGenerator[Fetched, None]", client.stream(channel, last_event_id=last))
    async with aclosing(events):
        yield Events(events)


def transactions(events: list[Fetched]) -> list[str | None]:
    return [event.entry.transaction_id for event in events]


@asynccontextmanager
async def raw(platform: Platform, path: str = STREAM, *, narrow: bool = False) -> AsyncIterator[aiohttp.ClientResponse]:
    """A stream as it comes over the wire. narrow: little of it fits into the client's buffers."""
    credentials, url = platform.credentials(REGISTRATION), platform.dip.api_url + path
    headers = credentials.signer.headers("GET", url, b"", platform.dip.clock.wall())
    connector = aiohttp.TCPConnector(ssl=credentials.calling_context(), socket_factory=_narrow if narrow else None)
    async with aiohttp.ClientSession(connector=connector) as session, session.get(url, headers=headers) as answer:
        yield answer


@pytest.mark.requirement("FS-12", "FS-14", "FS-31")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_messages_come_as_events_in_order_and_are_settled_by_acknowledgement(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        client = await platform.client(REGISTRATION)
        before = await send(platform, 2)
        async with streaming(client) as stream:
            events = await stream.next(2)
            after = await send(platform, 2)
            events += await stream.next(2)
        sent = [one.transaction_id for one in [*before, *after]]
        assert transactions(events) == sent
        assert [event.id for event in events] == [1, 2, 3, 4]
        assert all(event.received is not None for event in events)
        answer = await client.acknowledge("IF-031", [events[0].entry, events[1].refused("RCP1000")])
        assert answer.all_accepted
        assert [await state_of(platform, one) for one in sent] == ["delivered", "rejected", "leased", "leased"]
        assert await journal_of(platform, sent[0]) == ["Leased", "Delivered"]


@pytest.mark.requirement("FS-12")
async def test_a_stream_is_resumed_behind_the_last_event(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        sent = [one.transaction_id for one in await send(platform, 4)]
        async with streaming(client) as stream:
            first = await stream.next(4)
        assert (await client.acknowledge("IF-031", [first[0].entry])).all_accepted
        async with streaming(client, last=2) as stream:
            again = await stream.next(2)
            assert transactions(again) == sent[2:]
            assert [event.id for event in again] == [3, 4]
        # Up to the second one everything stays leased until it is acknowledged.
        assert await state_of(platform, sent[1]) == "leased"
        assert (await client.acknowledge("IF-031", [one.entry for one in [first[1], *again]])).all_accepted
        assert [await state_of(platform, one) for one in sent] == ["delivered"] * 4


@pytest.mark.requirement("FS-12", "FS-34")
async def test_a_stream_is_resumed_after_a_restart(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        sent = [one.transaction_id for one in await send(platform, 3)]
        async with streaming(client) as stream:
            await stream.next(3)
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        async with streaming(client, last=1) as stream:
            assert transactions(await stream.next(2)) == sent[1:]


@pytest.mark.requirement("FS-12")
async def test_so_many_events_are_unacknowledged_at_once_and_further_ones_wait(serve: Serve) -> None:
    async with serve(stream_in_flight=2) as platform:
        client = await platform.client(REGISTRATION)
        sent = [one.transaction_id for one in await send(platform, 4)]
        async with streaming(client) as stream:
            events = await stream.next(2)
            assert await state_of(platform, sent[2]) == "waiting"
            assert (await client.acknowledge("IF-031", [events[0].entry])).all_accepted
            events += await stream.next()
            assert await state_of(platform, sent[3]) == "waiting"
            assert (await client.acknowledge("IF-031", [one.entry for one in events[1:]])).all_accepted
            events += await stream.next()
        assert transactions(events) == sent


@pytest.mark.requirement("FS-12")
async def test_an_event_that_is_not_acknowledged_in_time_comes_again(serve: Serve) -> None:
    async with serve(lease_s=0.2) as platform:
        client = await platform.client(REGISTRATION)
        await send(platform)
        async with streaming(client) as stream:
            first, second = await stream.next(2)
            assert (first.id, first.entry.transaction_id) == (second.id, second.entry.transaction_id)
            await client.acknowledge("IF-031", [second.entry])


@pytest.mark.requirement("FS-12")
async def test_a_quiet_stream_carries_comments_and_each_event_is_one_line(serve: Serve) -> None:
    async with serve(stream_heartbeat_s=0.1) as platform, raw(platform) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        assert answer.headers["X-DIP-Environment"] == "DEV"
        assert await answer.content.readline() == b": IF-031 for 2200000001\n"
        await until_line(answer, b": heartbeat\n")
        await send(platform)
        await until_line(answer, b"id: 1\n")
        assert (await answer.content.readline()).startswith(b'data: {"payload":{"CommonBlock":')
        assert await answer.content.readline() == b"\n"


@pytest.mark.requirement("FS-12")
async def test_line_ends_of_the_sender_do_not_break_an_event(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        client, sender = await platform.client(REGISTRATION), await platform.client(SUPPLIER)
        body = json.dumps([sample("if-031")], indent=2).replace("\n", "\r\n").encode()
        assert (await sender.send("IF-031", body)).all_accepted
        async with streaming(client) as stream:
            (event,) = await stream.next()
        assert event.received is not None
        assert event.received.interface == "IF-031"


@pytest.mark.requirement("FS-12")
async def test_nothing_is_leased_to_a_reader_who_is_gone(serve: Serve) -> None:
    async with serve() as platform:
        async with raw(platform) as stream:
            assert (await stream.content.readline()).startswith(b":")
        for _ in range(20):
            await settled()
        (accepted,) = await send(platform)
        client = await platform.client(REGISTRATION)
        batch = await client.pull("IF-031")
        assert transactions(list(batch.items)) == [accepted.transaction_id]


@pytest.mark.requirement("FS-12")
async def test_a_new_stream_ends_the_earlier_one(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        (sent,) = await send(platform)
        async with streaming(client) as earlier:
            await earlier.next()
            async with streaming(client, last=0) as later:
                # What the earlier one did not acknowledge comes with the new one.
                assert transactions(await later.next()) == [sent.transaction_id]
                assert await earlier.ended()


@pytest.mark.requirement("FS-12")
async def test_a_stream_ends_when_a_webhook_takes_over(serve: Serve) -> None:
    async with serve() as platform:
        async with raw(platform) as answer:
            await answer.content.readline()
            listener = await platform.listener(REGISTRATION, "IF-031")
            await until_line(answer, b": a webhook takes these messages now\n")
            assert await answer.content.read() == b"\n"
        (sent,) = await send(platform)
        assert (await listener.next(5)).transaction_id == sent.transaction_id


@pytest.mark.requirement("FS-12", "FS-29")
async def test_status_messages_are_streamed_too(serve: Serve) -> None:
    async with serve() as platform:
        client, sender = await platform.client(REGISTRATION), await platform.client(SUPPLIER)
        async with streaming(sender, "statusmessage") as stream:
            (sent,) = await send(platform)
            pulled = await client.pull("IF-031")
            await client.acknowledge("IF-031", [pulled.items[0].refused("RCP1061")])
            (event,) = await stream.next()
            assert event.received is not None and event.received.is_status
            assert event.entry.transaction_id == sent.transaction_id
            assert (await sender.acknowledge("statusmessage", [event.entry])).all_accepted


@pytest.mark.requirement("FS-12")
async def test_more_streams_than_the_server_takes_are_refused(serve: Serve) -> None:
    async with serve(most_streams=1) as platform:
        client, other = await platform.client(REGISTRATION), await platform.client("2200000002")
        await send(platform)
        async with streaming(client) as stream:
            await stream.next()
            answer = await other.call("GET", STREAM.replace(REGISTRATION, "2200000002"))
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
            with pytest.raises(CallRefused, match="503"):
                async with streaming(other) as refused:
                    await refused.next()
            bad = await client.call("GET", STREAM, headers={"Last-Event-ID": "latest"})
            assert bad.status == 400


@pytest.mark.requirement("FS-12")
async def test_a_channel_in_maintenance_makes_its_stream_silent(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        (sent,) = await send(platform)
        pauses, channel = platform.dip.pauses, InterfaceId("IF-031")
        await pauses.begin(channel, starts=None, ends=None, author="test", reason="works")
        async with streaming(client) as stream:
            waiting = asyncio.create_task(stream.next(timeout_s=20))
            await until(lambda: platform.dip.fetching.arrivals.waiting == 1)
            assert await state_of(platform, sent.transaction_id) == "waiting"
            await pauses.end(channel)
            assert transactions(await waiting) == [sent.transaction_id]


@pytest.mark.requirement("FS-12")
async def test_streams_end_when_the_server_stops(serve: Serve) -> None:
    async with AsyncExitStack() as stack:
        async with serve() as platform:
            answer = await stack.enter_async_context(raw(platform))
            await answer.content.readline()
        await until_line(answer, b": the server stops\n")
        assert await answer.content.read() == b"\n"


@pytest.mark.requirement("FS-12", "FS-15")
async def test_a_client_that_does_not_read_bounds_what_is_handed_out_and_does_not_keep_the_server_from_stopping(
    serve: Serve,
) -> None:
    async with AsyncExitStack() as stack:
        async with serve(stream_in_flight=5000, shutdown_grace_s=1.0, profile="live") as platform:
            answer = await stack.enter_async_context(raw(platform, narrow=True))
            assert answer.status == 200
            # What fits into the buffers on the way is written, the rest waits.
            for _ in range(4):
                await send(platform, 500)
            messages = platform.dip.store.messages
            lane = await until(lambda: min(messages.lanes_leased(), default=0))
            counts: list[int] = []

            def at_rest() -> bool:
                counts.append(len(messages.leased(lane, 5000)))
                return counts[-10:] == [counts[-1]] * 10

            await until(at_rest, 20)
            assert 0 < counts[-1] < 2000
        # The server has stopped; the client was there to the end, and what it was handed is unread.
        assert not answer.content.at_eof()


def _narrow(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return made


async def until_line(answer: aiohttp.ClientResponse, expected: bytes) -> None:
    """Read until this line comes."""
    async with asyncio.timeout(30):
        while (line := await answer.content.readline()) != expected:
            assert line, f"ended before {expected!r}"
