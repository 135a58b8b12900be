"""A request about a past period goes to whoever held the role on any of its days (5.5.14)."""

import pytest

from tests.conftest import Serve
from tests.integration.routing.traffic import appoint, appointment, made_up, queued_for

MPAN = "2000056535979"
DAY = 86_400
JANUARY = 1_767_225_600
"""1 January 2026 UTC."""
FIRST, BETWEEN, LAST = "1400000001", "1400000002", "1100000001"


@pytest.mark.requirement("FS-35")
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-01-05", "2026-01-25", [LAST, FIRST, BETWEEN]),
        ("2026-01-25", "2026-01-05", [LAST, FIRST, BETWEEN]),
        ("2026-01-12", "2026-01-13", [BETWEEN]),
        ("2026-01-10", "2026-01-10", [FIRST, BETWEEN]),
    ],
)
async def test_every_data_service_of_the_period_gets_the_request(
    serve: Serve, start: str, end: str, expected: list[str]
) -> None:
    async with serve(profile="live") as platform:
        noon = DAY // 2
        first, second = JANUARY + 9 * DAY + noon, JANUARY + 19 * DAY
        await appoint(
            platform,
            MPAN,
            appointment("SDS", FIRST, 0, first),
            appointment("SDS", BETWEEN, first, second),
            appointment("ADS", LAST, second),
        )
        message = made_up(platform, "IF-027", "[ConsumptionAmendment]", "2300000001", "SUP")
        message["payload"]["CommonBlock"]["M0"]["MPANCore"] = MPAN
        (request,) = message["payload"]["CustomBlock"]["B902List"][0]["supplierConsumptionAmendmentRequests"]
        request["consumptionAmendmentPeriodStartDate"] = f"{start}T00:00:00+00:00"
        request["consumptionAmendmentPeriodEndDate"] = f"{end}T00:00:00+00:00"
        client = await platform.client("2300000001")
        result = await client.send("IF-027", [message])
        assert result.all_accepted, result
        assert await queued_for(platform, result.accepted[0].transaction_id) == expected
