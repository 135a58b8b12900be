from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web

from dip.client import (
    ALL_CHANNELS,
    MIXED,
    STATUS_MESSAGES,
    CallRefused,
    ParticipantClient,
    ServerNotReached,
)
from dip.messages.standard_response import Entry
from dip.security.encryption import Decryptor, thumbprint
from dip.security.signing import SignedHeaders, verify
from tests.unit.client.conftest import SUPPLIER, Platform, message


class Recorder:
    """A peer that keeps the calls it gets and gives one prepared answer."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body
        self.calls: list[tuple[str, str, bytes, dict[str, str]]] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        url = f"{request.scheme}://{request.host}{request.raw_path}"
        self.calls.append((request.method, url, await request.read(), dict(request.headers)))
        return web.Response(status=self.status, body=msgspec.json.encode(self.body))


Peer = Callable[..., AbstractAsyncContextManager[Recorder]]


@pytest.fixture
def peer(platform: Platform) -> Peer:
    @asynccontextmanager
    async def serve(status: int = 202, body: Any = None) -> AsyncIterator[Recorder]:
        recorder = Recorder(status, body)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", recorder.answer)
        runner = web.AppRunner(application, shutdown_timeout=1)
        await runner.setup()
        context = platform.credentials().listening_context()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        recorder.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield recorder
        finally:
            await runner.cleanup()

    return serve


def entry(code: str, transaction_id: str | None = "T-1", **rest: Any) -> Entry:
    return Entry(transaction_id=transaction_id, sender_unique_reference="S-1", message=f"{code} - label", **rest)


def answered(*entries: Entry) -> dict[str, Any]:
    return {"messageArray": entries, "timestamp": "2026-03-21T19:05:00+00:00"}


@pytest.mark.requirement("FS-07", "FS-66")
async def test_a_call_carries_a_signature_over_its_full_address(platform: Platform, peer: Peer) -> None:
    credentials = platform.credentials()
    async with peer(202, answered(entry("MSG0000"))) as dip:
        async with ParticipantClient(credentials, dip.url) as client:
            result = await client.send("IF-036", [message()], wait=1.5)
        [(method, url, body, headers)] = dip.calls
    assert url == f"{dip.url}/dip-channel/IF-036?wait=1.5"
    assert headers["X-API-Key"] == "key-1"
    verify(
        SignedHeaders.of(headers),
        method=method,
        urls=[url],
        body=body,
        public_key=credentials.signer._private_key.public_key(),
        allow_empty_braces=False,
    )
    assert result.all_accepted
    assert [accepted.transaction_id for accepted in result.accepted] == ["T-1"]


@pytest.mark.requirement("FS-08")
@pytest.mark.parametrize(
    ("profile", "encrypt", "sealed"),
    [("spec", None, True), ("live", None, False), ("live", True, True), ("spec", False, False)],
)
async def test_the_custom_block_is_encrypted_where_channel_and_profile_ask_for_it(
    platform: Platform, peer: Peer, profile: str, encrypt: bool | None, sealed: bool
) -> None:
    async with peer(202, answered(entry("MSG0000"))) as dip:
        client = ParticipantClient(platform.credentials(), dip.url, profile=profile, encrypted={"IF-036"})
        async with client:
            await client.send(MIXED, [message()], encrypt=encrypt)
        [(_, url, body, _)] = dip.calls
    block = msgspec.json.decode(body)[0]["payload"]["CustomBlock"]
    assert url.endswith("/dip-channel")
    assert isinstance(block, str) is sealed
    if sealed:
        own = platform.dip_encryption
        plain = Decryptor({thumbprint(own): platform.dip_key}, thumbprint(own)).decrypt(block)
        assert msgspec.json.decode(plain) == message()["payload"]["CustomBlock"]


async def test_a_repeat_that_names_its_first_transaction_succeeds_in_live_alone(platform: Platform, peer: Peer) -> None:
    async with peer(400, answered(entry("MSG1006"), entry("MSG1006", None))) as dip:
        results = []
        for profile in ("live", "spec"):
            async with ParticipantClient(platform.credentials(), dip.url, profile=profile) as client:
                results.append(await client.send("IF-036", [message(), message()]))
    live, spec = results
    assert (len(live.accepted), len(live.refused)) == (1, 1)
    assert (len(spec.accepted), len(spec.refused)) == (0, 2)
    assert not live.all_accepted


async def test_a_reply_that_came_in_time_is_returned_in_plain(platform: Platform, peer: Peer) -> None:
    sealed = message()
    sealed["payload"]["CustomBlock"] = platform.encryptor.encrypt(b'{"B015":{}}')
    async with peer(200, [sealed]) as dip:
        async with ParticipantClient(platform.credentials(), dip.url) as client:
            result = await client.send("IF-031", [message()], wait=20)
    assert result.all_accepted
    assert result.reply is not None
    assert result.reply[0]["payload"]["CustomBlock"] == {"B015": {}}


@pytest.mark.parametrize(
    ("channel", "path"),
    [
        ("IF-036", f"/dip-channel/IF-036/pubconfig/{SUPPLIER}"),
        (ALL_CHANNELS, f"/dip-channel/all/pubconfig/{SUPPLIER}"),
        (STATUS_MESSAGES, f"/statusmessage/config/{SUPPLIER}"),
    ],
)
async def test_webhooks_are_configured_and_removed(platform: Platform, peer: Peer, channel: str, path: str) -> None:
    hook = "https://127.0.0.1:1/messages"
    async with peer(201) as dip, ParticipantClient(platform.credentials(), dip.url) as client:
        await client.configure_webhook(channel, hook, max_message_count=5)
        dip.status = 204
        await client.remove_webhook(channel)
        posted, deleted = dip.calls
    assert (posted[0], posted[1]) == ("POST", dip.url + path)
    assert msgspec.json.decode(posted[2]) == {"callbackURL": hook, "maxMessageCount": 5}
    assert (deleted[0], deleted[1], deleted[2]) == ("DELETE", dip.url + path, b"")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (answered(entry("MSG1000", None, help="the reason")), "MSG1000 - label (the reason)"),
        ({"title": "Forbidden", "detail": "the reason"}, "the reason"),
        ("the reason", "the reason"),
    ],
)
async def test_a_refused_webhook_says_why(platform: Platform, peer: Peer, body: Any, said: str) -> None:
    async with peer(403, body) as dip, ParticipantClient(platform.credentials(), dip.url) as client:
        with pytest.raises(CallRefused, match="403") as refusal:
            await client.configure_webhook("IF-036", "https://127.0.0.1:1/")
        result = await client.send("IF-036", [message()])
    assert said in refusal.value.message
    assert refusal.value.status == 403
    assert not result.all_accepted


async def test_nobody_at_the_address_is_said_with_what_to_do(platform: Platform, peer: Peer) -> None:
    async with peer() as dip:
        url = dip.url
    async with ParticipantClient(platform.credentials(), url) as client:
        with pytest.raises(ServerNotReached, match=r"python run\.py"):
            await client.send("IF-036", [message()])


async def test_a_server_of_another_authority_is_not_trusted(platform: Platform, peer: Peer, stranger: Platform) -> None:
    async with peer() as dip, ParticipantClient(stranger.credentials(), dip.url) as client:
        with pytest.raises(ServerNotReached, match=r"ca\.pem"):
            await client.send("IF-036", [message()])
