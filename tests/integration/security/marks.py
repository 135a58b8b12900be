"""Values that occur nowhere else: MPANs with valid check digits, a name, addresses, telephone numbers, free texts."""

from typing import Any, Final

import msgspec

from dip.channels.registry import load
from dip.client import fresh
from dip.ground.assets import asset
from dip.ground.clock import Clock
from dip.http.description.schemas import example_of

_WEIGHTS: Final = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def mpan(core: str) -> str:
    """An MPAN: twelve digits and their check digit."""
    total = sum(int(digit) * weight for digit, weight in zip(core, _WEIGHTS, strict=True))
    return f"{core}{total % 11 % 10}"


HELD: Final = mpan("171948362507")
"""Appointed: messages about it reach somebody."""
UNHELD: Final = mpan("182615940378")
"""Without appointments."""
LINKED: Final = mpan("195037264818")
"""Within custom blocks."""
ASKED: Final = mpan("208159637426")
"""Only ever looked for."""
SAID: Final = mpan("216483059175")
"""Only ever in what recipients answer."""
MPANS: Final = (HELD, UNHELD, LINKED, ASKED, SAID)

NAME: Final = "Žofie Quillmarková-7319"
HOUSE: Final = "19a Zqxbury Wvlane"
TOWN: Final = "Kvetnice-under-Zqxhill"
POSTCODE: Final = "ZX7 9QV"
METER: Final = "QZ8401735"
TELEPHONE: Final = "+44 7700 918273"
MAIL: Final = "zofie.zqx7319@wvmail.example"
FREE: Final = "the key hangs behind the zqx gate 7319"
SENDER_SAID: Final = "subtext-zqx-4471"
HELP: Final = "recipient says zqx-help-8812"
TICKET: Final = "https://tickets.example/zqx-5566"
FAILED: Final = "stack of the recipient zqx-500-3391"
QUERY: Final = "zqx-query-6604"
LOGGED_IN: Final = "zqx-user-1290"
SECRET: Final = "zqx-password-7745"
GARBAGE: Final = "zqx-no-http-2093"
TEXTS: Final = (
    *(NAME, HOUSE, TOWN, POSTCODE, METER, TELEPHONE, MAIL, FREE, SENDER_SAID),
    *(HELP, TICKET, FAILED, QUERY, LOGGED_IN, SECRET, GARBAGE),
)
MARKS: Final = (*MPANS, *TEXTS)

REGISTRATION: Final = "2200000001"
SUPPLIER: Final = "2300000001"
CHANNEL: Final = "IF-018"


def address_change(about: str) -> dict[str, Any]:
    """An IF-018 [AddressChg] of the registration service, marked wherever its format takes a text."""
    registry = load(asset("channels"), specification_items=False)
    channel = registry.find(CHANNEL)
    assert channel is not None
    made: dict[str, Any] = example_of(next(event for code, event in channel.events.items() if "Address" in code))
    common = made["payload"]["CommonBlock"]
    del common["D0"]
    common["A0"] = {"primaryRecipients": [None], "secondaryRecipients": [None], "always": [None]}
    common["S1"] |= {
        "senderDIPID": REGISTRATION,
        "senderRoleID": "REGS",
        "senderCorrelationID": None,
        "DIPConnectionProviderID": None,
        "subText": SENDER_SAID,
        "senderUniqueReference": f"S-{CHANNEL}-{REGISTRATION}-REGS-20260321-1",
    }
    common["M0"] |= {"MPANCore": about, "distributorDIPID": "2500000001"}
    block = made["payload"]["CustomBlock"]
    block["B013"] = {"CSSRegistrationID": LINKED}
    lines = (NAME, HOUSE, TOWN, TELEPHONE, MAIL, FREE, METER)
    block["B022"] |= {f"addressLine{number}": line for number, line in enumerate(lines, 1)}
    block["B022"]["meteringPointPostcode"] = POSTCODE
    return fresh(made, Clock().wall())


def faulty(good: dict[str, Any]) -> list[Any]:
    """Messages that are refused, each with marks where something else belongs."""

    def spoiled(*path: str, value: Any) -> dict[str, Any]:
        made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(good))
        holder = made["payload"]
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value
        return made

    return [
        spoiled("CommonBlock", "M0", "MPANCore", value=f"{UNHELD}x"),
        spoiled("CommonBlock", "M0", "MPANCore", value=int(UNHELD)),
        spoiled("CommonBlock", "M0", "GSPGroupID", value=HOUSE),
        spoiled("CommonBlock", "S1", "senderTimestamp", value=NAME),
        spoiled("CommonBlock", "S1", "senderDIPID", value=TELEPHONE),
        spoiled("CommonBlock", "S1", "senderRoleID", value=FREE),
        spoiled("CommonBlock", "S1", "environmentTag", value=TOWN),
        spoiled("CommonBlock", "S1", "senderUniqueReference", value=None),
        spoiled("CommonBlock", "S0", "eventCode", value=FREE),
        spoiled("CommonBlock", "A0", "primaryRecipients", value=[UNHELD]),
        spoiled("CommonBlock", FREE, value=NAME),
        spoiled("CustomBlock", value={FREE: {NAME: UNHELD}}),
        spoiled("CustomBlock", value=FREE),
        spoiled("CustomBlock", "B022", "meteringPointPostcode", value=NAME),
        spoiled("CustomBlock", "B022", "addressLine1", value=[HOUSE]),
        spoiled("CustomBlock", "B022", "addressLine2", value=TOWN * 20),
        spoiled("CustomBlock", "B022", UNHELD, value=1),
        {FREE: UNHELD},
        FREE,
    ]
