"""Faults on demand for those who pull: in the answer's messages, order and signature, and of the call itself."""

import pytest

from dip.client import ParticipantClient, ServerNotReached
from dip.security.signing import SignatureRefused
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, send, state_of
from tests.integration.delivery.fault_desk import notes, struck, switch_on
from tests.support.platform import Platform
from tests.support.waiting import until


async def pulled(client: ParticipantClient) -> list[dict[str, dict[str, str]]]:
    """The common blocks of what a pull brings."""
    return [dict(message.common) for message in (await client.pull("IF-031")).messages]


@pytest.mark.requirement("FS-12", "FS-34")
async def test_the_messages_of_an_answer_are_struck_one_by_one(serve: Serve) -> None:
    async with serve() as platform:
        sent = await send(platform, 3)
        client = await platform.client(REGISTRATION)
        await switch_on(platform, {"kind": "wrong_version", "count": 2}, {"kind": "drop_delivery", "rate": 1})
        versions = [common["S0"]["schemaVersion"] for common in await pulled(client)]
        assert versions[:2] == ["999", "999"] and versions[2] != "999"
        assert await notes(platform) == ["fault: wrong_version"]
        assert await struck(platform) == {"wrong_version": 2, "drop_delivery": 0}
        assert await state_of(platform, sent[0].transaction_id) == "leased"


async def test_an_answer_comes_in_reverse_and_one_message_alone_as_it_is(serve: Serve) -> None:
    async with serve(profile="live") as platform:
        client = await platform.client(REGISTRATION)
        await switch_on(platform, {"kind": "reorder", "count": 2})
        await send(platform)
        assert len(await pulled(client)) == 1 and await struck(platform) == {"reorder": 0}
        sent = await send(platform, 3)
        came = [common["S1"]["senderUniqueReference"] for common in await pulled(client)]
        assert came == [one.reference for one in reversed(sent)]


@pytest.mark.parametrize("kind", ["bad_signature", "wrong_signing_certificate"])
async def test_an_answer_with_a_wrong_signature_is_found_by_the_client(serve: Serve, kind: str) -> None:
    async with serve(profile="live") as platform:
        await send(platform)
        client = await platform.client(REGISTRATION)
        await switch_on(platform, {"kind": kind, "participant": REGISTRATION})
        with pytest.raises(SignatureRefused):
            await client.pull("IF-031")
        assert await notes(platform) == [f"fault: {kind}"]


async def test_a_pull_that_is_not_answered_has_leased_and_its_messages_come_again(serve: Serve) -> None:
    async with serve(profile="live", lease_s=0.3) as platform:
        ((reference, transaction, _),) = await send(platform)
        client = await platform.client(REGISTRATION)
        # The HTTP library itself repeats a GET once that was not answered.
        await switch_on(platform, {"kind": "not_answered", "channel": "IF-031", "count": 2})
        with pytest.raises(ServerNotReached):
            await client.pull("IF-031")
        assert set(await notes(platform)) == {"fault: not_answered"}
        await until(lambda: _waits(platform, transaction))
        (common,) = await pulled(client)
        assert common["S1"]["senderUniqueReference"] == reference


async def _waits(platform: Platform, transaction: str) -> bool:
    return await state_of(platform, transaction) == "waiting"
