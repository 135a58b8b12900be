"""Faults on demand for those who stream: in an event's message and signature, and of the connection (contract)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec
import pytest

from dip.client import ServerNotReached
from dip.conformance.fault_kinds import KINDS
from dip.security.signing import SignatureRefused, SignedHeaders, verify
from tests.conftest import Serve
from tests.integration.delivery.checker import GOOD, Checker
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, journal_of, send, state_of
from tests.integration.delivery.fault_desk import ask, has_struck, notes, struck, switch_on
from tests.integration.delivery.test_faults_of_content import CONTENT, ENCRYPTED, seeded_mpans
from tests.integration.delivery.test_stream import STREAM, raw, streaming, transactions
from tests.support.platform import Platform
from tests.support.waiting import until


class Event(msgspec.Struct):
    """The data of an event."""

    payload: msgspec.Raw
    signature: dict[str, str]


async def events(answer: aiohttp.ClientResponse, count: int) -> list[Event]:
    """The next events, as they come over the wire."""
    found: list[Event] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            line = await answer.content.readline()
            assert line, "the stream ended"
            if line.startswith(b"data: "):
                found.append(msgspec.json.decode(line[6:], type=Event))
    return found


async def until_broken(answer: aiohttp.ClientResponse) -> bytes:
    """What comes until the stream breaks off."""
    read = bytearray()
    async with asyncio.timeout(30):
        with pytest.raises(aiohttp.ClientPayloadError):
            while piece := await answer.content.readany():
                read += piece
    return bytes(read)


def is_signed(platform: Platform, event: Event) -> bool:
    """Whether the signature of an event fits its payload and is the DIP's."""
    try:
        verify(
            SignedHeaders.of(event.signature),
            method="GET",
            urls=(platform.dip.api_url + STREAM,),
            body=bytes(event.payload),
            public_key=platform.credentials(REGISTRATION).dip_signing_key,
            allow_empty_braces=False,
        )
    except SignatureRefused:
        return False
    return True


@pytest.mark.requirement("FS-12", "FS-34")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_each_event_is_struck_by_a_fault_of_content_that_a_recipient_finds_by_its_code(
    serve: Serve, profile: str
) -> None:
    found_here = [name for name in CONTENT if name != ENCRYPTED or profile == "spec"]
    async with serve(profile=profile) as platform:
        checker = Checker(platform, REGISTRATION, seeded_mpans())
        await switch_on(platform, *({"kind": name, "participant": REGISTRATION} for name in CONTENT))
        sent = await send(platform, len(found_here) + 1)
        async with raw(platform) as answer:
            came = await events(answer, len(sent))
        codes = [checker.code_for({"payload": msgspec.json.decode(event.payload)}) for event in came]
        assert dict(zip(found_here, codes, strict=False)) == {name: KINDS[name].code for name in found_here}
        assert codes[-1] == GOOD
        assert all(is_signed(platform, event) for event in came)
        assert await struck(platform) == {name: int(name in found_here) for name in CONTENT}
        assert await notes(platform) == [f"fault: {name}" for name in found_here]
        assert await state_of(platform, sent[0].transaction_id) == "leased"


@pytest.mark.requirement("FS-12", "FS-34")
async def test_an_event_that_comes_again_is_right_for_the_archive_was_never_touched(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        await switch_on(platform, {"kind": "wrong_version"})
        (sent,) = await send(platform)
        versions = []
        for _ in range(2):
            async with streaming(client, last=0) as stream:
                (event,) = await stream.next()
            assert event.received is not None
            versions.append(event.received.common["S0"]["schemaVersion"])
        assert versions[0] == "999" and versions[1] != "999"
        assert (await client.acknowledge("IF-031", [event.entry])).all_accepted
        assert (await journal_of(platform, sent.transaction_id))[-1] == "Delivered"


@pytest.mark.requirement("FS-12", "FS-34")
@pytest.mark.parametrize("kind", ["bad_signature", "wrong_signing_certificate"])
async def test_an_event_with_a_wrong_signature_is_found_and_the_next_one_is_right(serve: Serve, kind: str) -> None:
    async with serve(profile="live") as platform:
        client = await platform.client(REGISTRATION)
        await send(platform, 2)
        await switch_on(platform, {"kind": kind, "participant": REGISTRATION, "count": 2})
        async with raw(platform) as answer:
            assert [is_signed(platform, event) for event in await events(answer, 2)] == [False, False]
        await send(platform)
        async with streaming(client, last=2) as stream:
            (event,) = await stream.next()
            assert event.id == 3
        assert await notes(platform) == [f"fault: {kind}"] * 2
        # The evidence names the certificate that signed.
        signers = await signers_of_calls(platform)
        assert (signers[0] == signers[2]) is (kind == "bad_signature")
        await switch_on(platform, {"kind": kind})
        with pytest.raises(SignatureRefused):
            async with streaming(client, last=0) as stream:
                await stream.next()


@pytest.mark.requirement("FS-29", "FS-34")
async def test_a_status_message_is_struck_by_a_fault_of_the_signature_and_by_none_of_content(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        client, supplier = await platform.client(REGISTRATION), await platform.client(SUPPLIER)
        await send(platform)
        pulled = await client.pull("IF-031")
        await client.acknowledge("IF-031", [pulled.items[0].refused("RCP1061")])
        await switch_on(
            platform, {"kind": "wrong_event", "rate": 1}, {"kind": "bad_signature", "channel": "statusmessage"}
        )
        with pytest.raises(SignatureRefused):
            async with streaming(supplier, "statusmessage") as stream:
                await stream.next()
        async with streaming(supplier, "statusmessage", last=0) as stream:
            (event,) = await stream.next()
        assert event.received is not None and event.received.is_status
        assert await struck(platform) == {"wrong_event": 0, "bad_signature": 1}


@pytest.mark.requirement("FS-12", "FS-34")
@pytest.mark.parametrize("kind", ["drop_delivery", "half_answer"])
async def test_a_stream_breaks_off_in_the_middle_of_an_event_and_is_resumed(serve: Serve, kind: str) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        sent = [one.transaction_id for one in await send(platform, 3)]
        await switch_on(platform, {"kind": kind, "channel": "IF-031"})
        async with raw(platform) as answer:
            came = await until_broken(answer)
        head, _, half = came.partition(b"\n\n")
        assert head.startswith(b": IF-031")
        assert half.startswith(b'id: 1\ndata: {"payload":') and b"\n\n" not in half
        # What stood behind it was not handed out.
        assert [await state_of(platform, one) for one in sent] == ["leased", "waiting", "waiting"]
        assert await notes(platform) == [f"fault: {kind}"] and await struck(platform) == {kind: 1}
        async with streaming(client, last=0) as stream:
            again = await stream.next(3)
        assert transactions(again) == sent
        assert (await client.acknowledge("IF-031", [one.entry for one in again])).all_accepted
        assert await journal_of(platform, sent[0]) == ["Leased", "UnknownDeliveryStatus", "Leased", "Delivered"]


@pytest.mark.requirement("FS-12", "FS-34")
async def test_a_stream_breaks_off_in_place_of_its_first_event_which_comes_again_when_its_lease_ends(
    serve: Serve,
) -> None:
    async with serve(profile="live", lease_s=0.3) as platform:
        client = await platform.client(REGISTRATION)
        await switch_on(platform, {"kind": "not_answered"})
        async with raw(platform) as answer:
            (sent,) = await send(platform)
            assert await until_broken(answer) == b": IF-031 for 2200000001\n\n"
        assert await notes(platform) == ["fault: not_answered"]
        async with streaming(client) as stream:
            assert transactions(await stream.next()) == [sent.transaction_id]


@pytest.mark.requirement("FS-12", "FS-34")
async def test_only_the_struck_event_breaks_off_and_those_before_it_came(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        await switch_on(platform, {"kind": "drop_delivery", "event": "[DSApp]"}, {"kind": "duplicate", "rate": 1})
        await send(platform)
        with pytest.raises(ServerNotReached):
            async with streaming(client) as stream:
                await stream.next()
        assert await struck(platform) == {"drop_delivery": 1, "duplicate": 0}


@pytest.mark.requirement("FS-12", "FS-34")
async def test_an_event_comes_twice_and_is_settled_once(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        sent = [one.transaction_id for one in await send(platform, 2)]
        await switch_on(platform, {"kind": "duplicate"})
        async with streaming(client) as stream:
            came = await stream.next(3)
        assert transactions(came) == [sent[0], sent[0], sent[1]]
        assert [one.id for one in came] == [1, 1, 2]
        assert (await client.acknowledge("IF-031", [came[0].entry])).all_accepted
        assert await journal_of(platform, sent[0]) == ["Leased", "Delivered"]
        assert await notes(platform) == ["fault: duplicate"]


@pytest.mark.requirement("FS-12", "FS-34")
async def test_events_that_are_handed_out_together_come_in_reverse_and_one_alone_as_it_is(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        client = await platform.client(REGISTRATION)
        await switch_on(platform, {"kind": "bad_signature", "channel": "IF-021"}, {"kind": "reorder", "rate": 1})
        sent = [one.transaction_id for one in await send(platform, 3)]
        async with streaming(client) as stream:
            came = await stream.next(3)
            assert transactions(came) == sent[::-1] and [one.id for one in came] == [3, 2, 1]
            (alone,) = await send(platform)
            assert transactions(await stream.next()) == [alone.transaction_id]
        assert await struck(platform) == {"bad_signature": 0, "reorder": 1}
        assert await notes(platform) == ["fault: reorder"] * 3
        assert (await client.acknowledge("IF-031", [one.entry for one in came])).all_accepted


@pytest.mark.requirement("FS-12", "FS-34")
@pytest.mark.parametrize("kind", ["delay_delivery", "delay"])
async def test_an_event_comes_late_and_at_once_when_the_fault_is_cleared(serve: Serve, kind: str) -> None:
    async with serve() as platform:
        client, clock = await platform.client(REGISTRATION), platform.dip.clock
        sent = [one.transaction_id for one in await send(platform, 2)]
        await switch_on(platform, {"kind": kind, "seconds": 0.4})
        started = clock.monotonic()
        async with streaming(client) as stream:
            assert transactions(await stream.next(2)) == sent
        assert clock.monotonic() - started >= 0.4
        assert await notes(platform) == [f"fault: {kind}"]
        await switch_on(platform, {"kind": kind, "seconds": 60})
        async with streaming(client, last=0) as stream:
            coming = asyncio.create_task(stream.next(2))
            await until(lambda: has_struck(platform))
            await until(lambda: _are_leased(platform, sent))
            assert (await ask(platform, "DELETE")).status == 204
            assert transactions(await coming) == sent


@pytest.mark.requirement("FS-12", "FS-34")
async def test_an_event_that_is_held_back_does_not_come_with_a_stream_that_another_one_ended(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        (sent,) = await send(platform)
        await switch_on(platform, {"kind": "delay_delivery", "seconds": 60})
        async with streaming(client) as earlier:
            ended = asyncio.create_task(earlier.ended())
            await until(lambda: has_struck(platform))
            await until(lambda: _are_leased(platform, [sent.transaction_id]))
            async with streaming(client, last=0) as later:
                assert transactions(await later.next()) == [sent.transaction_id]
                assert (await ask(platform, "DELETE")).status == 204
                assert await ended


@pytest.mark.requirement("FS-12", "FS-34")
async def test_faults_that_do_not_fit_an_event_are_left_out_and_those_of_its_call_strike_when_it_opens(
    serve: Serve,
) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        await send(platform)
        unfitting: list[dict[str, Any]] = [
            {"kind": "stall_delivery", "rate": 1},
            {"kind": "wrong_tls_certificate", "rate": 1},
            {"kind": "server_error", "status": 503},
        ]
        await switch_on(platform, *unfitting)
        assert (await client.call("GET", STREAM)).status == 503
        async with streaming(client) as stream:
            await stream.next()
        assert await struck(platform) == {"stall_delivery": 0, "wrong_tls_certificate": 0, "server_error": 1}
        assert await notes(platform) == []


async def signers_of_calls(platform: Platform) -> list[str]:
    """The certificates that the calls of the DIP were signed with, by fingerprint."""
    rows = await platform.dip.store.writer.ask(
        lambda connection: connection.execute(
            "SELECT signing_certificate FROM exchange WHERE direction = 'out' ORDER BY id"
        ).fetchall()
    )
    return [str(one) for (one,) in rows]


async def _are_leased(platform: Platform, sent: Sequence[str]) -> bool:
    return [await state_of(platform, one) for one in sent] == ["leased"] * len(sent)
