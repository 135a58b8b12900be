"""Rate limits of participants: 429 with Retry-After, nothing kept, nobody else affected (contract, Messages)."""

import msgspec
import pytest

from tests.conftest import Serve
from tests.integration.intake.calls import OTHER_SUPPLIER, Call, array, calls_to
from tests.support.platform import changed
from tests.support.waiting import until

SENDER = "CommonBlock.S1.senderDIPID"


@pytest.mark.requirement("FS-66")
async def test_more_requests_than_a_participant_may_send_are_refused_until_it_has_waited(serve: Serve) -> None:
    async with serve(requests_a_second=2) as platform, calls_to(platform) as calls:
        first = [await calls.post(calls.good()) for _ in range(2)]
        assert [reply.status for reply in first] == [202, 202]
        refused = await calls.post(calls.good())
        assert (refused.status, refused.code) == (429, "MSG1000")
        assert refused.headers["Retry-After"] == "1"
        assert "At most 2 requests a second" in refused.help
        other = changed(calls.good(), SENDER, OTHER_SUPPLIER)
        theirs = await calls.make(Call(body=array(other), caller=OTHER_SUPPLIER, signer=OTHER_SUPPLIER))
        assert theirs.status != 429
        kept = await calls.counted("message")
        message = calls.good()

        async def taken() -> bool:
            return (await calls.post(message)).status == 202

        await until(taken)
        assert await calls.counted("message") == kept + 1


@pytest.mark.requirement("FS-66")
async def test_more_messages_than_a_participant_may_send_are_refused_before_any_is_kept(serve: Serve) -> None:
    async with serve(messages_a_second=3) as platform, calls_to(platform) as calls:
        assert (await calls.post(*(calls.good() for _ in range(3)))).status == 202
        refused = await calls.post(calls.good(), calls.good())
        assert (refused.status, refused.code) == (429, "MSG1000")
        assert int(refused.headers["Retry-After"]) >= 1
        assert "At most 3 messages a second" in refused.help
        assert await calls.counted("message") == 3


async def test_status_messages_count_as_messages(serve: Serve) -> None:
    async with serve(messages_a_second=1) as platform, calls_to(platform) as calls:
        entry = msgspec.json.encode([{"transactionID": "T"}])
        asked = Call(path="/statusmessage", body=entry)
        first, second = await calls.make(asked), await calls.make(asked)
        assert first.status != 429
        assert second.status == 429


async def test_without_a_setting_nothing_is_refused(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        assert {(await calls.post(calls.good())).status for _ in range(30)} == {202}
