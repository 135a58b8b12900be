"""The main job: a signed, encrypted message comes in and goes out, routed, re-encrypted, signed."""

import pytest

from tests.conftest import Serve
from tests.support.platform import sample


@pytest.mark.requirement("FS-05", "FS-07", "FS-08", "FS-24", "FS-25", "FS-34")
async def test_an_appointment_request_reaches_the_registration_service_of_its_mpan(serve: Serve) -> None:
    async with serve() as platform:
        registration = await platform.listener("2200000001")
        supplier = await platform.client("2300000001")
        result = await supplier.send("IF-031", [sample("if-031")])
        assert result.status == 202
        ((reference, transaction_id, correlation_id),) = result.accepted
        received = await registration.next(5)
        assert received.encrypted
        assert received.transaction_id == transaction_id
        assert received.correlation_id == correlation_id
        assert received.common["S1"]["senderUniqueReference"] == reference
        assert received.common["A0"]["secondaryRecipients"] == ["2200000001"]
