"""A message that can't be opened any more is not sent for ever: it is dead, and its sender told (5.5.9)."""

import msgspec
import pytest

from tests.conftest import Serve
from tests.integration.delivery.conftest import SUPPLIER, Receive, journal_of, send, state_of
from tests.support.platform import Platform
from tests.support.waiting import until

SPOIL_MESSAGE = "UPDATE archive SET sealed = x'00' WHERE message = (SELECT id FROM message WHERE transaction_id = ?)"
SPOIL_STATUS = (
    "UPDATE status_message SET sealed = x'00' WHERE message = (SELECT id FROM message WHERE transaction_id = ?)"
)


async def spoil(platform: Platform, statement: str, transaction: str) -> None:
    """Change what the store keeps of a message, or of the status message about it."""
    await platform.dip.store.writer.ask(lambda connection: connection.execute(statement, (transaction,)))


@pytest.mark.requirement("FS-29")
async def test_an_unreadable_message_is_dead_its_sender_told_and_the_next_one_delivered(
    serve: Serve, receive: Receive
) -> None:
    async with serve(envelope_cache_bytes=0) as platform:
        supplier = await platform.listener(SUPPLIER, "statusmessage")
        spoiled, good = await send(platform, 2)
        await spoil(platform, SPOIL_MESSAGE, spoiled.transaction_id)
        registration = await receive(platform)
        assert await registration.received(1) == [good.reference]
        told = await supplier.next(5)
        assert (told.transaction_id, told.item["senderID"]) == (spoiled.transaction_id, "0000000001")
        assert "MSG1000" in told.item["message"]
        assert await state_of(platform, spoiled.transaction_id) == "dead"
        assert await journal_of(platform, spoiled.transaction_id) == ["DeliveryFailure"]
        assert '"waiting_messages_unreadable"' in platform.log.getvalue()
        assert "SealBroken" not in platform.log.getvalue()


@pytest.mark.requirement("FS-29")
async def test_an_unreadable_status_message_is_dead_and_nobody_is_told(serve: Serve, receive: Receive) -> None:
    async with serve() as platform:
        (spoiled,) = await send(platform)
        registration = await platform.client("2200000001")
        entry = {
            "transactionID": spoiled.transaction_id,
            "senderID": "2200000001",
            "sentTimestamp": "2026-03-21T19:05:00+00:00",
            "message": "RCP1061 - MPAN Invalid or Unknown",
            **dict.fromkeys(
                [
                    *("senderUniqueReference", "correlationID", "recipientID", "DIPConnectionProviderID"),
                    *("help", "serviceTicketURL"),
                ]
            ),
        }
        assert (await registration.call("POST", "/statusmessage", msgspec.json.encode([entry]))).status == 201
        await spoil(platform, SPOIL_STATUS, spoiled.transaction_id)
        await receive(platform, SUPPLIER, "statusmessage")

        async def states() -> list[str]:
            detail = await platform.dip.store.pages.message(spoiled.transaction_id)
            assert detail is not None
            return [str(one.state) for one in detail.status_messages]

        async def dead() -> bool:
            return await states() == ["dead"]

        await until(dead)
