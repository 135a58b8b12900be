"""Messages of several kinds in one request: each is judged by itself, whatever stands before it."""

from typing import Any

import msgspec
import pytest

from dip.messages.identifiers import InterfaceId
from tests.conftest import Serve
from tests.integration.intake.calls import Call, calls_to
from tests.support.platform import changed, sample

S0 = "CommonBlock.S0"
SERVICE = "1400000001"


def written(message: Any) -> bytes:
    return msgspec.json.encode(message)


def kinds(good: Any) -> dict[str, bytes]:
    """A message in every way that reading its header can go."""
    return {
        "good": written(good),
        "another event": written(changed(good, f"{S0}.eventCode", "[MSApp]")),
        "no event": written(changed(good, f"{S0}.eventCode", "[Nothing]")),
        "an event that is no text": written(changed(good, f"{S0}.eventCode", 1)),
        "another channel": written(changed(good, f"{S0}.interfaceID", "IF-033")),
        "another edition": written(changed(good, f"{S0}.schemaVersion", "999")),
        "an edition that is no text": written(changed(good, f"{S0}.schemaVersion", 1)),
        "no header": written(changed(good, S0, None)),
        "no object": written(changed(good, "CommonBlock", [])),
        "a name twice": written(good).replace(b'"eventCode":', b'"eventCode":"[Nothing]","eventCode":'),
        "a block twice": written(good).replace(b'"S0":', b'"S0":{"interfaceID":1},"S0":'),
        "other case": written(good).replace(b'"eventCode":', b'"eventcode":'),
        "white space": msgspec.json.format(written(good)),
        "another tag": written(changed(good, "CommonBlock.S1.environmentTag", "PRD")),
    }


@pytest.mark.requirement("FS-19", "FS-25")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_a_message_is_judged_alike_alone_and_after_any_other(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform, calls_to(platform) as calls:
        # The last message is refused: in the live profile none is taken then, and all of them are told why.
        bad = written(changed(sample("if-031"), f"{S0}.eventCode", "[Never]"))

        async def answered(*names: str) -> tuple[str, str]:
            """What the answer says of the last of these messages."""
            elements = [kinds(calls.good())[name] for name in names]
            reply = await calls.make(Call(body=b"[" + b",".join([*elements, bad]) + b"]"))
            entry = reply.entries[len(names) - 1]
            return entry["message"], (entry["help"] or "").replace(f"/{len(names) - 1}/", "/0/")

        names = list(kinds(calls.good()))
        for name in names:
            alone = await answered(name)
            for first in names:
                assert await answered(first, name) == alone, (first, name)


@pytest.mark.requirement("FS-19")
async def test_each_message_of_a_request_is_kept_under_its_own_event(serve: Serve) -> None:
    async with serve(profile="live") as platform, calls_to(platform) as calls:
        codes = list(platform.dip.registry.value.channels[InterfaceId("IF-021")].events)
        assert len(codes) > 1
        messages = [changed(calls.good("if-021", SERVICE), f"{S0}.eventCode", code) for code in [*codes, *codes]]
        reply = await calls.post(*messages, path="/dip-channel/IF-021", sender=SERVICE)
        assert reply.status == 201, reply.help
        kept = await platform.dip.store.writer.ask(
            lambda connection: connection.execute("SELECT event FROM message ORDER BY id").fetchall()
        )
        assert [row[0] for row in kept] == [*codes, *codes]
