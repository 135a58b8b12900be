"""The workflow correlation id (5.5.5): created, copied, or none; by channel."""

import pytest

from tests.conftest import Serve
from tests.integration.intake.calls import REGISTRATION, SUPPLIER, Calls, Message, calls_to
from tests.support.platform import changed, sample

QUOTED = "CommonBlock.S1.senderCorrelationID"


def answer(calls: Calls, quoted: str | None) -> Message:
    """Registration's first answer to an IF-031: a channel that copies."""
    kind = {"interfaceID": "IF-032", "schemaVersion": "011", "eventCode": "[DSAppInitialResp]"}
    message = changed(changed(sample("if-031"), "CommonBlock.S0", kind), QUOTED, quoted)
    message = changed(message, "CommonBlock.S1.senderDIPID", REGISTRATION)
    message = changed(message, "CommonBlock.S1.senderRoleID", "REGS")
    address = {"primaryRecipients": [SUPPLIER], "secondaryRecipients": [], "always": []}
    return calls.closed(changed(message, "CommonBlock.A0", address), REGISTRATION)


@pytest.mark.requirement("FS-25")
async def test_an_id_is_created_then_copied_and_written_to_each_message(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        registration, supplier = await platform.listener(REGISTRATION), await platform.listener(SUPPLIER)
        created = (await calls.post(calls.good())).entries[0]["correlationID"]
        assert (await registration.next(5)).correlation_id == created
        for quoted in (created, f"R-{created}"):
            reply = await calls.post(answer(calls, quoted), path="/dip-channel/IF-032", sender=REGISTRATION)
            assert (reply.status, reply.entries[0]["correlationID"]) == (202, created), reply.help
            assert (await supplier.next(5)).correlation_id == created


@pytest.mark.requirement("FS-25")
async def test_a_channel_that_creates_keeps_an_id_that_the_dip_knows(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        created = (await calls.post(calls.good())).entries[0]["correlationID"]
        reply = await calls.post(changed(calls.good(), QUOTED, created))
        assert reply.entries[0]["correlationID"] == created
        fresh = (await calls.post(calls.good())).entries[0]["correlationID"]
        assert fresh != created


@pytest.mark.requirement("FS-25")
async def test_a_channel_that_copies_writes_null_where_none_is_quoted(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        supplier = await platform.listener(SUPPLIER)
        reply = await calls.post(answer(calls, None), path="/dip-channel/IF-032", sender=REGISTRATION)
        assert (reply.status, reply.entries[0]["correlationID"]) == (202, None)
        assert (await supplier.next(5)).common["D0"]["initialCorrelationID"] is None


@pytest.mark.requirement("FS-25")
async def test_a_channel_without_correlation_has_none_even_where_one_is_quoted(serve: Serve) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        created = (await calls.post(calls.good())).entries[0]["correlationID"]
        service = "1400000001"
        for quoted in (None, created):
            message = changed(calls.good("if-021", service), QUOTED, quoted)
            reply = await calls.post(message, path="/dip-channel/IF-021", sender=service)
            assert (reply.status, reply.entries[0]["correlationID"]) == (202, None), reply.help


@pytest.mark.parametrize("quoted", ["CI-20220401-1234567890123ABCE123092", "R-CI-20220401-1234567890123ABCE123092"])
@pytest.mark.requirement("FS-25")
async def test_an_id_that_the_dip_never_issued_is_refused(serve: Serve, quoted: str) -> None:
    async with serve() as platform, calls_to(platform) as calls:
        reply = await calls.post(answer(calls, quoted), path="/dip-channel/IF-032", sender=REGISTRATION)
        assert (reply.status, reply.code) == (400, "MSG1012")
        assert "/0/payload/CommonBlock/S1/senderCorrelationID" in reply.help
