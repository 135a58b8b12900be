"""`/validate` says whether a message has the form of an event, and keeps nothing of it."""

import copy
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest

from dip.channels.channel import Channel, Event
from dip.channels.examples import example
from dip.messages.identifiers import EventCode, InterfaceId
from tests.conftest import Serve
from tests.support.platform import Platform, changed, sample

SUPPLIER = "2300000001"
METERING = "2000000001"
PATH = "/validate/IF-031/DSApp"
PERSONAL = "1234567890123"
Said = tuple[int, Any]


class Asking:
    """A participant that asks, unsigned, over its TLS certificate."""

    def __init__(self, platform: Platform, session: aiohttp.ClientSession) -> None:
        self._url = platform.dip.api_url
        self._session = session

    async def ask(self, path: str, *messages: Any, **headers: str) -> Said:
        """The status and what was said to an array of messages."""
        return await self.ask_raw(path, msgspec.json.encode(messages), **headers)

    async def ask_raw(self, path: str, body: bytes, **headers: str) -> Said:
        """The status and what was said to a body."""
        async with self._session.post(self._url + path, data=body, headers=headers) as answer:
            assert answer.content_type == "application/json"
            return answer.status, msgspec.json.decode(await answer.read())


@asynccontextmanager
async def asking(platform: Platform, who: str = SUPPLIER) -> AsyncIterator[Asking]:
    connector = aiohttp.TCPConnector(ssl=platform.credentials(who).calling_context())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Asking(platform, session)


def pairs(platform: Platform) -> list[tuple[Channel, Event]]:
    channels = platform.dip.registry.value.channels.values()
    return [(channel, event) for channel in channels for event in channel.events.values()]


def message_of(event: Event) -> dict[str, Any]:
    payload = example(event.format.schema())
    payload["CommonBlock"]["S0"]["eventCode"] = event.code
    return {"payload": payload}


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-19", "FS-44")
async def test_a_message_made_from_the_format_of_any_event_is_in_order(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform, asking(platform) as client:
        refused = {}
        for channel, event in pairs(platform):
            name = f"{channel.id}/{event.code.strip('[]')}"
            said = await client.ask(f"/validate/{name}", message_of(event))
            if said != (201, "Message OK"):
                refused[name] = said
        assert not refused


@pytest.mark.requirement("FS-19")
async def test_a_message_without_its_sender_block_is_refused_on_every_event(serve: Serve) -> None:
    async with serve() as platform, asking(platform) as client:
        for channel, event in pairs(platform):
            message = message_of(event)
            del message["payload"]["CommonBlock"]["S1"]
            status, said = await client.ask(f"/validate/{channel.id}/{event.code.strip('[]')}", message)
            assert (status, "/0/payload/CommonBlock/S1" in said) == (400, True), (channel.id, event.code, said)


async def test_every_fault_is_named_with_its_place_and_personal_values_are_not_shown(serve: Serve) -> None:
    async with serve() as platform, asking(platform) as client:
        message = changed(sample("if-031"), "CommonBlock.S1.environmentTag", "NIGHT")
        del message["payload"]["CommonBlock"]["S1"]["senderRoleID"]
        message["payload"]["CustomBlock"]["B071"] |= {"MPANCore": PERSONAL, "added": True}
        status, said = await client.ask(PATH, message)
        assert status == 400
        for pointer in (
            "/0/payload/CommonBlock/S1/environmentTag",
            "/0/payload/CommonBlock/S1/senderRoleID",
            "/0/payload/CustomBlock/B071/added",
        ):
            assert pointer in said
        assert PERSONAL not in said


async def test_no_more_than_ten_faults_are_named(serve: Serve) -> None:
    async with serve() as platform, asking(platform) as client:
        message = sample("if-031")
        message["payload"]["CustomBlock"] |= {f"added{number}": 1 for number in range(30)}
        status, said = await client.ask(PATH, message)
        assert (status, said.count("no key of this name")) == (400, 10)


async def test_only_the_form_counts_not_the_sender_nor_the_environment_nor_repetition(serve: Serve) -> None:
    async with serve() as platform, asking(platform, METERING) as client:
        message = changed(sample("if-031"), "CommonBlock.S1.environmentTag", "PRD")
        message = changed(message, "CommonBlock.S1.senderDIPID", "9999999999")
        assert await client.ask(PATH, message) == (201, "Message OK")
        assert await client.ask(PATH, message) == (201, "Message OK")
        connection = platform.dip.store.writer
        assert await connection.ask(lambda one: one.execute("SELECT count(*) FROM message").fetchone()[0]) == 0


@pytest.mark.parametrize("path", ["/VALIDATE/if-031/dsAPP", "/validate/IF-031/DSApp"])
async def test_the_case_of_the_address_does_not_matter(serve: Serve, path: str) -> None:
    async with serve() as platform, asking(platform) as client:
        assert await client.ask(path, sample("if-031")) == (201, "Message OK")


async def test_an_encrypted_block_is_opened_with_the_callers_key(serve: Serve) -> None:
    async with serve() as platform, asking(platform) as client:
        message = sample("if-031")
        encryptor = platform.credentials(SUPPLIER).encryptor
        closed = changed(
            message, "CustomBlock", encryptor.encrypt(msgspec.json.encode(message["payload"]["CustomBlock"]))
        )
        assert await client.ask(PATH, closed) == (201, "Message OK")
        wrong = changed(message, "CustomBlock", encryptor.encrypt(b'{"B013":null}'))
        status, said = await client.ask(PATH, wrong)
        assert (status, "/0/payload/CustomBlock/B071: expected the key" in said) == (400, True)
        deep = changed(message, "CustomBlock", encryptor.encrypt(b"[" * 40 + b"]" * 40))
        status, said = await client.ask(PATH, deep)
        assert (status, "nested at most" in said) == (400, True)


@pytest.mark.parametrize("block", ["no-jwe", "a.b.c.d.e"])
async def test_a_block_that_does_not_open_is_a_fault_beside_those_of_the_header(serve: Serve, block: str) -> None:
    async with serve() as platform, asking(platform) as client:
        message = changed(sample("if-031"), "CustomBlock", block)
        del message["payload"]["CommonBlock"]["S1"]["senderRoleID"]
        status, said = await client.ask(PATH, message)
        assert status == 400
        assert "/0/payload/CustomBlock: expected an object, or a JWE" in said
        assert "/0/payload/CommonBlock/S1/senderRoleID" in said


async def test_the_live_profile_takes_names_in_any_case_and_no_encrypted_block(serve: Serve) -> None:
    async with serve(profile="live") as platform, asking(platform) as client:
        message = sample("if-031")
        lower = copy.deepcopy(message)
        lower["payload"]["commonblock"] = lower["payload"].pop("CommonBlock")
        assert await client.ask(PATH, lower) == (201, "Message OK")
        status, said = await client.ask(PATH, changed(message, "CustomBlock", "a.b.c.d.e"))
        assert (status, "/0/payload/CustomBlock: expected an object" in said) == (400, True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "expected JSON"),
        (b"{}", "expected a JSON array"),
        (b"[]", "expected at least one message"),
        (b"[1]", "/0: expected"),
        (b'[{"payload":{"CommonBlock":5}}]', "/0/payload/CommonBlock: expected an object"),
        (
            b'[{"payload":{"CommonBlock":{}}},{"payload":{"CommonBlock":{}}}]',
            "expected an array of one message, found 2",
        ),
        (b"[" * 99 + b"]" * 99, "nested at most 32 deep"),
        (b'[{"payload":{"CommonBlock":"\xff"}}]', "expected"),
    ],
)
async def test_a_body_that_is_no_array_of_one_message_is_refused(serve: Serve, body: bytes, expected: str) -> None:
    async with serve() as platform, asking(platform) as client:
        status, said = await client.ask_raw(PATH, body)
        assert (status, expected in said) == (400, True), said


async def test_the_event_of_the_message_is_that_of_the_address(serve: Serve) -> None:
    async with serve() as platform, asking(platform) as client:
        shared = next(
            (channel, event, other)
            for channel, event in pairs(platform)
            for other in channel.events.values()
            if other.format is event.format and other.code != event.code
        )
        channel, event, other = shared
        status, said = await client.ask(f"/validate/{channel.id}/{event.code.strip('[]')}", message_of(other))
        assert (status, "/0/payload/CommonBlock/S0/eventCode" in said) == (400, True)


async def test_a_message_of_another_edition_is_compared_with_that_edition(serve: Serve) -> None:
    async with serve() as platform, asking(platform) as client:
        known = platform.dip.registry.value
        channel = known.channels[InterfaceId("IF-031")]
        event = channel.events[EventCode("[DSApp]")]
        other = known.channels[InterfaceId("IF-032")].events[EventCode("[DSAppInitialResp]")].format
        (current,) = event.editions
        both = dataclasses.replace(event, editions={current: event.format, "900": other})
        changed_channel = dataclasses.replace(channel, events={**channel.events, event.code: both})
        platform.dip.registry.value = dataclasses.replace(
            known, channels={**known.channels, channel.id: changed_channel}
        )
        assert await client.ask(PATH, sample("if-031")) == (201, "Message OK")
        status, said = await client.ask(PATH, changed(sample("if-031"), "CommonBlock.S0.schemaVersion", "901"))
        assert (status, f"expected one of {current}, 900" in said) == (400, True), said
        status, said = await client.ask(PATH, changed(sample("if-031"), "CommonBlock.S0.schemaVersion", "900"))
        assert (status, "/0/payload/CommonBlock/S0/interfaceID" in said) == (400, True), said


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/validate/IF-999/DSApp", "this DIP serves IF-001"),
        ("/validate/IF-031/Nothing", "it has DSApp, MSApp"),
        ("/validate/IF-031/[DSApp]", "it has DSApp, MSApp"),
    ],
)
async def test_an_address_that_names_nothing_is_told_what_there_is(serve: Serve, path: str, expected: str) -> None:
    async with serve() as platform, asking(platform) as client:
        status, said = await client.ask(path, sample("if-031"))
        assert (status, expected in said) == (404, True), said


async def test_a_body_over_the_limit_is_refused(serve: Serve) -> None:
    async with serve(body_limit_bytes=2048) as platform, asking(platform) as client:
        status, said = await client.ask_raw(PATH, b" " * 4096)
        assert (status, "expected at most 2048 bytes" in said) == (413, True)


async def test_who_asks_must_be_known_and_use_the_right_key(serve: Serve) -> None:
    async with serve() as platform, asking(platform) as client:
        status, said = await client.ask(PATH, sample("if-031"), **{"X-API-Key": "guessed"})
        assert (status, said["messageArray"][0]["message"][:7]) == (401, "MSG1000")


@pytest.mark.requirement("FS-02")
async def test_a_report_is_not_looked_into(serve: Serve) -> None:
    async with serve() as platform, asking(platform) as client:
        reports = [(channel, event) for channel, event in pairs(platform) if channel.id.startswith("REP-")]
        assert reports
        for channel, event in reports:
            message = message_of(event)
            for block in message["payload"]["CustomBlock"].values():
                if "compressedReport" in block:
                    block["compressedReport"] = "neither base64 nor a zlib stream"
            path = f"/validate/{channel.id}/{event.code.strip('[]')}"
            assert await client.ask(path, message) == (201, "Message OK")
