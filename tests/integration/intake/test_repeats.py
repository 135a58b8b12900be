"""The same reference again: idempotent taking in (5.4)."""

import pytest

from tests.conftest import Serve
from tests.integration.intake.calls import Call, array, calls_to
from tests.support.platform import changed, sample

REFERENCE = "CommonBlock.S1.senderUniqueReference"
OTHER = ("CommonBlock.S1.subText", "something else")


@pytest.mark.requirement("FS-14")
async def test_spec_answers_a_repeat_as_the_first_time_and_sends_nothing_twice(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        registration = await platform.listener("2200000001")
        plain = sample("if-031")
        first = await calls.post(calls.closed(plain))
        again = await calls.post(calls.closed(plain))
        assert (again.status, again.codes) == (202, ["MSG0000"])
        for key in ("transactionID", "correlationID", "senderUniqueReference"):
            assert again.entries[0][key] == first.entries[0][key]
        other = await calls.post(calls.good())
        received = [(await registration.next(5)).transaction_id for _ in range(2)]
        assert received == [first.entries[0]["transactionID"], other.entries[0]["transactionID"]]
        assert (await calls.counted("message"), await calls.counted("delivery")) == (2, 2)


@pytest.mark.requirement("FS-14")
async def test_the_same_content_in_another_form_is_a_repeat(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        plain = sample("if-031")
        block = plain["payload"]["CustomBlock"]
        first = await calls.post(calls.closed(plain))
        turned = changed(plain, "CustomBlock", {key: block[key] for key in reversed(block)})
        turned["payload"] = {key: turned["payload"][key] for key in reversed(turned["payload"])}
        spaced = array(calls.closed(turned)).replace(b'":', b'" :\n ')
        again = await calls.make(Call(body=spaced))
        assert (again.status, again.codes) == (202, ["MSG0000"])
        assert again.entries[0]["transactionID"] == first.entries[0]["transactionID"]
        assert await calls.counted("delivery") == 1


@pytest.mark.requirement("FS-14")
async def test_live_refuses_a_repeat_and_names_the_first_ids(serve: Serve) -> None:
    async with serve(profile="live") as platform, calls_to(platform) as calls:
        message = calls.good()
        first = (await calls.post(message)).entries[0]
        again = await calls.post(message)
        assert (again.status, again.codes) == (400, ["MSG1006"])
        for key in ("transactionID", "correlationID"):
            assert again.entries[0][key] == first[key]
        client = await platform.client("2300000001")
        assert (await client.send("IF-031", [message])).all_accepted
        assert await calls.counted("message") == 1


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-14")
async def test_other_content_under_a_used_reference_is_refused(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform, calls_to(platform) as calls:
        message = calls.good()
        first = (await calls.post(message)).entries[0]
        again = await calls.post(changed(message, *OTHER))
        assert (again.status, again.codes) == (400, ["MSG1006"])
        assert again.entries[0]["transactionID"] == first["transactionID"]
        assert "/0/payload/CommonBlock/S1/senderUniqueReference" in again.help
        assert "other content" in again.help
        assert await calls.counted("message") == 1


@pytest.mark.requirement("FS-14")
async def test_a_reference_twice_in_one_body_of_spec_is_judged_like_a_repeat(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        plain = sample("if-031")
        reply = await calls.post(calls.closed(plain), calls.closed(plain), calls.closed(changed(plain, *OTHER)))
        assert (reply.status, reply.codes) == (207, ["MSG0000", "MSG0000", "MSG1006"])
        assert len({entry["transactionID"] for entry in reply.entries}) == 1
        assert (await calls.counted("message"), await calls.counted("delivery")) == (1, 1)


@pytest.mark.requirement("FS-14")
async def test_a_reference_twice_in_one_body_of_live_refuses_it_whole(serve: Serve) -> None:
    async with serve(profile="live") as platform, calls_to(platform) as calls:
        message = calls.good()
        reply = await calls.post(message, message)
        assert (reply.status, reply.codes) == (400, ["MSG1000", "MSG1006"])
        assert [entry["transactionID"] for entry in reply.entries] == [None, None]
        assert await calls.counted("message") == 0


@pytest.mark.requirement("FS-14")
async def test_a_repeat_beside_a_bad_message_of_live_still_names_its_first_ids(serve: Serve) -> None:
    async with serve(profile="live") as platform, calls_to(platform) as calls:
        message = calls.good()
        first = (await calls.post(message)).entries[0]
        bad = changed(calls.good(), "CommonBlock.S1.environmentTag", "PRD")
        reply = await calls.post(message, bad, calls.good())
        assert (reply.status, reply.codes) == (400, ["MSG1006", "MSG1000", "MSG1000"])
        assert reply.entries[0]["transactionID"] == first["transactionID"]
        assert reply.entries[2]["transactionID"] is None
        assert "Nothing is wrong" in reply.entries[2]["help"]
        assert await calls.counted("message") == 1


@pytest.mark.requirement("FS-14")
async def test_a_reference_counts_for_its_sender_and_channel(serve: Serve) -> None:
    async with serve(profile="live") as platform, calls_to(platform) as calls:
        other = "2300000002"
        message = calls.good()
        reference = message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"]
        assert (await calls.post(message)).status == 201
        theirs = changed(changed(calls.good(), REFERENCE, reference), "CommonBlock.S1.senderDIPID", other)
        assert (await calls.post(theirs, sender=other)).status == 201


@pytest.mark.requirement("FS-01", "FS-14")
async def test_a_repeat_is_known_after_a_restart(serve: Serve) -> None:
    plain = sample("if-031")
    async with serve() as platform, calls_to(platform) as calls:
        first = (await calls.post(calls.closed(plain))).entries[0]
    async with serve() as platform, calls_to(platform) as calls:
        again = await calls.post(calls.closed(plain))
        assert (again.status, again.entries[0]["transactionID"]) == (202, first["transactionID"])
        assert await calls.counted("delivery") == 1
