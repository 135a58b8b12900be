"""A revoked role, an ended sign-up, a participant that leaves: what waits is accounted for, nobody is left over."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest

from dip.messages.identifiers import DipId
from dip.store.companies import Onboarded
from dip.trust.onboarding_plan import left
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, Receive, journal_of, send, state_of
from tests.integration.duties.desk import Desk, desk
from tests.integration.onboarding.feed import company, market, tell
from tests.integration.routing.traffic import addressed, appoint, appointment
from tests.support.platform import Platform, changed, sample
from tests.support.waiting import until

WESTMOOR = "09000003"


async def line(office: Desk, recipient: str, channel: str = "IF-031") -> dict[str, int]:
    """What is not nothing in the balance of a recipient's channel."""
    sheet = await office.ask("balance")
    assert sheet["balanced"], sheet["unbalanced"]
    found = [one for one in sheet["items"] if (one["recipient"], one["channel"]) == (recipient, channel)]
    names = ("accepted", "waiting", "leased", "delivered", "rejected", "dead", "withdrawn")
    return {name: found[0][name] for name in names if found and found[0][name]}


async def told(platform: Platform, count: int, sender: str = SUPPLIER) -> list[Any]:
    """The entries of the status messages that wait for a sender."""
    client = await platform.client(sender)
    answer = await client.call("GET", f"/statusmessage/messages/{sender}?max={count}&wait=5")
    found: list[Any] = msgspec.json.decode(answer.body)
    return found


@pytest.mark.requirement("FS-40")
async def test_what_waits_for_a_revoked_role_is_withdrawn_and_its_senders_are_told(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        sent = await send(platform, 7)
        await tell(platform, company(WESTMOOR, market("WRGS", "LDSO")))
        assert {await state_of(platform, one.transaction_id) for one in sent} == {"withdrawn"}
        assert await journal_of(platform, sent[0].transaction_id) == ["Withdrawn"]
        assert await line(office, REGISTRATION) == {"accepted": 7, "withdrawn": 7}
        entries = await told(platform, 7)
        assert {entry["transactionID"] for entry in entries} == {one.transaction_id for one in sent}
        assert entries[0]["message"].startswith("MSG1030")
        assert f"{REGISTRATION} does not receive IF-031 any more" in entries[0]["help"]


@pytest.mark.requirement("FS-40")
async def test_webhooks_of_lost_channels_go_and_what_is_on_its_way_still_counts(serve: Serve, receive: Receive) -> None:
    async with serve() as platform, desk(platform) as office:
        webhook = await receive(platform, REGISTRATION, "IF-031", max_message_count=1)
        webhook.open.clear()
        sent = await send(platform, 4)
        await until(lambda: len(webhook.calls) == 1)
        telling = asyncio.create_task(tell(platform, company(WESTMOOR, market("WRGS", "LDSO"))))
        await until(lambda: not platform.dip.dispatcher.webhooks_of(DipId(REGISTRATION)))
        webhook.open.set()
        await telling
        states = [await state_of(platform, one.transaction_id) for one in sent]
        assert states == ["delivered", "withdrawn", "withdrawn", "withdrawn"]
        assert await line(office, REGISTRATION) == {"accepted": 4, "delivered": 1, "withdrawn": 3}
        assert webhook.calls[1:] == []


@pytest.mark.requirement("FS-40")
async def test_what_was_pulled_and_not_acknowledged_is_withdrawn_too(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        sent = await send(platform, 3)
        registration = await platform.client(REGISTRATION)
        assert len((await registration.pull("IF-031", most=2)).messages) == 2
        await tell(platform, company(WESTMOOR, market("WRGS", "LDSO")))
        assert {await state_of(platform, one.transaction_id) for one in sent} == {"withdrawn"}
        assert await line(office, REGISTRATION) == {"accepted": 3, "withdrawn": 3}
        refused = await registration.call("GET", f"/dip-channel/IF-031/messages/{REGISTRATION}")
        assert refused.status == 403


@pytest.mark.requirement("FS-40", "FS-43")
async def test_a_participant_leaves_under_traffic_and_nothing_is_left_over(serve: Serve, receive: Receive) -> None:
    quick = {"withdrawal_sweep_s": 0.1}
    async with serve(**quick) as platform, desk(platform) as office:
        webhook = await receive(platform, REGISTRATION, "all")
        supplier, ended = await platform.client(SUPPLIER), asyncio.Event()
        accepted: list[str] = []

        async def go_on() -> None:
            while not ended.is_set():
                result = await supplier.send("IF-031", [sample("if-031") for _ in range(5)])
                accepted.extend(one.transaction_id for one in result.accepted)

        sending = asyncio.create_task(go_on())
        await webhook.received(10)
        await office.delete(f"participants/{REGISTRATION}", status=204)
        since = len(accepted)
        await until(lambda: len(accepted) > since + 10, 20)
        ended.set()
        await sending

        async def all_settled() -> bool:
            found = await line(office, REGISTRATION)
            return found.get("delivered", 0) + found.get("withdrawn", 0) == found["accepted"]

        await until(all_settled, 20)
        found = await line(office, REGISTRATION)
        # Whoever did not reach it was told: the recipient is none, or lost the message.
        codes = Counter(entry["message"][:7] for entry in await told(platform, 1000))
        assert set(codes) <= {"MSG1030", "MSG1033"}
        assert codes["MSG1030"] == found.get("withdrawn", 0)
        assert codes["MSG1033"] == len(accepted) - found["accepted"] > 0
        assert platform.dip.dispatcher.webhooks_of(DipId(REGISTRATION)) == []
        gone = await office.ask(f"participants/{REGISTRATION}")
        assert gone["leftAt"] is not None
        assert gone["roles"] == gone["channels"]["receives"] == gone["webhooks"] == []
        assert all(one["revokedAt"] for one in gone["certificates"])
        assert REGISTRATION not in {one["dipId"] for one in (await office.ask("participants"))["items"]}
        assert REGISTRATION in {one["dipId"] for one in (await office.ask("participants?left=true"))["items"]}


@pytest.mark.requirement("FS-40")
async def test_who_left_is_no_recipient_whichever_way_it_is_found(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        mpan = "2099999999999"
        await appoint(platform, mpan, appointment("SDS", "1400000002"), appointment("MSS", "1200000001"))
        await office.delete("participants/1400000002", status=204)
        client = await platform.client(SUPPLIER)
        named = changed(sample("if-031"), "CommonBlock.A0", addressed("1400000002"))
        result = await client.send("IF-031", [named])
        assert str(result.entries[0].message).startswith("MSG1031")
        consumption = changed(sample("if-021"), "CommonBlock.M0.MPANCore", mpan)
        service = await platform.client("1400000001")
        taken = await service.send("IF-021", [consumption])
        assert taken.all_accepted
        found = await office.ask(f"messages/{taken.accepted[0].transaction_id}")
        assert "1400000002" not in {one["recipient"] for one in found["deliveries"]}


@pytest.mark.requirement("FS-40")
async def test_what_a_crash_left_is_withdrawn_by_the_next_start(serve: Serve) -> None:
    async with serve() as platform:
        sent = await send(platform, 2)
        known = platform.dip.participants.value.get(DipId(REGISTRATION))
        assert known is not None
        # As a crash right behind the commit leaves it.
        gone = left(known, platform.dip.clock.wall())
        await platform.dip.store.companies.save(Onboarded(participants=(gone,)))
        assert await state_of(platform, sent[0].transaction_id) == "waiting"
    async with serve() as platform, desk(platform) as office:
        await until(lambda: _withdrawn(platform, sent[1].transaction_id))
        assert await line(office, REGISTRATION) == {"accepted": 2, "withdrawn": 2}


async def _withdrawn(platform: Platform, transaction: str) -> bool:
    return await state_of(platform, transaction) == "withdrawn"


@pytest.mark.requirement("FS-40", "FS-43")
async def test_who_comes_back_has_an_empty_queue_and_goes_on(serve: Serve) -> None:
    async with serve() as platform, desk(platform) as office:
        before = await send(platform, 2)
        await office.delete(f"participants/{REGISTRATION}", status=204)
        order = {"mpid": "WRGS", "name": "Westmoor", "roles": ["REGS"], "dipId": REGISTRATION, "company": WESTMOOR}
        back = await office.do("participants", order, status=201)
        assert back["leftAt"] is None
        assert back["apiKey"]
        after = await send(platform, 1)
        registration = await platform.client(REGISTRATION)
        pulled = await registration.pull("IF-031")
        assert [one.transaction_id for one in pulled.messages] == [after[0].transaction_id]
        assert await state_of(platform, before[0].transaction_id) == "withdrawn"
