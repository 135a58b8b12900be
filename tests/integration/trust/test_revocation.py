"""What is revoked is refused at once, wherever it is still in use (8.4, FS-68)."""

import asyncio

import pytest

from dip.client import CallRefused
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, journal_of, receive, send, state_of
from tests.integration.delivery.test_stream import raw, streaming
from tests.integration.duties.desk import Desk, desk
from tests.support.platform import sample
from tests.support.waiting import until

__all__ = ["receive"]


async def revoke(office: Desk, holder: str, use: str) -> None:
    """Revoke whatever a participant holds for a use."""
    for one in (await office.ask(f"participants/{holder}/certificates"))["items"]:
        if one["use"] == use and one["revokedAt"] is None:
            await office.delete(f"participants/{holder}/certificates/{one['fingerprint']}")


@pytest.mark.requirement("FS-68")
@pytest.mark.parametrize(("use", "said"), [("tls", "client certificate"), ("signing", "signing certificate")])
async def test_the_next_request_of_an_open_connection_is_refused(serve: Serve, use: str, said: str) -> None:
    async with serve() as platform, desk(platform) as office:
        supplier = await platform.client(SUPPLIER)
        assert (await supplier.send("IF-031", [sample("if-031")])).all_accepted
        await revoke(office, SUPPLIER, use)
        refused = await supplier.send("IF-031", [sample("if-031")])
        assert refused.status == 403
        assert refused.accepted == []
        assert said in (refused.entries[0].help or "")
        assert "was revoked" in (refused.entries[0].help or "")


@pytest.mark.requirement("FS-68")
async def test_an_open_stream_ends(serve: Serve) -> None:
    async with serve(stream_heartbeat_s=60.0) as platform, desk(platform) as office:
        client = await platform.client(REGISTRATION)
        await send(platform)
        async with streaming(client) as stream:
            await stream.next()
            await revoke(office, REGISTRATION, "tls")
            (unseen,) = await send(platform)
            assert await stream.ended()
        assert await state_of(platform, unseen.transaction_id) == "waiting"
        with pytest.raises(CallRefused):
            async with streaming(client) as stream:
                await stream.next()


@pytest.mark.requirement("FS-68")
async def test_a_stream_that_ends_says_so(serve: Serve) -> None:
    async with serve(stream_heartbeat_s=60.0) as platform, desk(platform) as office, raw(platform) as answer:
        await answer.content.readuntil(b"\n\n")
        await revoke(office, REGISTRATION, "tls")
        async with asyncio.timeout(30):
            assert await answer.content.read() == b": nobody reads any more, or may\n\n"


@pytest.mark.requirement("FS-68")
async def test_a_waiting_pull_is_refused_and_gets_nothing(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        client = await platform.client(REGISTRATION)
        pulling = asyncio.create_task(client.pull("IF-031", wait=30))
        await until(lambda: platform.dip.fetching.arrivals.waiting)
        await revoke(office, REGISTRATION, "tls")
        (sent,) = await send(platform)
        with pytest.raises(CallRefused, match="revoked"):
            await pulling
        assert await state_of(platform, sent.transaction_id) == "waiting"


@pytest.mark.requirement("FS-68")
async def test_nothing_is_delivered_to_a_webhook_that_shows_a_revoked_certificate(
    serve: Serve, receive: Receive
) -> None:
    async with serve(retry_first_s=0.05) as platform, desk(platform) as office:
        webhook = await receive(platform)
        await send(platform)
        await webhook.called()
        await revoke(office, REGISTRATION, "tls")
        (sent,) = await send(platform)

        async def failed() -> bool:
            return "Retrying" in await journal_of(platform, sent.transaction_id)

        await until(failed)
        assert len(webhook.calls) == 1
