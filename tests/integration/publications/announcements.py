"""Payloads as uploads leave them behind, and the messages that announce them."""

import hashlib
from typing import Any

from dip.client import SendResult, fresh
from dip.ground.clock import Clock
from dip.messages.identifiers import DipId, InterfaceId
from dip.store.publication_records import NewPayload, Payload
from tests.support.platform import Platform

PUBLISHER = DipId("2700000001")
READERS = (DipId("1200000001"), DipId("1600000001"))
CONTENT = b"mpan,role\n2000056535971,SUP\n"
CUSTOM = "CustomBlock"


async def uploaded(
    platform: Platform, *, version: str = "1.1.1", sender: str = PUBLISHER, is_whole: bool = True
) -> Payload:
    """A payload as an upload leaves it behind."""
    store, now = platform.dip.store.publications, platform.dip.clock.now()
    new = NewPayload(
        upload=f"token-{version}",
        channel=InterfaceId("IF-047"),
        name="isd.csv",
        version=version,
        sender=DipId(sender),
        media_type="text/csv",
        compression=None,
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).digest(),
    )
    payload, _ = await store.begin(new, now)
    if is_whole:
        (platform.dip.directory / "publications" / str(payload.id)).write_bytes(CONTENT)
        await store.complete(payload.id, None, now)
    found = store.payload("IF-047", "isd.csv", version)
    assert found is not None
    return found


def uri_of(platform: Platform, version: str = "1.1.1", name: str = "isd.csv", channel: str = "IF-047") -> str:
    return f"{platform.dip.portal_url}/publications/{channel}/{name}/{version}"


def announcement(*uris: str, version: str = "1.1.1", information: str | None = None) -> dict[str, Any]:
    variant = {
        "distributionVariantID": "1",
        "distributionVariantName": "ISD for suppliers",
        "distributionVariantDescription": None,
        "distributionVariantVersionID": version,
        "distributionVariantPublicationDate": "2026-03-01T00:00:00+00:00",
        "distributionVariantFormat": "CSV",
        "distributionDeliveryFormat": None,
        "additionalInformation": information,
    }
    message = {
        "payload": {
            "CommonBlock": {
                "S0": {"interfaceID": "IF-047", "schemaVersion": "011", "eventCode": "[ISD]"},
                "S1": {
                    "environmentTag": "DEV",
                    "senderDIPID": PUBLISHER,
                    "senderRoleID": "ISD",
                    "DIPConnectionProviderID": None,
                    "senderUniqueReference": "to be replaced",
                    "senderCorrelationID": None,
                    "senderTimestamp": "2026-03-01T00:00:00+00:00",
                    "subText": None,
                },
            },
            CUSTOM: {
                "P01": {
                    "publicationDescription": "ISD",
                    "publicationVersionID": "7",
                    "publicationDate": "2026-03-01T00:00:00+00:00",
                },
                "P02List": [{**variant, "distributionDeliveryURI": uri} for uri in uris],
            },
        }
    }
    return fresh(message, Clock().wall())


async def announce(platform: Platform, message: dict[str, Any]) -> SendResult:
    return await (await platform.client(PUBLISHER)).send("IF-047", [message])
