"""What a recipient says of messages that it pulled: counted once, late or not, and told to the sender (FS-29)."""

import msgspec
import pytest

from dip.client import Fetched, Pulled
from dip.messages.standard_response import Entry, code_of
from tests.conftest import Serve
from tests.integration.delivery.conftest import REGISTRATION, SUPPLIER, journal_of, send, state_of
from tests.support.platform import Platform, sample
from tests.support.waiting import until

ACK = f"/dip-channel/IF-031/messages/{REGISTRATION}/ack"


def said(entries: list[Entry]) -> list[tuple[str | None, str]]:
    """The code of each entry, and what its help is about."""
    return [(code_of(entry.message), entry.help or "") for entry in entries]


def only(pulled: Pulled) -> Fetched:
    (item,) = pulled.items
    return item


@pytest.mark.requirement("FS-12", "FS-29")
async def test_a_rejected_message_goes_back_to_its_sender_and_is_not_handed_out_again(serve: Serve) -> None:
    async with serve() as platform:
        client, sender = await platform.client(REGISTRATION), await platform.client(SUPPLIER)
        good, bad = await send(platform, 2)
        pulled = await client.pull("IF-031")
        entries = [pulled.items[0].entry, pulled.items[1].refused("RCP1061 - MPAN Invalid or Unknown", "not ours")]
        answer = await client.acknowledge("IF-031", entries, lease=pulled.lease)
        assert said(answer.entries) == [("MSG0000", ""), ("MSG0000", "")]
        assert [entry.transaction_id for entry in answer.entries] == [good.transaction_id, bad.transaction_id]
        assert await journal_of(platform, bad.transaction_id) == ["Leased", "RejectedByRecipient"]
        assert await state_of(platform, bad.transaction_id) == "rejected"
        assert (await client.pull("IF-031")).items == ()
        told = only(await sender.pull("statusmessage", wait=5))
        assert told.received is not None
        assert told.received.item["transactionID"] == bad.transaction_id
        assert told.received.item["message"] == "RCP1061 - MPAN Invalid or Unknown"
        assert told.received.item["help"] == "not ours"
        assert told.received.item["senderID"] == REGISTRATION
        # A status message that is rejected is recorded, and never returned.
        refused = await sender.acknowledge("statusmessage", [told.refused("RCP1000")])
        assert refused.all_accepted
        assert (await sender.pull("statusmessage")).items == ()
        assert (await client.pull("statusmessage")).items == ()


@pytest.mark.requirement("FS-12")
async def test_an_acknowledgement_that_comes_again_is_answered_the_same_and_another_one_is_told_why_not(
    serve: Serve,
) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        await send(platform)
        pulled = await client.pull("IF-031")
        item = only(pulled)
        for _ in range(2):
            answer = await client.acknowledge("IF-031", pulled.entries, lease=pulled.lease)
            assert said(answer.entries) == [("MSG0000", "")]
        answer = await client.acknowledge("IF-031", [item.refused("RCP1000")])
        ((code, explanation),) = said(answer.entries)
        assert code == "MSG1000"
        assert "POST /statusmessage" in explanation
        assert await state_of(platform, item.entry.transaction_id or "") == "delivered"


@pytest.mark.requirement("FS-12")
async def test_a_late_acknowledgement_counts_unless_the_message_was_handed_out_again(serve: Serve) -> None:
    async with serve(lease_s=0.2) as platform:
        client = await platform.client(REGISTRATION)
        first, second = await send(platform, 2)
        pulled = await client.pull("IF-031")
        await until(lambda: _state(platform, second.transaction_id, "waiting"))
        late = await client.acknowledge("IF-031", pulled.entries[:1], lease=pulled.lease)
        assert said(late.entries) == [("MSG0000", "")]
        assert await state_of(platform, first.transaction_id) == "delivered"
        again = await client.pull("IF-031")
        assert again.lease != pulled.lease
        ((code, explanation),) = said(
            (await client.acknowledge("IF-031", pulled.entries[1:], lease=pulled.lease)).entries
        )
        assert (code, explanation) == ("MSG1000", f"It was handed out again, under lease {again.lease}.")
        assert await state_of(platform, second.transaction_id) == "leased"
        assert (await client.acknowledge("IF-031", again.entries, lease=again.lease)).all_accepted


@pytest.mark.requirement("FS-12")
async def test_an_entry_may_name_the_senders_reference_alone(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        (sent,) = await send(platform)
        pulled = await client.pull("IF-031")
        entry = msgspec.structs.replace(only(pulled).entry, transaction_id=None)
        answer = await client.acknowledge("IF-031", [entry])
        assert said(answer.entries) == [("MSG0000", "")]
        assert answer.entries[0].transaction_id == sent.transaction_id
        assert await state_of(platform, sent.transaction_id) == "delivered"


@pytest.mark.requirement("FS-12")
async def test_what_was_not_handed_out_or_says_nothing_is_not_counted(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        strange = Entry(transaction_id="T-strange", message="RCP0000")
        empty_lane = await client.acknowledge("IF-031", [strange])
        assert [code for code, _ in said(empty_lane.entries)] == ["MSG1000"]
        first, second = await send(platform, 2)
        await client.pull("IF-031", most=1)
        entries = [
            strange,
            Entry(transaction_id=first.transaction_id),
            Entry(transaction_id=second.transaction_id, message="RCP0000"),
            Entry(message="RCP0000"),
        ]
        answer = await client.acknowledge("IF-031", entries)
        codes, explanations = zip(*said(answer.entries), strict=True)
        assert codes == ("MSG1000",) * 4
        for expected, found in zip(
            ["handed out to", "response code", "fetch it first", "transactionID"], explanations, strict=True
        ):
            assert expected in found
        assert await state_of(platform, first.transaction_id) == "leased"
        assert await state_of(platform, second.transaction_id) == "waiting"


@pytest.mark.requirement("FS-12")
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"messageArray": []}', b'{"messageArray": [{"transactionID": 5}]}', b"{" * 5000],
)
async def test_an_acknowledgement_that_is_none_is_refused(serve: Serve, body: bytes) -> None:
    async with serve(message_limit=3) as platform:
        client = await platform.client(REGISTRATION)
        assert (await client.call("POST", ACK, body)).status == 400
        assert (await client.call("POST", ACK, b"{}", headers={"X-DIP-Lease": "soon"})).status == 400
        many = await client.acknowledge("IF-031", [Entry(transaction_id=str(number)) for number in range(4)])
        assert many.status == 400


@pytest.mark.requirement("FS-12")
async def test_nobody_acknowledges_for_another(serve: Serve) -> None:
    async with serve() as platform:
        await send(platform)
        client = await platform.client(REGISTRATION)
        pulled = await client.pull("IF-031")
        other = await platform.client("2200000002")
        body = msgspec.json.encode({"messageArray": pulled.entries, "timestamp": ""})
        assert (await other.call("POST", ACK, body)).status == 403
        # The other's own queue has no such message.
        answer = await other.acknowledge("IF-031", pulled.entries, lease=pulled.lease)
        assert [code for code, _ in said(answer.entries)] == ["MSG1000"]


@pytest.mark.requirement("FS-12", "FS-29")
async def test_several_status_messages_about_one_transaction_are_acknowledged_one_by_one(serve: Serve) -> None:
    async with serve() as platform:
        sender = await platform.client("1400000001")
        assert (await sender.send("IF-021", [sample("if-021")])).all_accepted
        receivers = ["1900000001", "2500000001", "1800000001"]
        for dip_id in receivers:
            client = await platform.client(dip_id)
            pulled = await client.pull("IF-021", wait=5)
            if pulled.items:
                await client.acknowledge("IF-021", [pulled.items[0].refused("RCP1000", f"of {dip_id}")])
        told = await sender.pull("statusmessage", wait=5)
        assert len(told.items) >= 2
        assert len({item.entry.transaction_id for item in told.items}) == 1
        answer = await sender.acknowledge("statusmessage", told.entries[:1], lease=told.lease)
        assert answer.all_accepted
        assert platform.dip.store.messages.lanes_leased()
        rest = await sender.acknowledge("statusmessage", told.entries[1:], lease=told.lease)
        assert rest.all_accepted
        assert not platform.dip.store.messages.lanes_leased()


@pytest.mark.requirement("FS-01", "FS-12")
async def test_both_calls_leave_evidence(serve: Serve) -> None:
    async with serve() as platform:
        client = await platform.client(REGISTRATION)
        await send(platform)
        pulled = await client.pull("IF-031")
        await client.acknowledge("IF-031", pulled.entries)
        rows = await platform.dip.store.writer.ask(
            lambda connection: connection.execute(
                "SELECT id, direction, method, party, status, content_hash <> '', signature <> '', "
                "signing_certificate <> '', tls_certificate <> '', answer <> x'' FROM exchange ORDER BY id"
            ).fetchall()
        )
        assert rows[-2] == (int(pulled.lease or 0), "out", "GET", REGISTRATION, 200, 1, 1, 1, 1, 0)
        assert rows[-1][1:] == ("in", "POST", REGISTRATION, 200, 1, 1, 1, 1, 1)


async def _state(platform: Platform, transaction: str, state: str) -> bool:
    found = await state_of(platform, transaction)
    assert found == state
    return True
