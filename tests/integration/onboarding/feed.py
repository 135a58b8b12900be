"""The central system: what it says of companies, and how it is told."""

from typing import Any

import msgspec

from tests.support.platform import Platform

ISD = "2700000001"
"""Central Settlements, which speaks for the central feed."""


def company(number: str, *participants: dict[str, Any], complete: bool = False) -> dict[str, Any]:
    """What is said of a company."""
    return {
        "companyNumber": number,
        "companyName": f"Company {number}",
        "complete": complete,
        "marketParticipants": list(participants),
    }


def market(mpid: str, *roles: str | dict[str, Any], **more: Any) -> dict[str, Any]:
    """What is said of a market participant."""
    stated = [{"DIPRoleCode": role} if isinstance(role, str) else role for role in roles]
    return {"MPID": mpid, "marketRoles": stated, **more}


async def tell(platform: Platform, said: Any, status: int = 201, caller: str = ISD) -> str:
    """POST /companyDetails; the help of the answer."""
    client = await platform.client(caller)
    answer = await client.call("POST", "/companyDetails", msgspec.json.encode(said))
    found = msgspec.json.decode(answer.body)
    assert answer.status == status, found
    (entry,) = found["messageArray"]
    assert entry["message"].startswith("MSG0000" if status == 201 else "MSG1"), entry
    return str(entry["help"])


async def look(platform: Platform, query: str, status: int = 200, caller: str = ISD) -> Any:
    """GET /companyDetails; its companies."""
    client = await platform.client(caller)
    answer = await client.call("GET", f"/companyDetails{query}")
    assert answer.status == status, answer.body
    return msgspec.json.decode(answer.body)


async def dip_id_of(platform: Platform, mpid: str) -> str:
    """The DIP id of a market participant."""
    (found,) = await look(platform, f"?MPID={mpid}")
    (one,) = found["marketParticipants"]
    return str(one["DIPID"])
