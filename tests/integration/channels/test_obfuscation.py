"""A recipient's view: items taken out, or replaced by the value that says nothing, as the catalogue has it."""

from pathlib import Path

import pytest

from dip.client import fresh
from dip.ground.clock import Clock
from tests.conftest import Serve
from tests.integration.channels.changed_catalogue import copied_catalogue
from tests.integration.routing.traffic import consumption
from tests.support.platform import sample

HIDDEN = """\
obfuscation:
  REGS:
    - CustomBlock.B071.contractReferenceDataService
    - CustomBlock.B071.supplierProposedConsentGranularity=x
"""
CONSUMPTION = """\
obfuscation:
  LDSO: ['CustomBlock.B900.settlementDayConsumptionPeriods[*].consumptionPeriods[*].e']
"""
SUPPLIER, REGISTRATION, DATA_SERVICE, NETWORK, SETTLEMENT = (
    *("2300000001", "2200000001", "1400000001", "2500000002"),
    "1800000001",
)


@pytest.mark.requirement("FS-26", "FS-06")
@pytest.mark.parametrize("profile", ["spec", "live"])
async def test_an_appointment_request_reaches_registration_without_two_values(
    serve: Serve, tmp_path: Path, profile: str
) -> None:
    catalogue = copied_catalogue(tmp_path / "channels", IF_031=HIDDEN)
    async with serve(channels=catalogue, profile=profile) as platform:
        listener = await platform.listener(REGISTRATION, "IF-031")
        message = sample("if-031")
        assert (await (await platform.client(SUPPLIER)).send("IF-031", [message])).all_accepted
        received = await listener.next(10)
        whole = message["payload"]["CustomBlock"]["B071"]
        assert received.custom["B071"] == {
            **{key: value for key, value in whole.items() if key != "contractReferenceDataService"},
            "supplierProposedConsentGranularity": "x",
        }
        assert received.custom["B013"] == message["payload"]["CustomBlock"]["B013"]


@pytest.mark.requirement("FS-26")
async def test_consumption_loses_an_item_of_every_period_for_one_role_alone(serve: Serve, tmp_path: Path) -> None:
    catalogue = copied_catalogue(tmp_path / "channels", IF_021=CONSUMPTION)
    async with serve(channels=catalogue) as platform:
        network, settlement = [await platform.listener(one, "IF-021") for one in (NETWORK, SETTLEMENT)]
        message = fresh(consumption("2026-01-05"), Clock().wall())
        assert (await (await platform.client(DATA_SERVICE)).send("IF-021", [message])).all_accepted
        for listener, kept in ((network, False), (settlement, True)):
            received = await listener.next(10)
            (day,) = received.custom["B900"]["settlementDayConsumptionPeriods"]
            assert {"e" in period for period in day["consumptionPeriods"]} == {kept}
