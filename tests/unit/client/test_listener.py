import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from dip.client import Listener, Received
from dip.client.messages import Message
from dip.security.encryption import Encryptor
from tests.unit.client.conftest import SUPPLIER, Platform, laid_out, message, pem

StandardResponse = dict[str, list[dict[str, str | None]]]


async def post(
    session: aiohttp.ClientSession,
    platform: Platform,
    listener: Listener,
    messages: Sequence[Message],
    *,
    at: datetime | None = None,
    tamper: bool = False,
) -> tuple[int, list[dict[str, str | None]]]:
    body = msgspec.json.encode(messages)
    headers = platform.signer.headers("POST", listener.url, body, at or datetime.now(UTC))
    sent = body.replace(b"REGS", b"SUPX") if tamper else body
    async with session.post(listener.url, data=sent, headers=headers) as answer:
        said = await answer.read()
        return answer.status, msgspec.json.decode(said)["messageArray"] if said[:1] == b"{" else []


@pytest.mark.requirement("FS-07")
async def test_a_signed_call_is_answered_with_an_entry_for_each_message(
    platform: Platform, dip_session: aiohttp.ClientSession
) -> None:
    async with Listener(platform.credentials()) as listener:
        status, entries = await post(dip_session, platform, listener, [message(1), message(2)])
        assert status == 201
        assert [entry["message"] for entry in entries] == ["RCP0000 - Message Success"] * 2
        assert entries[0] == entries[0] | {
            "transactionID": "T-IF-036-2200000001-REGS-20260321-0001",
            "senderUniqueReference": "S-IF-036-2200000001-REGS-20260321-0001",
            "correlationID": "CI-20260321-1",
            "senderID": SUPPLIER,
            "recipientID": "2200000001",
            "help": None,
        }
        received = await listener.next(timeout_s=30)
        assert (received.interface, received.event) == ("IF-036", "[DSAppActive]")
        assert received.correlation_id == "CI-20260321-1"


@pytest.mark.requirement("FS-08")
async def test_an_encrypted_custom_block_is_received_in_plain(
    platform: Platform, dip_session: aiohttp.ClientSession
) -> None:
    sealed = message()
    plain = sealed["payload"]["CustomBlock"]
    sealed["payload"]["CustomBlock"] = platform.encryptor.encrypt(msgspec.json.encode(plain))
    async with Listener(platform.credentials()) as listener:
        status, _ = await post(dip_session, platform, listener, [sealed])
        received = await listener.next(timeout_s=30)
    assert (status, received.custom, received.encrypted) == (201, plain, True)


@pytest.mark.requirement("FS-68")
async def test_a_renewed_encryption_key_is_taken_up_when_the_first_message_comes_for_it(tmp_path: Path) -> None:
    platform = laid_out(tmp_path)
    async with (
        Listener(platform.credentials()) as listener,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=platform.credentials().calling_context())
        ) as dip_session,
    ):
        key = rsa.generate_private_key(65537, 2048)
        renewed = platform.authority.issue("encryption", key)
        sealed = message()
        plain = sealed["payload"]["CustomBlock"]
        sealed["payload"]["CustomBlock"] = Encryptor(renewed).encrypt(msgspec.json.encode(plain))
        status, _ = await post(dip_session, platform, listener, [sealed])
        assert status == 400
        (platform.folder / "encryption.pem").write_bytes(renewed.public_bytes(Encoding.PEM))
        (platform.folder / "encryption.key").write_bytes(pem(key))
        sealed["payload"]["CommonBlock"]["D0"]["replayIndicator"] = True
        status, _ = await post(dip_session, platform, listener, [sealed])
        received = await listener.next(timeout_s=30)
    assert (status, received.custom) == (201, plain)


@pytest.mark.requirement("FS-07")
async def test_a_changed_body_is_refused_as_wrongly_signed(
    platform: Platform, dip_session: aiohttp.ClientSession
) -> None:
    async with Listener(platform.credentials()) as listener:
        status, entries = await post(dip_session, platform, listener, [message()], tamper=True)
        assert status == 400
        assert entries[0]["message"] == "RCP9999 - Message Signature Invalid"
        assert "content hash" in (entries[0]["help"] or "")
        assert listener.calls == 0


async def test_an_old_signature_is_refused(platform: Platform, dip_session: aiohttp.ClientSession) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    async with Listener(platform.credentials()) as listener:
        status, entries = await post(dip_session, platform, listener, [message()], at=an_hour_ago)
    assert status == 400
    assert (entries[0]["message"] or "").startswith("RCP9999")


@pytest.mark.requirement("FS-66")
async def test_a_caller_without_a_certificate_gets_no_answer(platform: Platform) -> None:
    credentials = platform.credentials()
    context = credentials.calling_context()
    bare = type(context)(context.protocol)
    bare.load_verify_locations(credentials.root)
    async with Listener(credentials) as listener, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(listener.url, data=b"[]", ssl=bare)


async def test_a_block_encrypted_to_somebody_else_is_refused_alone(
    platform: Platform, dip_session: aiohttp.ClientSession
) -> None:
    foreign = message(2)
    foreign["payload"]["CustomBlock"] = "not.a.jwe"
    async with Listener(platform.credentials()) as listener:
        status, entries = await post(dip_session, platform, listener, [message(1), foreign])
    assert status == 207
    assert [(entry["message"] or "")[:7] for entry in entries] == ["RCP0000", "RCP1000"]
    assert "JWE" in (entries[1]["help"] or "")


async def test_a_message_that_comes_twice_gets_the_first_answer_and_is_handed_on_once(
    platform: Platform, dip_session: aiohttp.ClientSession
) -> None:
    seen: list[str | None] = []

    async def refuse(messages: Sequence[Received]) -> list[str]:
        seen.extend(received.transaction_id for received in messages)
        return ["RCP1061 - MPAN Invalid or Unknown"] * len(messages)

    async with Listener(platform.credentials(), handler=refuse) as listener:
        answers = [await post(dip_session, platform, listener, [message()]) for _ in range(2)]
    assert [(status, entries[0]["message"]) for status, entries in answers] == [
        (400, "RCP1061 - MPAN Invalid or Unknown")
    ] * 2
    assert len(seen) == 1


async def test_a_message_that_was_asked_for_again_is_handed_on_again(
    platform: Platform, dip_session: aiohttp.ClientSession
) -> None:
    async with Listener(platform.credentials()) as listener:
        await post(dip_session, platform, listener, [message()])
        await post(dip_session, platform, listener, [message(replayIndicator=True)])
        assert [(await listener.next(timeout_s=30)).replayed for _ in range(2)] == [False, True]


async def test_status_messages_are_received_beside_messages(
    platform: Platform, dip_session: aiohttp.ClientSession
) -> None:
    status_entry: Message = {
        "transactionID": "T-1",
        "senderUniqueReference": "S-1",
        "correlationID": None,
        "senderID": "0000000001",
        "message": "MSG1038 - Cannot Resolve",
    }
    async with Listener(platform.credentials()) as listener:
        status, entries = await post(dip_session, platform, listener, [status_entry, status_entry])
        received = [await listener.next(timeout_s=30) for _ in range(2)]
    assert (status, entries[0]["transactionID"]) == (201, "T-1")
    assert all(each.is_status and each.sender == "0000000001" for each in received)


@pytest.mark.parametrize("element", [17, {}, {"payload": 1}, {"payload": {"CommonBlock": {"D0": []}}}])
async def test_an_element_that_is_no_message_is_refused_alone(
    platform: Platform, dip_session: aiohttp.ClientSession, element: Message
) -> None:
    async with Listener(platform.credentials()) as listener:
        status, entries = await post(dip_session, platform, listener, [message(), element])
    assert (status, entries[1]["message"]) == (207, "RCP1001 - Schema Failure")


async def test_a_full_listener_asks_for_patience(platform: Platform, dip_session: aiohttp.ClientSession) -> None:
    async with Listener(platform.credentials(), capacity=1) as listener:
        assert (await post(dip_session, platform, listener, [message(1)]))[0] == 201
        assert (await post(dip_session, platform, listener, [message(2)]))[0] == 503
        await listener.next(timeout_s=30)
        assert (await post(dip_session, platform, listener, [message(2)]))[0] == 201


async def test_a_handler_may_answer_with_a_status_of_its_own(
    platform: Platform, dip_session: aiohttp.ClientSession
) -> None:
    async def busy(_: Sequence[Received]) -> None:
        raise web.HTTPTooManyRequests

    async with Listener(platform.credentials(), handler=busy) as listener:
        assert (await post(dip_session, platform, listener, [message()]))[0] == 429


async def test_a_raw_listener_counts_and_keeps_nothing(platform: Platform, dip_session: aiohttp.ClientSession) -> None:
    async with Listener(platform.credentials(), raw=True) as listener:
        assert await post(dip_session, platform, listener, [message(1), message(2)]) == (202, [])
        assert (listener.calls, listener.messages) == (1, 2)
        with pytest.raises(TimeoutError):
            await listener.next(timeout_s=0)


async def test_iteration_waits_for_what_arrives(platform: Platform, dip_session: aiohttp.ClientSession) -> None:
    async with Listener(platform.credentials()) as listener:

        async def first() -> Received:
            async for received in listener:
                return received
            raise AssertionError

        task = asyncio.create_task(first())
        await post(dip_session, platform, listener, [message(7)])
        assert (await task).transaction_id == "T-IF-036-2200000001-REGS-20260321-0007"
