"""What registration knows of the invented site of the demo: blocks B022 to B026."""

from typing import Any

ADDRESS = ("Flat 1", "The Old Mill", "12", "Weir Lane", None, None, "Exampleton", None, None)
POSTCODE = "ZZ99 9ZZ"


def site_blocks(*, since: str) -> dict[str, dict[str, Any]]:
    """Address, connection, tariff, energisation and market segment of the site, all in effect `since`."""
    address = {f"addressLine{number}": line for number, line in enumerate(ADDRESS, start=1)}
    return {
        "B022": {"meteringPointPostcode": POSTCODE} | address,
        "B023": {
            "connectionTypeIndicator": "W",
            "connectionTypeEffectiveFromDate": since,
            "energyDirection": "I",
            "meteredIndicator": True,
        },
        "B024": {"DUOSTariffID": "999", "DUOSTariffIDEffectiveFromDate": since},
        "B025": {"energisationStatus": "E", "energisationStatusEffectiveFromDate": since},
        "B026": {"marketSegmentIndicator": "S", "marketSegmentIndicatorEffectiveFromDate": since},
    }
