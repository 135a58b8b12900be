"""Requests for earlier consumption, which the DIP answers from its archive (IF-015, IF-016)."""

from typing import Any

import msgspec
import pytest

from dip.client import Received
from dip.messages.identifiers import DIP, EventCode, InterfaceId
from dip.store.records import DeliveryState, Stage, Status
from tests.conftest import Serve
from tests.integration.routing.traffic import Message, addressed, consumption, made_up
from tests.support.platform import Platform, changed
from tests.support.waiting import until

NEW, FORMER, MDS = "1100000001", "1100000002", "1800000001"
MPAN = "2067460669049"
"""Its advanced data service was FORMER until 15 September 2025, and is NEW since."""
M0 = {"MPANCore": MPAN, "distributorDIPID": "2500000001", "GSPGroupID": "_H"}
PROFILES = pytest.mark.parametrize("profile", ["spec", "live"])


def power(event: str = "[ActivePower]", mpan: str = MPAN) -> Message:
    """An IF-021 of the former data service."""
    message = consumption("2025-06-01", mpan=mpan)
    message = changed(message, "CommonBlock.S0.eventCode", event)
    for key, value in {
        "senderDIPID": FORMER,
        "senderRoleID": "ADS",
        "senderUniqueReference": message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"],
    }.items():
        message = changed(message, f"CommonBlock.S1.{key}", value)
    return message


def defaulted(platform: Platform) -> Message:
    """An IF-013."""
    return made_up(platform, "IF-013", "[ActivePowerDefaulted]", MDS, "MDS", M0=M0)


def rejected(platform: Platform, event: str = "[ActivePowerRejected]") -> Message:
    """An IF-014."""
    return made_up(platform, "IF-014", event, MDS, "MDS", M0=M0)


def request(platform: Platform, mpan: str = MPAN, sender: str = NEW) -> Message:
    """An IF-015."""
    block = M0 | {"MPANCore": mpan}
    return made_up(platform, "IF-015", "[ConsumptionReplay]", sender, "ADS", M0=block, A0=addressed(DIP))


async def send(platform: Platform, *messages: Message, **options: Any) -> Any:
    """Send messages of one sender and channel."""
    common = messages[0]["payload"]["CommonBlock"]
    client = await platform.client(common["S1"]["senderDIPID"])
    channel = common["S0"]["interfaceID"]
    encrypt = channel not in {"IF-015"} and platform.dip.settings.switches.encrypts_custom_block
    result = await client.send(channel, messages, encrypt=encrypt, **options)
    assert result.all_accepted, result
    return result


async def settled(platform: Platform, transaction: str) -> None:
    """Wait until the DIP is done with a request."""

    async def done() -> bool:
        detail = await platform.dip.store.pages.message(transaction)
        assert detail is not None
        return [one.state for one in detail.deliveries] == [DeliveryState.DELIVERED]

    await until(done)


def events(received: list[Received]) -> list[str]:
    """The event codes of messages."""
    return [one.item["payload"]["CommonBlock"]["S0"]["eventCode"] for one in received]


def block(received: Received, name: str) -> Any:
    """A block of a message's header."""
    return received.item["payload"]["CommonBlock"][name]


@pytest.mark.requirement("FS-32", "FS-17")
@PROFILES
async def test_every_kind_of_earlier_consumption_comes_again_in_order(serve: Serve, profile: str) -> None:
    async with serve(profile=profile) as platform:
        ads = await platform.listener(NEW, "IF-016")
        originals = [power(), power("[ReactivePower]"), defaulted(platform), rejected(platform)]
        for original in originals:
            await send(platform, original)
        await send(platform, rejected(platform, "[ConsumptionOnDeEnergisedMPAN]"))
        await send(platform, power(mpan="1002094596796"))
        ((_, transaction, correlation),) = (await send(platform, request(platform))).accepted
        received = [await ads.next(5) for _ in originals]
        assert events(received) == [
            "[ActivePower]",
            "[ReactivePower]",
            "[ActivePowerDefaulted]",
            "[ActivePowerRejected]",
        ]
        channel = platform.dip.registry.value.find(InterfaceId("IF-016"))
        assert channel is not None
        for original, answer in zip(originals, received, strict=True):
            given = original["payload"]
            assert answer.item["payload"]["CustomBlock"] == given["CustomBlock"]
            assert answer.encrypted is (profile == "spec")
            assert block(answer, "S2") == given["CommonBlock"]["S1"]
            assert block(answer, "M0") == given["CommonBlock"]["M0"]
            assert block(answer, "R1") == {"responseCode": "A", "responseMessages": ["MSG0000 - Success"]}
            assert block(answer, "S1")["senderDIPID"] == DIP
            assert block(answer, "A0")["primaryRecipients"] == [NEW]
            assert block(answer, "D0")["publicationID"] == "PUB-016"
            assert answer.correlation_id == correlation == block(answer, "S1")["senderCorrelationID"]
            layout = channel.events[EventCode(block(answer, "S0")["eventCode"])].format
            assert layout.explain(answer.item["payload"]) == []
        assert block(received[3], "R0") == originals[3]["payload"]["CommonBlock"]["R0"]
        await settled(platform, transaction)
        detail = await platform.dip.store.pages.message(transaction)
        assert detail is not None
        assert detail.journal[-1].detail == "4 answers on IF-016"


@pytest.mark.requirement("FS-32")
@pytest.mark.parametrize(
    ("mpan", "sender", "code"),
    [
        (MPAN, FORMER, "RCP1009 - Sender DIP ID Invalid, Unexpected or Missing"),
        ("2099999999999", NEW, "RCP1061 - MPAN Invalid or Unknown"),
        (MPAN, NEW, "RCP1062 - PUB Unexpected given MPAN Process Status/Condition"),
    ],
)
async def test_a_request_is_turned_down_with_the_reason(serve: Serve, mpan: str, sender: str, code: str) -> None:
    async with serve() as platform:
        ads = await platform.listener(sender, "IF-016")
        if sender == FORMER:
            await send(platform, power())
        ((_, transaction, correlation),) = (await send(platform, request(platform, mpan, sender))).accepted
        answer = await ads.next(5)
        assert events([answer]) == ["[ConsumptionRequestRejected]"]
        assert block(answer, "R1") == {"responseCode": "R", "responseMessages": [code]}
        assert answer.correlation_id == correlation
        assert "CustomBlock" not in answer.item["payload"]
        await settled(platform, transaction)


@pytest.mark.requirement("FS-32")
async def test_only_the_newest_messages_are_sent_up_to_the_limit(serve: Serve) -> None:
    async with serve(consumption_replay_limit=2) as platform:
        ads = await platform.listener(NEW, "IF-016")
        sent = [power() for _ in range(4)]
        await send(platform, *sent)
        ((_, transaction, _),) = (await send(platform, request(platform))).accepted
        received = [await ads.next(5) for _ in range(2)]
        references = [one["payload"]["CommonBlock"]["S1"]["senderUniqueReference"] for one in sent]
        assert [block(one, "S2")["senderUniqueReference"] for one in received] == references[2:]
        await settled(platform, transaction)
        detail = await platform.dip.store.pages.message(transaction)
        assert detail is not None
        assert detail.journal[-1].detail == "2 answers on IF-016, older messages left out"


@pytest.mark.requirement("FS-32", "FS-14")
async def test_a_request_served_again_after_a_crash_has_each_answer_once(serve: Serve) -> None:
    async with serve() as platform:
        await send(platform, *[power() for _ in range(20)])
        ((_, transaction, _),) = (await send(platform, request(platform))).accepted
        await settled(platform, transaction)
        # As if the process had ended after the answers were committed and before the request was settled.
        await platform.dip.store.writer.ask(
            lambda connection: connection.execute(
                "UPDATE delivery SET state = 'waiting', settled_at = NULL, exchange = NULL "
                "WHERE message = (SELECT id FROM message WHERE transaction_id = ?)",
                (transaction,),
            )
        )
    async with serve() as platform:
        await settled(platform, transaction)
        ads = await platform.listener(NEW, "IF-016")
        received = [await ads.next(5) for _ in range(20)]
        assert len({block(one, "S1")["senderUniqueReference"] for one in received}) == 20
        count = await platform.dip.store.writer.ask(
            lambda connection: connection.execute("SELECT count(*) FROM message WHERE interface = 'IF-016'").fetchone()
        )
        assert count == (20,)


async def test_who_waits_for_the_answer_gets_it_in_the_same_call(serve: Serve) -> None:
    async with serve() as platform:
        result = await send(platform, request(platform, "2099999999999"), wait=10)
        assert result.status == 200
        (reply,) = result.reply
        assert reply["payload"]["CommonBlock"]["S0"]["eventCode"] == "[ConsumptionRequestRejected]"


@pytest.mark.requirement("FS-29")
async def test_a_request_that_can_not_be_opened_is_dead_and_does_not_hold_up_the_next(serve: Serve) -> None:
    async with serve(envelope_cache_bytes=0) as platform:
        ads = await platform.listener(NEW, "IF-016", "statusmessage")
        await platform.dip.store.writer.ask(
            lambda connection: connection.execute(
                "CREATE TRIGGER spoiled AFTER INSERT ON archive "
                "WHEN NEW.message = (SELECT min(id) FROM message WHERE interface = 'IF-015') "
                "BEGIN UPDATE archive SET sealed = x'00' WHERE message = NEW.message; END"
            )
        )
        await send(platform, power())
        bad, good = (await send(platform, request(platform), request(platform))).accepted
        received = [await ads.next(5), await ads.next(5)]
        (told,) = (one for one in received if one.is_status)
        (answer,) = (one for one in received if not one.is_status)
        assert told.transaction_id == bad.transaction_id
        assert answer.correlation_id == good.correlation_id
        await settled(platform, good.transaction_id)
        detail = await platform.dip.store.pages.message(bad.transaction_id)
        assert detail is not None
        assert [one.state for one in detail.deliveries] == [DeliveryState.DEAD]
        assert '"waiting_messages_unreadable"' in platform.log.getvalue()


@pytest.mark.requirement("FS-29")
async def test_the_dip_takes_note_of_what_is_wrong_with_its_own_messages(serve: Serve) -> None:
    async with serve() as platform:
        ads = await platform.listener(NEW, "IF-016")
        await send(platform, request(platform, "2099999999999"))
        answer = await ads.next(5)
        client = await platform.client(NEW)
        entry = {
            "transactionID": answer.transaction_id,
            "senderID": NEW,
            "sentTimestamp": block(answer, "S1")["senderTimestamp"],
            "message": "RCP1061 - MPAN Invalid or Unknown",
            **dict.fromkeys(
                [
                    *("senderUniqueReference", "correlationID", "recipientID", "DIPConnectionProviderID"),
                    *("help", "serviceTicketURL"),
                ]
            ),
        }
        assert (await client.call("POST", "/statusmessage", msgspec.json.encode([entry]))).status == 201

        async def noted() -> bool:
            detail = await platform.dip.store.pages.message(answer.transaction_id or "")
            assert detail is not None
            return any(
                (row.stage, row.status, row.recipient) == (Stage.STATUS_MESSAGE, Status.DELIVERED, DIP)
                for row in detail.journal
            )

        await until(noted)
