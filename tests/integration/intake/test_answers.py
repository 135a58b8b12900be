"""Statuses and bodies by profile (5.5.10)."""

import pytest

from tests.conftest import Serve
from tests.integration.intake.calls import SUPPLIER, Call, Message, array, calls_to
from tests.integration.intake.test_bad_requests import KEYS
from tests.support.platform import changed, sample

BAD = ("CommonBlock.S1.environmentTag", "PRD")
NOT_ALLOWED = ("CommonBlock.S1.senderRoleID", "REGS")


@pytest.mark.parametrize(("profile", "status"), [("spec", 202), ("live", 201)])
@pytest.mark.requirement("FS-24", "FS-25", "FS-30")
async def test_all_taken_gives_the_ids_of_each_message(serve: Serve, profile: str, status: int) -> None:
    async with serve(profile=profile) as platform, calls_to(platform) as calls:
        messages = [calls.good() for _ in range(3)]
        reply = await calls.post(*messages)
        assert reply.status == status
        assert reply.headers["Content-Type"].startswith("application/json")
        references = [message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"] for message in messages]
        assert [entry["senderUniqueReference"] for entry in reply.entries] == references
        for entry in reply.entries:
            assert set(entry) == KEYS
            assert entry["message"] == "MSG0000 - Success"
            assert entry["transactionID"].startswith("T-IF-031-2300000001-SUP-")
            assert len(entry["transactionID"]) <= 63
            assert entry["correlationID"].startswith("CI-")
            assert len(entry["sentTimestamp"]) == 25
            assert (entry["senderID"], entry["recipientID"]) == ("0000000001", SUPPLIER)
            assert entry["serviceTicketURL"] is None
        assert len({entry["transactionID"] for entry in reply.entries}) == 3


@pytest.mark.requirement("FS-30")
async def test_some_bad_in_spec_takes_the_good_ones(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        reply = await calls.post(calls.good(), changed(calls.good(), *BAD), calls.good())
        assert (reply.status, reply.codes) == (207, ["MSG0000", "MSG1000", "MSG0000"])
        assert "/1/payload/CommonBlock/S1/environmentTag" in reply.entries[1]["help"]
        assert await calls.counted("message") == 2


@pytest.mark.requirement("FS-30")
async def test_some_bad_in_live_takes_none(serve: Serve) -> None:
    async with serve(profile="live") as platform, calls_to(platform) as calls:
        good, bad = calls.good(), changed(calls.good(), *BAD)
        reply = await calls.post(good, bad)
        assert (reply.status, len(reply.entries)) == (400, 2)
        assert [entry["transactionID"] for entry in reply.entries] == [None, None]
        assert "Nothing is wrong with this message" in reply.entries[0]["help"]
        assert set(reply.entries[0]) == KEYS
        assert await calls.counted("message") == 0
        assert (await calls.post(good)).status == 201


@pytest.mark.parametrize("profile", ["spec", "live"])
@pytest.mark.requirement("FS-11", "FS-30")
async def test_none_good_is_400_and_403_where_it_is_all_about_permission(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform, calls_to(platform) as calls:
        bad, not_allowed = changed(calls.good(), *BAD), changed(calls.good(), *NOT_ALLOWED)
        assert (await calls.post(bad, bad)).status == 400
        assert (await calls.post(not_allowed, not_allowed)).status == 403
        assert (await calls.post(not_allowed, bad)).status == 400


@pytest.mark.requirement("FS-12")
async def test_one_array_may_serve_several_channels_in_spec(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        service = "1400000001"
        reply = await calls.post(
            calls.good("if-021", service), changed(calls.good(), *NOT_ALLOWED), path="/dip-channel", sender=service
        )
        assert (reply.status, reply.codes) == (207, ["MSG0000", "MSG1009"])
        unknown = changed(calls.good(), "CommonBlock.S0.interfaceID", "IF-999")
        assert (await calls.post(unknown, path="/dip-channel")).code == "MSG1002"


@pytest.mark.parametrize("path", ["/dip-channel/if-031", "/DIP-Channel/IF-031", "/Dip-Channel/If-031"])
async def test_the_case_of_an_address_does_not_matter(serve: Serve, path: str) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        assert (await calls.post(calls.good(), path=path)).status == 202


@pytest.mark.requirement("FS-23")
async def test_the_items_of_the_specification_are_taken_in_spec_and_refused_in_live(serve: Serve) -> None:
    address: Message = {"primaryRecipients": [], "secondaryRecipients": [], "always": []}
    extras = [
        ("CommonBlock.S1.senderEnvelopeReference", "E-1", "senderEnvelopeReference"),
        ("CommonBlock.A0", {**address, "addressingDateTime": "2025-06-01T00:00:00+00:00"}, "addressingDateTime"),
    ]
    for profile, status in (("spec", 202), ("live", 400)):
        async with serve(directory=profile, profile=profile) as platform, calls_to(platform) as calls:
            for path, value, name in extras:
                reply = await calls.post(changed(calls.good(), path, value))
                assert reply.status == status, reply.help
                assert (name in reply.help) == (profile == "live")


@pytest.mark.requirement("FS-19")
async def test_live_takes_names_in_any_case_and_sends_them_in_the_published_one(serve: Serve) -> None:
    async with serve(profile="live") as platform, calls_to(platform) as calls:
        registration = await platform.listener("2200000001", "IF-031")
        message = sample("if-031")
        shouted = array(message)
        for name in (
            "payload",
            "CommonBlock",
            "CustomBlock",
            "interfaceID",
            "senderUniqueReference",
            "MPANCore",
            "B071",
        ):
            shouted = shouted.replace(f'"{name}"'.encode(), f'"{name.swapcase()}"'.encode())
        reply = await calls.make(Call(body=shouted))
        assert reply.status == 201, reply.help
        received = await registration.next(5)
        sent = message["payload"]
        assert received.custom == sent["CustomBlock"]
        assert received.common["M0"] == sent["CommonBlock"]["M0"]
        assert received.common["S1"] == sent["CommonBlock"]["S1"]


async def test_spec_takes_names_in_their_published_case_alone(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        shouted = array(calls.good()).replace(b'"payload"', b'"PAYLOAD"')
        assert (await calls.make(Call(body=shouted))).code == "MSG1001"
        shouted = array(calls.good()).replace(b'"MPANCore"', b'"mpancore"')
        assert (await calls.make(Call(body=shouted))).code == "MSG1001"


async def test_an_api_key_is_optional_unless_required_and_right_where_given(serve: Serve) -> None:
    for required in (False, True):
        async with serve(directory=str(required), api_key_required=required) as platform, calls_to(platform) as calls:
            key = platform.credentials(SUPPLIER).identity.api_key
            given = await calls.make(Call(body=array(calls.good()), headers={"X-API-Key": key}))
            assert given.status == 202
            absent = await calls.post(calls.good())
            assert absent.status == (401 if required else 202)
            assert not required or "X-API-Key" in absent.help
            other = platform.credentials("2200000001").identity.api_key
            wrong = await calls.make(Call(body=array(calls.good()), headers={"X-API-Key": other}))
            assert wrong.status == 401
