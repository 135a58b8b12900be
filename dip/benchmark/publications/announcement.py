"""The message that announces a payload: IF-047 of the central sender (5.6)."""

from datetime import UTC, datetime
from typing import Final

from dip.benchmark.even import sample
from dip.benchmark.publications.payloads import Said
from dip.client import Message, fresh
from dip.messages.identifiers import DipId
from dip.messages.timestamps import wire_time

CHANNEL: Final = "IF-047"
SENDER: Final = DipId("2700000001")
_EVENT: Final = "[ISD]"
_ROLE: Final = "ISD"


def announcement(payload: Said, uri: str) -> Message:
    """A new message that names one payload by its address."""
    now = datetime.now(UTC)
    sender = sample("if-031-dsapp")["payload"]["CommonBlock"]["S1"]
    common = {
        "S0": {"interfaceID": CHANNEL, "schemaVersion": "011", "eventCode": _EVENT},
        "S1": sender | {"senderDIPID": SENDER, "senderRoleID": _ROLE},
    }
    publication = {
        "publicationDescription": payload.name,
        "publicationVersionID": payload.version,
        "publicationDate": wire_time(now),
    }
    variant = {
        "distributionVariantID": "1",
        "distributionVariantName": payload.name,
        "distributionVariantDescription": None,
        "distributionVariantVersionID": payload.version,
        "distributionVariantPublicationDate": wire_time(now),
        "distributionVariantFormat": None,
        "distributionDeliveryFormat": None,
        "distributionDeliveryURI": uri,
        "additionalInformation": None,
    }
    custom = {"P01": publication, "P02List": [variant]}
    return fresh({"payload": {"CommonBlock": common, "CustomBlock": custom}}, now)
